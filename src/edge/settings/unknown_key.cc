// SPDX-License-Identifier: Apache-2.0
#include "edge/settings/unknown_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "edge/settings/settings_table.h"

namespace postseal::settings {
namespace {

// Nobody mistypes a longer key; comparing one would only cost time.
constexpr std::size_t kLongestCompared = 64;

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

/// "" for a key outside all sections.
std::string_view section_of(std::string_view key) {
  std::size_t dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

std::string_view name_in_section(std::string_view key) { return key.substr(key.find('.') + 1); }

std::string_view nearest_key(std::string_view key) {
  std::string_view best;
  if (key.size() > kLongestCompared) return best;
  std::size_t bound = std::max<std::size_t>(2, key.size() / 3) + 1;
  for (const KeyInfo& info : table()) {
    // The right name in the wrong section is as near as one wrong letter.
    bool same_name = name_in_section(info.key) == name_in_section(key);
    std::size_t distance = same_name ? 1 : edit_distance(key, info.key);
    if (distance < bound) {
      best = info.key;
      bound = distance;
    }
  }
  return best;
}

/// "[resolver]", "[[rule]]", in the order of the table.
std::vector<std::string> section_names() {
  std::vector<std::string> names;
  for (const KeyInfo& info : table()) {
    std::string_view section = section_of(info.key);
    if (section.empty()) continue;
    std::string name = is_entry_key(info.key) ? fmt::format("[[{}]]", section) : fmt::format("[{}]", section);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

std::string unknown_key(std::string_view key) {
  std::string text = "unknown key";
  if (auto nearest = nearest_key(key); !nearest.empty()) text += fmt::format("; did you mean {}?", nearest);
  std::vector<std::string> known;
  for (const KeyInfo& info : table()) {
    if (section_of(info.key) == section_of(key)) known.emplace_back(info.key);
  }
  if (section_of(key).empty() || known.empty()) {
    for (std::string& section : section_names()) known.push_back(std::move(section));
  }
  return fmt::format("{}; known here: {}", text, fmt::join(known, ", "));
}

}  // namespace postseal::settings
