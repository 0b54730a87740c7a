#pragma once
// SPDX-License-Identifier: Apache-2.0
// One row for each key: the only place that knows its name, its type, what is allowed and how it is stored.
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edge/settings/settings.h"

namespace postseal::settings {

/// What a TOML file may hold for a key: Text a string, Number an integer, Switch a boolean, Duration a string or an
/// integer (seconds), Size a string or an integer (octets), Moment a date or date-time (UTC where it has no offset),
/// List an array of strings.
enum class ValueKind { Text, Number, Switch, Duration, Size, Moment, List };

/// Text for Text, Duration and Size.
using Value = std::variant<std::string, std::int64_t, bool, WallTime, std::vector<std::string>>;

using Stored = std::expected<void, std::string>;

template <class Target>
struct Row {
  KeyInfo info;
  ValueKind kind;
  /// Stores the value, or says why it cannot be. REQUIRES: the variant's type is that of the kind.
  Stored (*assign)(Target& target, const Value& value);
  /// The value as it is written in TOML; empty where there is none.
  std::string (*show)(const Target& target);
  bool required = false;  ///< in a [[rule]] and its like
};

std::span<const Row<Settings>> setting_rows();
std::span<const Row<policy::LocalRule>> rule_rows();
std::span<const Row<Route>> route_rows();
std::span<const Row<Listener>> listener_rows();
std::span<const Row<addressing::LocalDomain>> domain_rows();
std::span<const Row<addressing::Alias>> alias_rows();

// The parts of setting_rows().
std::span<const Row<Settings>> delivery_rows();
std::span<const Row<Settings>> server_rows();
std::span<const Row<Settings>> authentication_rows();

/// The tables of which there can be any number: "rule", "route", ...
std::span<const std::string_view> entry_names();
/// "rule.match" belongs to one of them.
bool is_entry_key(std::string_view key);

/// "0 is not allowed: it is out of range; allowed is 1..65535".
std::string not_allowed(const KeyInfo& info, std::string_view shown, std::string_view why);

}  // namespace postseal::settings
