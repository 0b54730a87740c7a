// SPDX-License-Identifier: Apache-2.0
#include "edge/settings/settings_table.h"

#include <fmt/format.h>

namespace postseal::settings {
namespace {

template <class Target>
void append(std::vector<KeyInfo>& result, std::span<const Row<Target>> rows) {
  for (const Row<Target>& row : rows) result.push_back(row.info);
}

std::vector<Row<Settings>> joined_rows() {
  std::vector<Row<Settings>> rows(delivery_rows().begin(), delivery_rows().end());
  rows.insert(rows.end(), server_rows().begin(), server_rows().end());
  rows.insert(rows.end(), authentication_rows().begin(), authentication_rows().end());
  return rows;
}

}  // namespace

std::span<const Row<Settings>> setting_rows() {
  static const std::vector<Row<Settings>> rows = joined_rows();
  return rows;
}

std::vector<KeyInfo> table() {
  std::vector<KeyInfo> result;
  append(result, setting_rows());
  append(result, listener_rows());
  append(result, domain_rows());
  append(result, alias_rows());
  append(result, rule_rows());
  append(result, route_rows());
  return result;
}

std::string not_allowed(const KeyInfo& info, std::string_view shown, std::string_view why) {
  return fmt::format("{} is not allowed: {}; allowed is {}", shown, why, info.value);
}

}  // namespace postseal::settings
