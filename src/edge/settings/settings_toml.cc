// SPDX-License-Identifier: Apache-2.0
// Settings as a file: the tables, read the other way.
#include <fmt/format.h>

#include "edge/settings/settings_table.h"

namespace postseal::settings {
namespace {

constexpr std::size_t kWidth = 100;

std::string_view section_of(std::string_view key) {
  std::size_t dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}
std::string_view name_of(std::string_view key) { return key.substr(key.find('.') + 1); }

/// Comment lines of a readable length.
std::string comment(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    std::size_t end = text.size();
    if (end > kWidth) {
      end = text.rfind(' ', kWidth);
      if (end == std::string_view::npos) end = text.size();
    }
    result += fmt::format("# {}\n", text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return result;
}

/// Keys outside all sections come first in TOML.
std::string settings_lines(const Settings& settings, TomlStyle style, bool outside) {
  const Settings initial;
  std::string result;
  std::string_view section;
  for (const Row<Settings>& row : setting_rows()) {
    if (section_of(row.info.key).empty() != outside) continue;
    std::string value = row.show(settings);
    bool is_initial = value == row.show(initial);
    if (is_initial && style == TomlStyle::Brief) continue;
    if (section_of(row.info.key) != section) {
      section = section_of(row.info.key);
      result += fmt::format("\n[{}]\n", section);
    }
    if (style == TomlStyle::Commented)
      result += "\n" + comment(row.info.help) + comment(fmt::format("Allowed: {}", row.info.value));
    result += fmt::format("{}{} = {}\n", is_initial ? "# " : "", name_of(row.info.key), value);
  }
  return result;
}

template <class Target>
std::string entry_lines(const std::vector<Target>& targets, std::span<const Row<Target>> rows) {
  const Target initial{};
  std::string result;
  for (const Target& target : targets) {
    result += fmt::format("\n[[{}]]\n", section_of(rows.front().info.key));
    for (const Row<Target>& row : rows) {
      std::string value = row.show(target);
      if (!row.required && (value.empty() || value == row.show(initial)) && row.info.key != "listener.port") continue;
      result += fmt::format("{} = {}\n", name_of(row.info.key), value);
    }
  }
  return result;
}

/// The keys of an entry, for those who want to write one.
template <class Target>
std::string entry_comment(std::span<const Row<Target>> rows) {
  std::string result = fmt::format("\n# [[{}]], any number of them:\n", section_of(rows.front().info.key));
  for (const Row<Target>& row : rows) {
    result += comment(fmt::format("  {} ({}{}): {}", name_of(row.info.key), row.required ? "" : "optional; ",
                                  row.info.value, row.info.help));
  }
  return result;
}

template <class Target>
std::string entries(const std::vector<Target>& targets, std::span<const Row<Target>> rows, TomlStyle style) {
  return (style == TomlStyle::Commented ? entry_comment(rows) : "") + entry_lines(targets, rows);
}

}  // namespace

std::string settings_toml(const Settings& settings, TomlStyle style) {
  std::string result = settings_lines(settings, style, true) + settings_lines(settings, style, false);
  result += entries(settings.listeners, listener_rows(), style);
  result += entries(settings.domains, domain_rows(), style);
  result += entries(settings.aliases, alias_rows(), style);
  result += entries(settings.rules, rule_rows(), style);
  result += entries(settings.routes, route_rows(), style);
  return result.starts_with('\n') ? result.substr(1) : result;
}

}  // namespace postseal::settings
