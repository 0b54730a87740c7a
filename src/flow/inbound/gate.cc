// SPDX-License-Identifier: Apache-2.0
#include "flow/inbound/gate.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postseal::inbound {

namespace {

IpAddress v6_prefix(const IpAddress& address, std::size_t count) {
  std::array<std::uint8_t, 16> octets{};
  std::copy_n(address.bytes().begin(), count, octets.begin());
  return IpAddress::v6(octets);
}

/// RFC 4291 §2.5.4: the last 64 bits number the interfaces of one link. A single machine takes as many of them as it
/// likes, so there is no counting by them.
IpAddress visitor_of(const IpAddress& address) { return address.is_v4() ? address : v6_prefix(address, 8); }

IpAddress network_of(const IpAddress& address) {
  const auto bytes = address.bytes();
  return address.is_v4() ? IpAddress::v4({bytes[0], bytes[1], bytes[2], 0}) : v6_prefix(address, 7);
}

}  // namespace

std::string_view to_string(TurnedAway reason) {
  switch (reason) {
    case TurnedAway::TooMany:
      return "connections";
    case TurnedAway::TooManyFromAddress:
      return "address";
    case TurnedAway::TooManyFromNetwork:
      return "network";
    case TurnedAway::TooFast:
      return "rate";
  }
  return "other";
}

bool Gate::Allowance::full(double per_minute, SteadyTime now) const {
  const double minutes = std::chrono::duration<double, std::ratio<60>>(now - at).count();
  return used - minutes * per_minute <= 0;
}

bool Gate::Allowance::take(double per_minute, SteadyTime now) {
  const double minutes = std::chrono::duration<double, std::ratio<60>>(now - at).count();
  used = std::max(0.0, used - minutes * per_minute);
  at = now;
  if (used + 1 > per_minute) return false;
  used += 1;
  return true;
}

Gate::Visitor& Gate::visitor(const IpAddress& peer, SteadyTime now) {
  const IpAddress who = visitor_of(peer);
  if (addresses_.size() >= most_remembered_ && !addresses_.contains(who)) forget_idle(now);
  return addresses_[who];
}

/// A flood from ever new addresses makes us forget rates, never connections.
void Gate::forget_idle(SteadyTime now) {
  const auto minute_ago = now - std::chrono::minutes(1);
  std::erase_if(addresses_, [&](const auto& entry) {
    const Visitor& visitor = entry.second;
    return visitor.inside == 0 && visitor.connections.at < minute_ago && visitor.recipients.at < minute_ago;
  });
  if (addresses_.size() < most_remembered_) return;
  std::erase_if(addresses_, [](const auto& entry) { return entry.second.inside == 0; });
}

std::expected<Gate::Place, TurnedAway> Gate::enter(const IpAddress& peer, const settings::LimitSettings& limits,
                                                   SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (inside_ >= limits.connections) return std::unexpected(TurnedAway::TooMany);
  Visitor& who = visitor(peer, now);
  if (who.inside >= limits.connections_per_address) return std::unexpected(TurnedAway::TooManyFromAddress);
  const IpAddress network = network_of(peer);
  const auto neighbours = networks_.find(network);
  if (neighbours != networks_.end() && neighbours->second >= limits.connections_per_network)
    return std::unexpected(TurnedAway::TooManyFromNetwork);
  if (!who.connections.take(limits.connection_rate, now)) return std::unexpected(TurnedAway::TooFast);
  ++inside_;
  ++who.inside;
  ++networks_[network];
  return Place(this, peer);
}

bool Gate::take_recipient(const IpAddress& peer, const settings::LimitSettings& limits, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  return visitor(peer, now).recipients.take(limits.recipient_rate, now);
}

std::uint32_t Gate::inside() const {
  const std::lock_guard lock(mutex_);
  return inside_;
}

void Gate::leave(const IpAddress& peer) noexcept {
  const std::lock_guard lock(mutex_);
  --inside_;
  if (const auto found = addresses_.find(visitor_of(peer)); found != addresses_.end()) --found->second.inside;
  const auto network = networks_.find(network_of(peer));
  if (network != networks_.end() && --network->second == 0) networks_.erase(network);
}

Gate::Place::Place(Place&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), address_(other.address_) {}

Gate::Place& Gate::Place::operator=(Place&& other) noexcept {
  std::swap(gate_, other.gate_);
  std::swap(address_, other.address_);
  return *this;
}

Gate::Place::~Place() {
  if (gate_ != nullptr) gate_->leave(address_);
}

}  // namespace postseal::inbound
