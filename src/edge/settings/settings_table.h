#pragma once
// SPDX-License-Identifier: Apache-2.0
// One row for each key: the only place that knows its name, its type, what is allowed and how it is stored.
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "edge/settings/settings.h"

namespace postseal::settings {

/// What a TOML file may hold for a key: Text a string, Number an integer, Switch a boolean, Duration a string or an
/// integer (seconds), Moment a date or date-time (UTC where it has no offset).
enum class ValueKind { Text, Number, Switch, Duration, Moment };

/// Text for Text and Duration.
using Value = std::variant<std::string, std::int64_t, bool, WallTime>;

template <class Target>
struct Row {
  KeyInfo info;
  ValueKind kind;
  /// Stores the value, or says why it cannot be. REQUIRES: the variant's type is that of the kind.
  std::expected<void, std::string> (*assign)(Target& target, const Value& value);
  bool required = false;  ///< in a [[rule]] or [[route]]
};

std::span<const Row<Settings>> setting_rows();
std::span<const Row<policy::LocalRule>> rule_rows();
std::span<const Row<Route>> route_rows();

/// "0 is not allowed: it is out of range; allowed is 1..65535".
std::string not_allowed(const KeyInfo& info, std::string_view shown, std::string_view why);

}  // namespace postseal::settings
