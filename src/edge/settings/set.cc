// SPDX-License-Identifier: Apache-2.0
// One key from the command line.
#include <fmt/format.h>

#include <algorithm>

#include "edge/settings/settings.h"
#include "edge/settings/settings_table.h"
#include "edge/settings/unknown_key.h"
#include "edge/settings/values.h"

namespace postseal::settings {
namespace {

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

std::expected<Value, std::string> read_text(ValueKind kind, std::string_view text) {
  switch (kind) {
    case ValueKind::Text:
    case ValueKind::Duration:
    case ValueKind::Size:
      return Value(std::string(text));
    case ValueKind::List:
      return Value(split_at_commas(text));
    case ValueKind::Number: {
      auto number = parse_number(text);
      if (!number) return std::unexpected(number.error());
      return Value(*number);
    }
    case ValueKind::Switch:
      if (text == "true") return Value(true);
      if (text == "false") return Value(false);
      return std::unexpected("it is neither true nor false");
    case ValueKind::Moment:
      break;
  }
  return std::unexpected("only the settings file has moments");
}

}  // namespace

std::expected<void, SettingsError> set(Settings& settings, std::string_view key, std::string_view value) {
  std::string name(key);
  std::ranges::replace(name, '-', '_');
  auto rows = setting_rows();
  auto row = std::ranges::find(rows, name, [](const Row<Settings>& each) { return each.info.key; });
  auto fail = [&](std::string what) { return std::unexpected(SettingsError{"", 0, name, std::move(what)}); };
  if (row == rows.end()) {
    return fail(is_entry_key(name) ? "what there is any number of can only be set in the settings file"
                                   : unknown_key(name));
  }
  auto shown = fmt::format("\"{}\"", value.substr(0, 200));
  auto parsed = read_text(row->kind, value);
  if (!parsed) return fail(not_allowed(row->info, shown, parsed.error()));
  if (auto stored = row->assign(settings, *parsed); !stored) return fail(not_allowed(row->info, shown, stored.error()));
  return {};
}

std::string SettingsError::to_string() const {
  std::string text = file;
  if (line > 0) text += fmt::format("{}{}", text.empty() ? "line " : ":", line);
  if (!key.empty()) text += fmt::format("{}{}", text.empty() ? "" : ": ", key);
  return text.empty() ? what : fmt::format("{}: {}", text, what);
}

}  // namespace postseal::settings
