#pragma once
// SPDX-License-Identifier: Apache-2.0
// RFC 5077 §4, §5.5: tickets are sealed with keys that live for hours, so that who steals the memory of a server later
// cannot open sessions of last week. Shared by all contexts and threads.
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "vocab/clock.h"

namespace postseal::tls {

class TicketKeys {
 public:
  using Now = std::function<SteadyTime()>;
  explicit TicketKeys(Now now) : now_(std::move(now)) {}

  static constexpr std::chrono::hours kRotation{12};
  static constexpr std::size_t kNameSize = 16;

  struct Key {
    std::array<unsigned char, kNameSize> name{};
    std::array<unsigned char, 32> cipher{}, mac{};
    SteadyTime made{};
  };
  /// Made anew when it is too old; nullopt: the system has no randomness, and no ticket is given.
  std::optional<Key> current();
  struct Found {
    Key key;
    bool current = false;  ///< no: the session goes on with a new ticket
  };
  /// nullopt for a key that is unknown, or older than two rotations.
  std::optional<Found> find(std::span<const unsigned char> name);

 private:
  Now now_;
  std::mutex mutex_;
  std::vector<Key> keys_;  ///< newest first, two at most
};

}  // namespace postseal::tls
