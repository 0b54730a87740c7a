// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/command.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "vocab/ascii.h"
#include "vocab/ip_address.h"

namespace postseal::smtpd {
namespace {

constexpr std::pair<std::string_view, Verb> kVerbs[] = {
    {"ehlo", Verb::Ehlo},
    {"helo", Verb::Helo},
    {"mail", Verb::Mail},
    {"rcpt", Verb::Rcpt},
    {"data", Verb::Data},
    {"bdat", Verb::Bdat},
    {"rset", Verb::Rset},
    {"noop", Verb::Noop},
    {"vrfy", Verb::Vrfy},
    {"expn", Verb::Expn},
    {"help", Verb::Help},
    {"quit", Verb::Quit},
    {"starttls", Verb::StartTls},
    {"auth", Verb::Auth},
    {"xclient", Verb::Xclient},
    // RFC 9110 §9.1, RFC 9113 §3.4
    {"get", Verb::Http},
    {"post", Verb::Http},
    {"head", Verb::Http},
    {"put", Verb::Http},
    {"options", Verb::Http},
    {"delete", Verb::Http},
    {"connect", Verb::Http},
    {"patch", Verb::Http},
    {"trace", Verb::Http},
    {"pri", Verb::Http},
};

/// RFC 5321 §4.1.2 sub-domain. The underscore is not in it, but in the names of many machines that send mail.
bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_letter_digit(c) || c == '-' || c == '_'; });
}

bool is_address_literal(std::string_view text) {
  if (!text.ends_with(']')) return false;
  std::string_view inside = text.substr(1, text.size() - 2);
  bool tagged = inside.size() > 5 && equals_ignoring_case(inside.substr(0, 5), "ipv6:");
  auto address = IpAddress::parse(tagged ? inside.substr(5) : inside);
  return address && address->is_v4() != tagged;
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Command parse_command(std::string_view line) {
  std::size_t end = std::min(line.find(' '), line.size());
  std::string_view word = line.substr(0, end);
  for (const auto& [name, verb] : kVerbs) {
    if (equals_ignoring_case(word, name)) return {.verb = verb, .argument = trim(line.substr(end))};
  }
  return {};
}

bool looks_like_bdat(std::string_view line) {
  line = trim(line);
  return equals_ignoring_case(line.substr(0, 4), "bdat") && (line.size() == 4 || !is_letter(line[4]));
}

bool is_hello_name(std::string_view text) {
  // RFC 5321 §4.5.3.1.2: a domain has 255 octets.
  if (text.empty() || text.size() > 255) return false;
  if (text.starts_with('[')) return is_address_literal(text);
  for (;;) {
    std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  if (digits.empty() || digits.size() > 20) return std::nullopt;
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<Chunk> parse_chunk(std::string_view argument) {
  std::size_t end = std::min(argument.find(' '), argument.size());
  auto size = parse_number(argument.substr(0, end));
  std::string_view word = trim(argument.substr(end));
  if (!size || !(word.empty() || equals_ignoring_case(word, "LAST"))) return std::nullopt;
  return Chunk{.size = *size, .last = !word.empty()};
}

}  // namespace postseal::smtpd
