// SPDX-License-Identifier: Apache-2.0
#include "protocol/dmarc/record.h"

#include <algorithm>
#include <set>
#include <utility>

#include "vocab/ascii.h"

namespace postseal::dmarc {
namespace {

constexpr std::size_t kMaxUris = 50;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes what stands in front of the next `mark`, and the mark.
std::string_view take_until(std::string_view& rest, char mark) {
  const std::size_t end = std::min(rest.find(mark), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

struct Tag {
  std::string name;  ///< lower case
  std::string_view value;
};

std::optional<Tag> parse_tag(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) return std::nullopt;
  const std::string_view name = trimmed(text.substr(0, equals));
  const std::string_view value = trimmed(text.substr(equals + 1));
  if (name.empty() || !std::ranges::all_of(name, is_letter)) return std::nullopt;
  if (!std::ranges::all_of(value, [](char c) { return c >= ' ' && c < 0x7f; })) return std::nullopt;
  return Tag{to_lower(name), value};
}

std::optional<Policy> parse_policy(std::string_view value) {
  // RFC 9989 §4.8: literals of ABNF, so in any case.
  for (const Policy policy : {Policy::None, Policy::Quarantine, Policy::Reject}) {
    if (equals_ignoring_case(value, to_string(policy))) return policy;
  }
  return std::nullopt;
}

/// RFC 9989 §4.8, RFC 3986 §3: a scheme, and behind it characters that URIs have.
std::optional<std::string> parse_uri(std::string_view text) {
  // RFC 9989 §4.8: the obsolete limit of size behind "!" is ignored.
  if (const std::size_t mark = text.rfind('!'); mark != text.npos) {
    std::string_view size = text.substr(mark + 1);
    if (!size.empty() && std::string_view("kmgt").contains(ascii_lower(size.back()))) size.remove_suffix(1);
    if (size.empty() || !std::ranges::all_of(size, is_digit)) return std::nullopt;
    text = text.substr(0, mark);
  }
  const std::size_t colon = text.find(':');
  if (colon == text.npos || colon + 1 == text.size() || !is_letter(text.front())) return std::nullopt;
  const auto in_scheme = [](char c) { return is_letter(c) || is_digit(c) || std::string_view("+-.").contains(c); };
  if (!std::ranges::all_of(text.substr(0, colon), in_scheme)) return std::nullopt;
  const auto in_uri = [](char c) { return c > ' ' && c < 0x7f && !std::string_view("\"<>\\^`{|}!").contains(c); };
  if (!std::ranges::all_of(text, in_uri)) return std::nullopt;
  // RFC 6068 §2: without a domain behind an @ there is nobody to write to.
  if (equals_ignoring_case(text.substr(0, colon), "mailto")) {
    const std::string_view address = text.substr(colon + 1, text.find('?') - colon - 1);
    const std::size_t at = address.rfind('@');
    if (at == address.npos || at == 0 || at + 1 == address.size()) return std::nullopt;
  }
  return std::string(text);
}

std::vector<std::string> parse_uris(std::string_view value) {
  std::vector<std::string> uris;
  while (!value.empty() && uris.size() < kMaxUris) {
    if (auto uri = parse_uri(trimmed(take_until(value, ',')))) uris.push_back(std::move(*uri));
  }
  return uris;
}

Alignment parse_alignment(std::string_view value) {
  return equals_ignoring_case(value, "s") ? Alignment::Strict : Alignment::Relaxed;
}

bool is_failure_options(std::string_view value) {
  while (!value.empty()) {
    const std::string_view option = trimmed(take_until(value, ':'));
    if (option.size() != 1 || !std::string_view("01ds").contains(ascii_lower(option.front()))) return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(Policy policy) {
  switch (policy) {
    case Policy::None:
      return "none";
    case Policy::Quarantine:
      return "quarantine";
    case Policy::Reject:
      return "reject";
  }
  return "none";
}

std::optional<Record> parse_record(std::string_view text) {
  // RFC 9989 §4.7, §4.8 MUST: "v" is the first tag, and its value is DMARC1 in these letters; else it is no record.
  std::string_view rest = text;
  const auto version = parse_tag(take_until(rest, ';'));
  if (!text.starts_with('v') && !text.starts_with('V')) return std::nullopt;
  if (!version || version->name != "v" || version->value != "DMARC1") return std::nullopt;

  Record record;
  std::set<std::string> seen;
  while (!rest.empty()) {
    const auto tag = parse_tag(take_until(rest, ';'));
    // RFC 9989 §4.8 MUST: what is wrong behind the version is ignored; so is the second of two tags of one name.
    if (!tag || !seen.insert(tag->name).second) continue;
    if (tag->name == "p" || tag->name == "sp" || tag->name == "np") {
      const auto policy = parse_policy(tag->value);
      // RFC 9989 §4.10.1: a wrong sp or np is as a missing p.
      if (!policy) record.policy_broken = true;
      (tag->name == "p" ? record.p : tag->name == "sp" ? record.sp : record.np) = policy;
    } else if (tag->name == "adkim") {
      record.adkim = parse_alignment(tag->value);
    } else if (tag->name == "aspf") {
      record.aspf = parse_alignment(tag->value);
    } else if (tag->name == "t") {
      record.testing = equals_ignoring_case(tag->value, "y");
    } else if (tag->name == "psd") {
      record.psd = equals_ignoring_case(tag->value, "y")   ? PublicSuffix::Yes
                   : equals_ignoring_case(tag->value, "n") ? PublicSuffix::No
                                                           : PublicSuffix::Unknown;
    } else if (tag->name == "rua") {
      record.rua = parse_uris(tag->value);
    } else if (tag->name == "ruf") {
      record.ruf = parse_uris(tag->value);
    } else if (tag->name == "fo") {
      if (is_failure_options(tag->value)) record.fo = to_lower(tag->value);
    }
    // RFC 9989 §4.7 MUST: unknown tags are ignored; pct, rf and ri are among them now.
  }
  record.policy_broken = record.policy_broken || !record.p;
  return record;
}

std::optional<Record> select_record(const std::vector<dns::TxtRecord>& records) {
  std::optional<Record> selected;
  for (const dns::TxtRecord& text : records) {
    // RFC 9989 §4.5 MUST: the strings of a TXT record are joined.
    auto record = parse_record(text.joined());
    if (!record) continue;
    // RFC 9989 §4.10 steps 2 and 6: of several records all are discarded.
    if (selected) return std::nullopt;
    selected = std::move(record);
  }
  return selected;
}

}  // namespace postseal::dmarc
