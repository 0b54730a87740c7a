// SPDX-License-Identifier: Apache-2.0
#include "protocol/mtasts/policy.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "protocol/mtasts/field.h"
#include "vocab/ascii.h"

namespace postseal::mtasts {
namespace {

constexpr std::size_t kMaxDigits = 10;

struct Fields {
  std::optional<std::string_view> version;
  std::optional<Mode> mode;
  std::optional<Seconds> max_age;
  std::vector<MxPattern> mx;
};

std::optional<Seconds> parse_max_age(std::string_view digits) {
  // RFC 8461 §3.2 (S23): one to ten digits; above a year it is a year.
  if (digits.empty() || digits.size() > kMaxDigits) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return std::min(kMaxAge, Seconds(static_cast<Seconds::rep>(number)));
}

/// What is wrong with the field; empty if nothing is.
std::string take_field(Fields& fields, std::string_view name, std::string_view value) {
  // RFC 8461 §3.2 SHALL (S24): of a repeated version, mode or max_age only the first counts, whatever the others say.
  if (name == "version" && !fields.version) {
    // RFC 8461 §3.2 (S19): STSv1 is the only version.
    if (value != "STSv1") return "the version " + shown(value) + " is not STSv1";
    fields.version = value;
  } else if (name == "mode" && !fields.mode) {
    // RFC 8461 §3.2 (S21): the three modes, in lower case.
    fields.mode = parse_mode(value);
    if (!fields.mode) return "the mode " + shown(value) + " is none of enforce, testing and none";
  } else if (name == "max_age" && !fields.max_age) {
    fields.max_age = parse_max_age(value);
    if (!fields.max_age) return "max_age " + shown(value) + " is not a number of one to ten digits";
  } else if (name == "mx") {
    auto pattern = MxPattern::parse(value);
    if (!pattern) return pattern.error();
    fields.mx.push_back(std::move(*pattern));
  }
  return {};
}

/// What is wrong with the line; empty if nothing is.
std::string take_line(Fields& fields, std::string_view line) {
  if (line.empty()) return "an empty line";
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return shown(line) + " has no \":\"";
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  if (!is_field_name(name)) return shown(name) + " is no name of a field";
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  if (!is_policy_value(value)) return "the field " + shown(name) + " has no valid value";
  return take_field(fields, name, value);
}

}  // namespace

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::Enforce:
      return "enforce";
    case Mode::Testing:
      return "testing";
    case Mode::None:
      return "none";
  }
  return "?";
}

std::optional<Mode> parse_mode(std::string_view word) {
  for (const Mode mode : {Mode::Enforce, Mode::Testing, Mode::None}) {
    if (word == to_string(mode)) return mode;
  }
  return std::nullopt;
}

std::expected<MxPattern, std::string> MxPattern::parse(std::string_view text) {
  MxPattern pattern;
  std::string_view name = text;
  // RFC 8461 §4.1 (S27): a wildcard is a whole left-most label or it is an error.
  if (name.starts_with("*.")) {
    pattern.wildcard = true;
    name.remove_prefix(2);
  }
  // RFC 8461 §3.2 MUST (S40): names are A-labels; U-labels, and other characters that no host name has, are refused.
  if (!std::ranges::all_of(name, [](char c) { return is_letter_digit(c) || c == '-' || c == '.'; })) {
    return std::unexpected("the mx pattern " + shown(text) + " is no host name or \"*.\" and a host name");
  }
  // S27: Domain refuses what ends in a number, such as an IPv4 address.
  auto domain = Domain::parse(name);
  if (!domain) return std::unexpected("the mx pattern " + shown(text) + " is no host name: " + domain.error().context);
  pattern.name = std::move(*domain);
  return pattern;
}

bool MxPattern::matches(const Domain& host) const {
  // RFC 8461 §4.1 (S26): "*.example.com" covers mail.example.com, not example.com and not a.b.example.com.
  if (wildcard) return host.parent() == name;
  return host == name;
}

std::string MxPattern::to_string() const { return (wildcard ? "*." : "") + name.ascii(); }

std::expected<Policy, PolicyError> parse_policy(std::string_view body) {
  // RFC 8461 §3.3: 64 kilobytes are the suggested limit.
  if (body.size() > kMaxPolicySize) return std::unexpected(PolicyError{0, "the policy is larger than 64 KiB"});
  if (body.empty()) return std::unexpected(PolicyError{0, "the policy is empty"});
  Fields fields;
  for (int number = 1; !body.empty(); ++number) {
    // RFC 8461 §3.2, ERRATA 6253 (S25): a line ends with LF or CRLF, the last one may end with the body.
    const std::size_t feed = body.find('\n');
    std::string_view line = body.substr(0, feed);
    if (feed != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
    body.remove_prefix(feed == std::string_view::npos ? body.size() : feed + 1);
    if (std::string wrong = take_line(fields, line); !wrong.empty()) {
      return std::unexpected(PolicyError{number, std::move(wrong)});
    }
  }
  // RFC 8461 §3.2 (S19): version, mode and max_age are required, in any order.
  if (!fields.version) return std::unexpected(PolicyError{0, "the policy has no version"});
  if (!fields.mode) return std::unexpected(PolicyError{0, "the policy has no mode"});
  if (!fields.max_age) return std::unexpected(PolicyError{0, "the policy has no max_age"});
  // RFC 8461 §3.2 (S20, S22): at least one mx, except where the mode is none.
  if (fields.mx.empty() && *fields.mode != Mode::None) {
    return std::unexpected(PolicyError{0, "the policy names no mx, though its mode is not none"});
  }
  return Policy{*fields.mode, *fields.max_age, std::move(fields.mx)};
}

std::optional<MxPattern> match_host(const Policy& policy, const Domain& host) {
  const auto found = std::ranges::find_if(policy.mx, [&](const MxPattern& pattern) { return pattern.matches(host); });
  if (found == policy.mx.end()) return std::nullopt;
  return *found;
}

}  // namespace postseal::mtasts
