// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/parameters.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "protocol/smtp/printable.h"
#include "protocol/smtpd/command.h"
#include "protocol/smtpd/replies.h"
#include "protocol/smtpd/xtext.h"
#include "vocab/ascii.h"
#include "vocab/mailbox.h"

namespace postseal::smtpd {
namespace {

/// What is wrong with a parameter; nullopt: nothing.
using Refusal = std::optional<std::string_view>;

struct Parameter {
  std::string keyword;                    ///< capitals
  std::optional<std::string_view> value;  ///< behind "="
};

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return result;
}

bool is_keyword(std::string_view text) {
  auto letter_digit = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.front() != '-' &&
         std::ranges::all_of(text, [&](char c) { return letter_digit(c) || c == '-'; });
}

/// RFC 5321 §4.1.2 esmtp-value; RFC 6531 §3.3 adds characters outside ASCII.
bool is_value(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != '=' && c != 0x7f;
  });
}

/// Calls take(parameter) for each; the first refusal is the result.
template <class Take>
Refusal each_parameter(std::string_view text, Take take) {
  std::array<std::string, 12> seen;  // more than there are different ones
  std::size_t count = 0;
  while (!(text = trim(text)).empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    std::size_t equals = word.find('=');
    Parameter parameter{.keyword = upper(word.substr(0, equals)), .value = {}};
    if (!is_keyword(parameter.keyword)) return reply::kBadParameter;
    if (equals != std::string_view::npos) {
      parameter.value = word.substr(equals + 1);
      if (!is_value(*parameter.value)) return reply::kBadParameter;
    }
    // RFC 5321 §4.1.1.11 has each parameter once; which of two counts would be anybody's guess.
    if (std::find(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(count), parameter.keyword) !=
        seen.begin() + static_cast<std::ptrdiff_t>(count)) {
      return reply::kTwice;
    }
    if (count == seen.size()) return reply::kUnknownParameter;
    if (Refusal refusal = take(parameter)) return refusal;
    seen[count++] = std::move(parameter.keyword);
  }
  return std::nullopt;
}

/// RFC 3461 §4.2, §4.4 MUST (A21): what the xtext stands for is printable, because it is going to be a header line.
bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

Refusal take_size(const Parameter& parameter, const ParameterRules& rules, Parameters& result) {
  // RFC 1870 §3: up to 20 digits; not all of these fit, and what does not is well-formed and very large.
  std::string_view digits = parameter.value.value_or("");
  result.size = parse_number(digits);
  if (!result.size && digits.size() == 20 && std::ranges::all_of(digits, is_digit)) {
    result.size = std::numeric_limits<std::uint64_t>::max();
  }
  if (!result.size) return reply::kBadParameter;
  // RFC 1870 §6.1 MAY (A23): refused before it travels. Who says less than he sends is counted as it comes.
  if (rules.message_size > 0 && *result.size > rules.message_size) return reply::kTooLarge;
  return std::nullopt;
}

Refusal take_body(const Parameter& parameter, Parameters& result) {
  // RFC 6152 §3: two values. BINARYMIME (RFC 3030 §3) is not offered.
  std::string value = upper(parameter.value.value_or(""));
  result.eight_bit_mime = value == "8BITMIME";
  if (value != "7BIT" && value != "8BITMIME") return reply::kBadParameter;
  return std::nullopt;
}

Refusal take_ret(const Parameter& parameter, Parameters& result) {
  result.ret = upper(parameter.value.value_or(""));
  // RFC 3461 §4.3
  if (result.ret != "FULL" && result.ret != "HDRS") return reply::kBadParameter;
  return std::nullopt;
}

Refusal take_envelope_id(const Parameter& parameter, Parameters& result) {
  std::string_view value = parameter.value.value_or("");
  auto decoded = decode_xtext(value);
  // RFC 3461 §4.4 MUST: 100 octets of xtext at most.
  if (value.empty() || value.size() > 100 || !decoded || !is_printable(*decoded)) return reply::kBadParameter;
  result.envelope_id = value;
  return std::nullopt;
}

