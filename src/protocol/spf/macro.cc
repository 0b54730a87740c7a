// SPDX-License-Identifier: Apache-2.0
#include "protocol/spf/macro.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <span>

#include "protocol/spf/characters.h"
#include "vocab/ascii.h"

namespace postseal::spf {
namespace {

using Error = std::unexpected<std::string>;

/// RFC 7208 §7.3 MUST support 127 parts; nothing that DNS or SMTP lets through has more than this.
constexpr std::size_t kManyParts = 100000;

struct Parser {
  std::string_view rest;
  MacroPlace place;
  MacroString result;
  std::string_view tail = {};      ///< what stands behind the last %
  bool ends_with_percent = false;  ///< nothing does

  std::expected<void, std::string> parse() {
    while (!rest.empty()) {
      const std::size_t percent = rest.find('%');
      const std::string_view literal = rest.substr(0, percent);
      tail = literal;
      ends_with_percent = percent != rest.npos;
      for (const char c : literal) {
        // RFC 7208 §7.1: visible ASCII characters; blanks only in an explanation.
        if (!is_visible(c) && !(place == MacroPlace::Explanation && c == ' ')) {
          return Error(fmt::format("the octet 0x{:02x} is none that a record may have", static_cast<unsigned char>(c)));
        }
      }
      append(literal);
      if (percent == rest.npos) return {};
      rest.remove_prefix(percent + 1);
      if (auto good = parse_behind_percent(); !good) return good;
    }
    return {};
  }

  void append(std::string_view literal) {
    if (literal.empty()) return;
    if (!result.pieces.empty() && std::holds_alternative<std::string>(result.pieces.back())) {
      std::get<std::string>(result.pieces.back()) += literal;
    } else {
      result.pieces.emplace_back(std::string(literal));
    }
  }

  std::expected<void, std::string> parse_behind_percent() {
    const char next = rest.empty() ? '\0' : rest.front();
    if (!rest.empty()) rest.remove_prefix(1);
    // RFC 7208 §7.1: %% is a percent sign, %_ a blank, %- a blank as URLs write it.
    if (next == '%') return append("%"), std::expected<void, std::string>{};
    if (next == '_') return append(" "), std::expected<void, std::string>{};
    if (next == '-') return append("%20"), std::expected<void, std::string>{};
    // RFC 7208 §7.1: any other character there is a syntax error.
    if (next != '{') return Error("a % is followed by none of {, %, _ and -");
    const std::size_t end = rest.find('}');
    if (end == rest.npos) return Error("a macro has no closing brace");
    auto macro = parse_macro(rest.substr(0, end));
    if (!macro) return Error(std::move(macro.error()));
    result.pieces.emplace_back(std::move(*macro));
    rest.remove_prefix(end + 1);
    return {};
  }

