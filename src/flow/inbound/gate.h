#pragma once
// SPDX-License-Identifier: Apache-2.0
// Who may come in: how many connections in all, from one address (of IPv6: one /64), from one network (/24 or /56), how
// many new ones a minute, and how many recipients a minute without a login. One gate for all threads; its memory is
// bounded.
#include <cstdint>
#include <expected>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "edge/settings/server_settings.h"
#include "vocab/clock.h"
#include "vocab/ip_address.h"

namespace postseal::inbound {

enum class TurnedAway { TooMany, TooManyFromAddress, TooManyFromNetwork, TooFast };
/// For metrics and logs: "connections", "address", "network", "rate".
std::string_view to_string(TurnedAway reason);

class Gate {
 public:
  /// Bounds what is remembered of addresses without a connection.
  explicit Gate(std::size_t most_remembered = 200'000) : most_remembered_(most_remembered) {}

  /// A place inside, given back when it goes.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    ~Place();

   private:
    friend class Gate;
    Place(Gate* gate, IpAddress address) : gate_(gate), address_(address) {}
    Gate* gate_ = nullptr;
    IpAddress address_;
  };

  std::expected<Place, TurnedAway> enter(const IpAddress& peer, const settings::LimitSettings& limits, SteadyTime now);
  /// One more recipient for this address; false: more than its rate.
  bool take_recipient(const IpAddress& peer, const settings::LimitSettings& limits, SteadyTime now);
  std::uint32_t inside() const;

 private:
  /// A bucket that holds a minute's allowance and fills up evenly.
  struct Allowance {
    double used = 0;
    SteadyTime at{};
    bool take(double per_minute, SteadyTime now);
    bool full(double per_minute, SteadyTime now) const;
  };
  struct Visitor {
    std::uint32_t inside = 0;
    Allowance connections, recipients;
  };

  Visitor& visitor(const IpAddress& peer, SteadyTime now);
  void forget_idle(SteadyTime now);
  void leave(const IpAddress& peer) noexcept;

  const std::size_t most_remembered_;
  mutable std::mutex mutex_;
  std::uint32_t inside_ = 0;
  std::unordered_map<IpAddress, Visitor> addresses_;  ///< of IPv6: each /64
  std::unordered_map<IpAddress, std::uint32_t> networks_;
};

}  // namespace postseal::inbound