Refusal take_auth(const Parameter& parameter, const ParameterRules& rules, Parameters& result) {
  auto decoded = decode_xtext(parameter.value.value_or(""));
  // RFC 4954 §5: "<>" or a mailbox, as xtext. It may have 500 octets.
  if (!decoded || decoded->empty() || decoded->size() > 500) return reply::kBadParameter;
  if (*decoded == "<>") return std::nullopt;
  if (!Mailbox::parse(*decoded)) return reply::kBadParameter;
  // RFC 4954 §5 MUST: what a client says who is not trusted is as if it had said <>.
  if (rules.trusted) result.auth = std::move(*decoded);
  return std::nullopt;
}

Refusal take_mail(const Parameter& parameter, const ParameterRules& rules, Parameters& result) {
  if (parameter.keyword == "SIZE") return take_size(parameter, rules, result);
  if (parameter.keyword == "BODY") return take_body(parameter, result);
  if (parameter.keyword == "RET") return take_ret(parameter, result);
  if (parameter.keyword == "ENVID") return take_envelope_id(parameter, result);
  if (parameter.keyword == "AUTH" && rules.auth) return take_auth(parameter, rules, result);
  if (parameter.keyword == "SMTPUTF8") {
    // RFC 6531 §3.4: no value.
    if (parameter.value) return reply::kBadParameter;
    result.smtputf8 = true;
    return std::nullopt;
  }
  // RFC 8689 §2: no value, and only where it was offered, which is inside TLS.
  if (parameter.keyword == "REQUIRETLS" && rules.requiretls) {
    if (parameter.value) return reply::kBadParameter;
    result.requiretls = true;
    return std::nullopt;
  }
  // RFC 5321 §4.1.1.11 MUST: 555 for what is not known.
  return reply::kUnknownParameter;
}

/// RFC 3461 §4.1: NEVER alone, or a list of the others.
bool is_notify(std::string_view value) {
  if (value == "NEVER") return true;
  constexpr std::array<std::string_view, 3> kWords = {"SUCCESS", "FAILURE", "DELAY"};
  std::array<bool, 3> said{};
  for (;;) {
    std::size_t comma = value.find(',');
    auto word = std::ranges::find(kWords, value.substr(0, comma));
    if (word == kWords.end() || std::exchange(said[static_cast<std::size_t>(word - kWords.begin())], true))
      return false;
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

/// RFC 3461 §4.2: address type, semicolon, xtext. RFC 6533 §3 adds the type "utf-8", whose characters may stand there
/// as they are in an SMTPUTF8 transaction.
bool is_original(std::string_view value, bool smtputf8) {
  if (value.size() > 500) return false;
  std::size_t semicolon = value.find(';');
  std::string_view type = value.substr(0, semicolon);
  if (semicolon == std::string_view::npos || !is_keyword(upper(type))) return false;
  std::string_view address = value.substr(semicolon + 1);
  if (address.empty()) return false;
  auto decoded = decode_xtext(address);
  if (decoded) return is_printable(*decoded);
  // RFC 6533 §3: UTF-8, and nothing that could end a line (A21).
  return equals_ignoring_case(type, "utf-8") && (smtputf8 || is_ascii(address)) && smtp::printable(address) == address;
}

}  // namespace

std::expected<Parameters, std::string_view> parse_mail_parameters(std::string_view text, const ParameterRules& rules) {
  Parameters result;
  Refusal refusal = each_parameter(text, [&](const Parameter& each) { return take_mail(each, rules, result); });
  if (refusal) return std::unexpected(*refusal);
  return result;
}

std::expected<RecipientParameters, std::string_view> parse_recipient_parameters(std::string_view text, bool smtputf8) {
  RecipientParameters result;
  Refusal refusal = each_parameter(text, [&](const Parameter& each) -> Refusal {
    if (each.keyword == "NOTIFY") {
      result.notify = upper(each.value.value_or(""));
      return is_notify(result.notify) ? Refusal{} : reply::kBadParameter;
    }
    if (each.keyword == "ORCPT") {
      result.original = each.value.value_or("");
      return is_original(result.original, smtputf8) ? Refusal{} : reply::kBadParameter;
    }
    return reply::kUnknownParameter;
  });
  if (refusal) return std::unexpected(*refusal);
  return result;
}

}  // namespace postseal::smtpd
