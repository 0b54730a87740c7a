// SPDX-License-Identifier: Apache-2.0
#include "protocol/spf/record.h"

#include <fmt/format.h>

#include <utility>

#include "protocol/spf/characters.h"
#include "vocab/ascii.h"

namespace postseal::spf {
namespace {

using Error = std::unexpected<std::string>;
constexpr std::string_view kVersion = "v=spf1";

/// RFC 7208 §5.6: one number without leading zeros, at most `most`.
std::optional<unsigned> parse_length(std::string_view digits, unsigned most) {
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  unsigned length = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return std::nullopt;
    length = length * 10 + static_cast<unsigned>(c - '0');
  }
  return length <= most ? std::optional(length) : std::nullopt;
}

/// Takes the digits at the end that follow `mark` away from `text`. nullopt: there are none; the text stays.
std::optional<std::string_view> take_length(std::string_view& text, std::string_view mark) {
  std::size_t at = text.size();
  while (at > 0 && is_digit(text[at - 1])) --at;
  if (at == text.size() || !text.substr(0, at).ends_with(mark)) return std::nullopt;
  const std::string_view digits = text.substr(at);
  text.remove_suffix(digits.size() + mark.size());
  return digits;
}

/// RFC 7208 §5.3, §5.4: ["/" 0..32] ["//" 0..128], at the end of what stands behind the mechanism's name.
std::expected<CidrLengths, std::string> take_lengths(std::string_view& text) {
  CidrLengths lengths;
  if (const auto digits = take_length(text, "//")) {
    const auto length = parse_length(*digits, 128);
    if (!length) return Error("the length of an IPv6 network is 0 to 128, without leading zeros");
    lengths.v6 = *length;
  }
  if (const auto digits = take_length(text, "/")) {
    const auto length = parse_length(*digits, 32);
    if (!length) return Error("the length of an IPv4 network is 0 to 32, without leading zeros");
    lengths.v4 = *length;
  }
  return lengths;
}

/// ":" domain-spec, or nothing.
std::expected<std::optional<MacroString>, std::string> parse_optional_target(std::string_view text) {
  if (text.empty()) return std::optional<MacroString>();
  if (text.front() != ':') return Error("a colon is missing behind the mechanism's name");
  auto target = parse_domain_spec(text.substr(1));
  if (!target) return Error(std::move(target.error()));
  return std::optional(std::move(*target));
}

std::expected<MacroString, std::string> parse_required_target(std::string_view text) {
  auto target = parse_optional_target(text);
  if (!target) return Error(std::move(target.error()));
  if (!*target) return Error("a colon and a domain are missing");
  return std::move(**target);
}

std::expected<Mechanism, std::string> parse_network(std::string_view text, bool v4) {
  // RFC 7208 §5.6: ip4 and ip6 have an address written out, and one length at most.
  if (!text.starts_with(':')) return Error("a colon and an address are missing");
  text.remove_prefix(1);
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address || address->is_v4() != v4) {
    return Error(fmt::format("{} is no {} address", printable(text.substr(0, 80)), v4 ? "IPv4" : "IPv6"));
  }
  const unsigned most = v4 ? 32 : 128;
  if (slash == text.npos) return Network{*address, most};
  const auto bits = parse_length(text.substr(slash + 1), most);
  if (!bits) return Error(fmt::format("the length of a network is 0 to {}, without leading zeros", most));
  return Network{*address, *bits};
}

template <class M>
std::expected<Mechanism, std::string> parse_with_lengths(std::string_view text) {
  const auto lengths = take_lengths(text);
  if (!lengths) return Error(lengths.error());
  auto target = parse_optional_target(text);
  if (!target) return Error(std::move(target.error()));
  return M{std::move(*target), *lengths};
}

template <class M>
std::expected<Mechanism, std::string> wrap(auto target) {
  if (!target) return Error(std::move(target.error()));
  return M{std::move(*target)};
}

std::expected<Mechanism, std::string> parse_mechanism(std::string_view name, std::string_view rest) {
  // RFC 7208 §4.6.1: names of mechanisms are case-insensitive, as literals of ABNF are.
  const auto is = [&](std::string_view known) { return equals_ignoring_case(name, known); };
  if (is("all")) {
    // RFC 7208 §5.1: "all" stands alone.
    if (!rest.empty()) return Error("nothing may follow \"all\"");
    return All{};
  }
  if (is("include")) return wrap<Include>(parse_required_target(rest));
  if (is("a")) return parse_with_lengths<Address>(rest);
  if (is("mx")) return parse_with_lengths<Mx>(rest);
  if (is("ptr")) return wrap<Ptr>(parse_optional_target(rest));
  if (is("ip4")) return parse_network(rest, true);
  if (is("ip6")) return parse_network(rest, false);
  if (is("exists")) return wrap<Exists>(parse_required_target(rest));
  // RFC 7208 §4.6: what is no known mechanism and no modifier is a syntax error.
  return Error("there is no such mechanism");
}

