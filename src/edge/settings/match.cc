// SPDX-License-Identifier: Apache-2.0
// Which rule and which route count for a destination.
#include <optional>
#include <tuple>

#include "edge/settings/settings.h"

namespace postseal::settings {
namespace {

/// How closely a match fits; nullopt if it does not. A name or literal fits closer than any ".DOMAIN", a longer
/// ".DOMAIN" closer than a shorter one, and "*" fits last.
std::optional<std::size_t> closeness(std::string_view match, std::string_view destination) {
  constexpr std::size_t kExact = 1000;  // more than any name's length
  if (match == destination) return kExact;
  if (match == "*") return 0;
  // The dot in front keeps to whole labels, and the domain itself out.
  if (match.starts_with('.') && !destination.starts_with('[') && destination.ends_with(match)) return match.size();
  return std::nullopt;
}

}  // namespace

std::optional<policy::LocalRule> rule_for(const Settings& settings, const MailDestination& destination, WallTime now) {
  std::string name = to_string(destination);
  const policy::LocalRule* best = nullptr;
  std::tuple<bool, std::size_t> best_rank;
  for (const policy::LocalRule& rule : settings.rules) {
    auto close = closeness(rule.match, name);
    if (!close) continue;
    // An expired exception must not hide a standing rule behind it, however much closer it fits.
    bool live = !rule.expires || *rule.expires > now;
    std::tuple rank(live, *close);
    if (best == nullptr || rank > best_rank) {
      best = &rule;
      best_rank = rank;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

std::optional<Route> route_for(const Settings& settings, const MailDestination& destination) {
  std::string name = to_string(destination);
  const Route* best = nullptr;
  std::size_t best_rank = 0;
  for (const Route& route : settings.routes) {
    auto close = closeness(route.match, name);
    if (close && (best == nullptr || *close > best_rank)) {
      best = &route;
      best_rank = *close;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

}  // namespace postseal::settings
