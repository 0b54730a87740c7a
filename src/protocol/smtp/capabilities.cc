// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/capabilities.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace postseal::smtp {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

/// Takes the next word off the front; empty at the end.
std::string_view take_word(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

template <class Number>
std::optional<Number> number(std::string_view digits) {
  Number value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

void parse_size(std::string_view parameters, Capabilities& offered) {
  offered.size_offered = true;
  // RFC 1870 §4: no number, or zero, says that there is no fixed limit. Neither does a number we cannot read.
  auto limit = number<std::uint64_t>(take_word(parameters));
  if (limit && *limit > 0) offered.size = limit;
}

void parse_limits(std::string_view parameters, Capabilities& offered) {
  for (std::string_view word = take_word(parameters); !word.empty(); word = take_word(parameters)) {
    std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view value = word.substr(equals + 1);
    // RFC 9422 §4: one to six digits, the first not 0. A client ignores limits that it does not know or cannot read.
    auto limit = number<std::uint32_t>(value);
    if (!limit || value.size() > 6 || value.front() == '0') continue;
    std::string name = upper(word.substr(0, equals));
    if (name == "MAILMAX") offered.mail_max = limit;
    if (name == "RCPTMAX") offered.rcpt_max = limit;
    if (name == "RCPTDOMAINMAX") offered.rcpt_domain_max = limit;
  }
}

}  // namespace

Capabilities parse_capabilities(const Reply& ehlo_reply) {
  Capabilities offered;
  offered.ehlo = true;
  // RFC 5321 §4.1.1.1: the first line is the server's name and greeting; a keyword there is somebody's name.
  for (std::size_t i = 1; i < ehlo_reply.lines.size(); ++i) {
    std::string_view rest = ehlo_reply.lines[i];
    std::string keyword = upper(take_word(rest));
    if (keyword == "STARTTLS") offered.starttls = true;
    if (keyword == "PIPELINING") offered.pipelining = true;
    if (keyword == "8BITMIME") offered.eight_bit_mime = true;
    if (keyword == "SMTPUTF8") offered.smtputf8 = true;
    if (keyword == "DSN") offered.dsn = true;
    if (keyword == "ENHANCEDSTATUSCODES") offered.enhanced_status_codes = true;
    if (keyword == "CHUNKING") offered.chunking = true;
    if (keyword == "REQUIRETLS") offered.requiretls = true;
    if (keyword == "SIZE") parse_size(rest, offered);
    if (keyword == "LIMITS") parse_limits(rest, offered);
  }
  return offered;
}

}  // namespace postseal::smtp
