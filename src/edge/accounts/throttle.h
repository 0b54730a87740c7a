#pragma once
// SPDX-License-Identifier: Apache-2.0
// Who guesses passwords waits: failures are counted for the user, the address and its network (/24 or /56), and each
// one doubles the wait of the others. Counts decay; memory is bounded. A stranger's guesses do not lock out a user
// where he usually comes from.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "vocab/clock.h"
#include "vocab/ip_address.h"

namespace postseal::accounts {

/// Safe to use from several threads.
class Throttle {
 public:
  explicit Throttle(const Clock& clock, std::size_t most = 65'536) : clock_(clock), most_(most) {}

  bool must_wait(std::string_view user, const IpAddress& peer);
  void note(std::string_view user, const IpAddress& peer, bool right);
  /// Notes a login whose check has ended. false: others have failed meanwhile, so that it must wait after all. Nothing
  /// is noted then, and nobody may learn whether it was right: else guesses made at once would be free.
  [[nodiscard]] bool settle(std::string_view user, const IpAddress& peer, bool right);
  std::size_t size() const;

  /// Failures that cost nothing: a phone with an old password tries a few times.
  static constexpr double kFreeForUser = 5, kFreeForAddress = 10, kFreeForNetwork = 50;
  static constexpr Seconds kLongestWait{900};
  static constexpr Seconds kHalfLife{600};
  /// For so long a network from which the user has logged in is his own.
  static constexpr Seconds kFamiliar{30 * 86400};

 private:
  struct Entry {
    std::string key;
    double failures = 0;
    WallTime at{};  ///< of the last failure, or the login that made it familiar
    bool familiar = false;
  };
  using Entries = std::list<Entry>;

  // REQUIRES: mutex_ is held, for all of these.
  bool must_wait_locked(std::string_view user, const IpAddress& peer, WallTime now) const;
  void note_locked(std::string_view user, const IpAddress& peer, bool right, WallTime now);
  double failures(const std::string& key, WallTime now) const;
  bool blocked(const std::string& key, double free, WallTime now) const;
  void count(const std::string& key, WallTime now);
  bool is_familiar(const std::string& key, WallTime now) const;
  Entry& touch(const std::string& key);
  void drop(const std::string& key);

  const Clock& clock_;
  std::size_t most_;
  mutable std::mutex mutex_;
  Entries entries_;  ///< least recently used last
  std::unordered_map<std::string_view, Entries::iterator> index_;
};

}  // namespace postseal::accounts