  std::expected<Macro, std::string> parse_macro(std::string_view inside) const {
    const std::string shown = printable("%{" + std::string(inside.substr(0, 20)) + "}");
    Macro macro;
    macro.letter = inside.empty() ? '\0' : ascii_lower(inside.front());
    if (!std::string_view("slodiphcrtv").contains(macro.letter) || macro.letter == '\0') {
      return Error(shown + " is no macro");
    }
    // RFC 7208 §7.2: c, r and t are for explanations alone.
    if (place == MacroPlace::Target && std::string_view("crt").contains(macro.letter)) {
      return Error(shown + " has a meaning only in the text of an explanation");
    }
    // RFC 7208 §7.3: an upper-case letter asks for the value with URL escapes.
    macro.url_escaped = inside.front() != macro.letter;
    inside.remove_prefix(1);
    bool digits = false;
    while (!inside.empty() && is_digit(inside.front())) {
      macro.keep = std::min(macro.keep * 10 + static_cast<std::size_t>(inside.front() - '0'), kManyParts);
      digits = true;
      inside.remove_prefix(1);
    }
    // RFC 7208 §7.3 MUST: a number of parts is not zero.
    if (digits && macro.keep == 0) return Error(shown + " keeps no part");
    if (!inside.empty() && ascii_lower(inside.front()) == 'r') {
      macro.reversed = true;
      inside.remove_prefix(1);
    }
    if (inside.find_first_not_of(".-+,/_=") != inside.npos) {
      return Error(shown + " has something in it that is no transformer and no delimiter");
    }
    if (!inside.empty()) macro.delimiters = inside;
    return macro;
  }
};

/// RFC 7208 §7.1: letters, digits, hyphens inside; not digits alone.
bool is_toplabel(std::string_view label) {
  return !label.empty() && is_letter_digit(label.front()) && is_letter_digit(label.back()) &&
         std::ranges::all_of(label, [](char c) { return is_letter_digit(c) || c == '-'; }) &&
         !std::ranges::all_of(label, is_digit);
}

std::string value_of(char letter, const MacroValues& values) {
  // RFC 7208 §7.2.
  switch (letter) {
    case 's':
      return values.sender_local + "@" + values.sender_domain;
    case 'l':
      return values.sender_local;
    case 'o':
      return values.sender_domain;
    case 'd':
      return values.domain;
    case 'i':
      return dotted(values.ip);
    case 'p':
      return values.validated;
    case 'v':
      return values.ip.is_v4() ? "in-addr" : "ip6";
    case 'h':
      return values.helo;
    case 'c':
      return values.ip.to_string();
    case 'r':
      return values.receiver;
    case 't':
      return std::to_string(values.now.time_since_epoch().count());
    default:
      return {};
  }
}

/// RFC 7208 §7.3 MUST: everything that is not unreserved in RFC 3986 is escaped.
std::string url_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (is_letter_digit(c) || std::string_view("-._~").contains(c)) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

std::string expand_macro(const Macro& macro, const MacroValues& values) {
  std::string value = value_of(macro.letter, values);
  // RFC 7208 §7.3: split at the delimiters, reverse, keep parts on the right, join with dots.
  std::vector<std::string_view> parts;
  std::string_view rest = value;
  for (;;) {
    const std::size_t at = rest.find_first_of(macro.delimiters);
    parts.push_back(rest.substr(0, at));
    if (at == rest.npos) break;
    rest.remove_prefix(at + 1);
  }
  if (macro.reversed) std::ranges::reverse(parts);
  const std::size_t kept = macro.keep == 0 ? parts.size() : std::min(macro.keep, parts.size());
  const auto chosen = std::span(parts).last(kept);
  std::string joined(chosen.front());
  for (const auto part : chosen.subspan(1)) joined.append(".").append(part);
  return macro.url_escaped ? url_escape(joined) : joined;
}

}  // namespace

bool MacroString::uses(std::string_view letters) const {
  return std::ranges::any_of(pieces, [&](const auto& piece) {
    const auto* macro = std::get_if<Macro>(&piece);
    return macro != nullptr && letters.contains(macro->letter);
  });
}

std::expected<MacroString, std::string> parse_macro_string(std::string_view text, MacroPlace place) {
  Parser parser{text, place, {}};
  if (auto good = parser.parse(); !good) return Error(std::move(good.error()));
  return std::move(parser.result);
}

std::expected<MacroString, std::string> parse_domain_spec(std::string_view text) {
  if (text.empty()) return Error("a domain is missing");
  Parser parser{text, MacroPlace::Target, {}};
  if (auto good = parser.parse(); !good) return Error(std::move(good.error()));
  // RFC 7208 §7.1: a domain ends with a macro, or with a dot and a top label (and perhaps a dot again).
  if (parser.ends_with_percent) return std::move(parser.result);
  std::string_view tail = parser.tail;
  if (tail.ends_with('.')) tail.remove_suffix(1);
  const std::size_t dot = tail.rfind('.');
  if (dot == tail.npos || !is_toplabel(tail.substr(dot + 1))) {
    return Error(printable(text.substr(0, 80)) + " does not end as a domain does");
  }
  return std::move(parser.result);
}

std::string expand(const MacroString& text, const MacroValues& values, std::size_t limit, Keep keep) {
  std::string result;
  const auto expanded = [&](const std::variant<std::string, Macro>& piece) {
    const auto* literal = std::get_if<std::string>(&piece);
    return literal != nullptr ? *literal : expand_macro(std::get<Macro>(piece), values);
  };
  // A26: a record of 64 KiB has room for thousands of macros. From the end that counts, and no further than needed.
  if (keep == Keep::Front) {
    for (auto piece = text.pieces.begin(); piece != text.pieces.end() && result.size() < limit; ++piece) {
      result += expanded(*piece);
    }
    if (result.size() > limit) result.resize(limit);
  } else {
    for (auto piece = text.pieces.rbegin(); piece != text.pieces.rend() && result.size() < limit; ++piece) {
      result.insert(0, expanded(*piece));
    }
    if (result.size() > limit) result.erase(0, result.size() - limit);
  }
  return result;
}

std::string expand_target(const MacroString& text, const MacroValues& values) {
  constexpr std::size_t kMaxName = 253;
  // What is further than this from the end is dropped in any case.
  std::string name = expand(text, values, 4 * kMaxName, Keep::Back);
  if (name.ends_with('.')) name.pop_back();
  // RFC 7208 §7.3: labels on the left go until the rest fits (A26).
  while (name.size() > kMaxName) {
    const std::size_t dot = name.find('.', name.size() - kMaxName - 1);
    if (dot == name.npos) break;
    name.erase(0, dot + 1);
  }
  return name;
}

std::string dotted(const IpAddress& ip) {
  if (ip.is_v4()) return ip.to_string();
  // RFC 7208 §7.3: IPv6 is a dot-format address, for %{ir}. In the letters that PTR names are most often written in.
  std::string nibbles;
  for (const std::uint8_t byte : ip.bytes()) {
    for (const unsigned nibble : {byte / 16u, byte % 16u}) {
      if (!nibbles.empty()) nibbles += '.';
      nibbles += "0123456789ABCDEF"[nibble];
    }
  }
  return nibbles;
}

std::string reverse_name(const IpAddress& ip) {
  // RFC 1035 §3.5, RFC 3596 §2.5.
  std::string name;
  for (const std::uint8_t byte : ip.bytes() | std::views::reverse) {
    name += ip.is_v4() ? fmt::format("{}.", byte) : fmt::format("{:x}.{:x}.", byte & 15, byte >> 4);
  }
  return name + (ip.is_v4() ? "in-addr.arpa" : "ip6.arpa");
}

}  // namespace postseal::spf
