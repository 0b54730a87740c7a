// SPDX-License-Identifier: Apache-2.0
#include "protocol/mtasts/record.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "protocol/mtasts/field.h"
#include "vocab/ascii.h"

namespace postseal::mtasts {
namespace {

constexpr std::string_view kVersion = "v=STSv1";

/// The record without its version, or nullopt if it is not one of ours.
std::optional<std::string_view> after_version(std::string_view text) {
  // RFC 8461 §3.1 MUST (S05): the record begins with its version, in exactly these letters.
  if (!text.starts_with(kVersion)) return std::nullopt;
  const std::string_view rest = text.substr(kVersion.size());
  // ERRATA 6285: the text discards records that do not begin with "v=STSv1;", the grammar allows blanks before the
  // semicolon. We follow the grammar; "v=STSv10" and "v=STSv1 is no policy" are still not records of this version.
  const auto end = std::ranges::find_if_not(rest, is_blank);
  if (end != rest.end() && *end != ';') return std::nullopt;
  return rest;
}

/// Was this meant to be a record? Only the reason for people depends on it, and the word "invalid" instead of "none".
bool resembles_record(std::string_view text) {
  constexpr std::string_view kStart = "v=sts";
  return !std::ranges::search(text, kStart, {}, ascii_lower).empty();
}

std::string_view without_leading_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

RecordResult invalid(std::string reason) { return {RecordVerdict::Invalid, {}, std::move(reason)}; }

/// 1*(sts-field-delim sts-field) [sts-field-delim]
RecordResult parse_fields(std::string_view rest) {
  std::optional<std::string_view> id;
  while (true) {
    const std::string_view at_delimiter = without_leading_blanks(rest);
    if (at_delimiter.empty() && rest.empty()) break;
    if (!at_delimiter.starts_with(';')) return invalid("expected \";\" before " + shown(rest));
    rest = without_leading_blanks(at_delimiter.substr(1));
    if (rest.empty()) break;

    const auto end = std::ranges::find_if(rest, [](char c) { return is_blank(c) || c == ';'; });
    const std::string_view field(rest.begin(), end);
    rest.remove_prefix(field.size());
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) return invalid("the field " + shown(field) + " has no \"=\"");
    const std::string_view name = field.substr(0, equals);
    const std::string_view value = field.substr(equals + 1);
    if (!is_field_name(name)) return invalid(shown(name) + " is no name of a field");
    // RFC 8461 §3.1 (S06): unknown fields are ignored, but a value is never empty.
    if (!is_record_value(value)) return invalid("the field " + shown(name) + " has no valid value");
    // RFC 8461 §3.2 SHALL: of a field that is not to be repeated, every entry but the first is ignored.
    if (name == "id" && !id) id = value;
  }
  // RFC 8461 §3.1 MUST (S05): an id of 1 to 32 letters and digits.
  if (!id) return invalid("the record has no id");
  if (!is_policy_id(*id)) return invalid("the id " + shown(*id) + " is not 1 to 32 letters and digits");
  return {RecordVerdict::Valid, {std::string(*id)}, "the record announces the policy " + std::string(*id)};
}

}  // namespace

RecordResult parse_records(const std::vector<dns::TxtRecord>& records) {
  std::vector<std::string> ours;
  std::string resembling;
  for (const dns::TxtRecord& record : records) {
    // RFC 8461 §3.1 MUST (S07): the strings of a record are put together without anything between them.
    std::string text = record.joined();
    // RFC 8461 §3.1 (S04): records of other kinds at the name are discarded.
    if (after_version(text)) {
      ours.push_back(std::move(text));
    } else if (resembling.empty() && resembles_record(text)) {
      resembling = std::move(text);
    }
  }
  if (ours.empty()) {
    if (!resembling.empty()) return invalid("the record " + shown(resembling) + " does not begin with \"v=STSv1;\"");
    return {RecordVerdict::None, {}, "no TXT record begins with \"v=STSv1;\": the domain does not use MTA-STS"};
  }
  // RFC 8461 §3.1 MUST (S04): with more than one the domain has no policy to discover.
  if (ours.size() > 1) {
    return {RecordVerdict::Several, {}, "more than one TXT record begins with \"v=STSv1;\", so none of them counts"};
  }
  return parse_fields(*after_version(ours.front()));
}

}  // namespace postseal::mtasts