std::optional<Result> qualifier_of(char c) {
  // RFC 7208 §4.6.2.
  switch (c) {
    case '+':
      return Result::Pass;
    case '-':
      return Result::Fail;
    case '~':
      return Result::SoftFail;
    case '?':
      return Result::Neutral;
    default:
      return std::nullopt;
  }
}

/// RFC 7208 §4.6.1: ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
std::string_view name_in(std::string_view term) {
  if (term.empty() || !is_letter(term.front())) return {};
  std::size_t end = 1;
  while (end < term.size() && (is_letter_digit(term[end]) || std::string_view("-_.").contains(term[end]))) ++end;
  return term.substr(0, end);
}

std::expected<void, std::string> parse_modifier(std::string_view name, std::string_view value, Record& record) {
  const bool redirect = equals_ignoring_case(name, "redirect");
  if (!redirect && !equals_ignoring_case(name, "exp")) {
    // RFC 7208 §6 MUST: unknown modifiers are ignored, but keep to the grammar of macro strings.
    auto ignored = parse_macro_string(value, MacroPlace::UnknownModifier);
    if (!ignored) return Error(std::move(ignored.error()));
    return {};
  }
  auto& place = redirect ? record.redirect : record.explanation;
  // RFC 7208 §6 MUST: "redirect" and "exp" stand at most once each.
  if (place) return Error("this modifier stands in the record twice");
  auto target = parse_domain_spec(value);
  if (!target) return Error(std::move(target.error()));
  place = std::move(*target);
  return {};
}

std::expected<void, std::string> parse_term(std::string_view term, Record& record) {
  // RFC 7208 §4.6.1: a name and "=" is a modifier; everything else a directive.
  if (const auto name = name_in(term); !name.empty() && term.substr(name.size()).starts_with('=')) {
    return parse_modifier(name, term.substr(name.size() + 1), record);
  }
  Directive directive;
  directive.text = term;
  std::string_view rest = term;
  if (const auto qualifier = qualifier_of(rest.front())) {
    directive.qualifier = *qualifier;
    rest.remove_prefix(1);
  }
  const std::size_t end = rest.find_first_of(":/");
  const std::string_view name = rest.substr(0, end);
  auto mechanism = parse_mechanism(name, end == rest.npos ? std::string_view{} : rest.substr(end));
  if (!mechanism) return Error(std::move(mechanism.error()));
  directive.mechanism = std::move(*mechanism);
  record.directives.push_back(std::move(directive));
  return {};
}

}  // namespace

bool is_record(std::string_view text) {
  // RFC 7208 §4.5 MUST: exactly "v=spf1", in any case, then a blank or the end.
  return text.size() >= kVersion.size() && equals_ignoring_case(text.substr(0, kVersion.size()), kVersion) &&
         (text.size() == kVersion.size() || text[kVersion.size()] == ' ');
}

std::expected<Record, std::string> parse_record(std::string_view text) {
  Record record;
  std::string_view rest = text.substr(kVersion.size());
  while (!rest.empty()) {
    // RFC 7208 §4.6.1: terms are separated by one or more blanks (0x20), and blanks may stand at the end.
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view term = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (term.empty()) continue;
    if (auto good = parse_term(term, record); !good) {
      return Error(fmt::format("\"{}\": {}", printable(term.substr(0, 80)), good.error()));
    }
  }
  return record;
}

bool is_in(const IpAddress& address, const IpAddress& network, unsigned bits) {
  // RFC 7208 §5: an address is compared with addresses of its own family alone.
  if (address.is_v4() != network.is_v4()) return false;
  const auto a = address.bytes();
  const auto b = network.bytes();
  const std::size_t whole = bits / 8;
  if (!std::ranges::equal(a.first(whole), b.first(whole))) return false;
  if (bits % 8 == 0) return true;
  const unsigned mask = 0xffu << (8 - bits % 8) & 0xffu;
  return (a[whole] & mask) == (b[whole] & mask);
}

}  // namespace postseal::spf
