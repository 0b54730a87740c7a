#pragma once
// SPDX-License-Identifier: Apache-2.0
// How much DNS may be asked at once about those who bring letters. A stranger chooses the names that we ask for, and
// can choose names whose servers never answer: each question waits for its deadline, so their number is what has to be
// bounded (A24), in all and for the network of one client.
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "vocab/clock.h"
#include "vocab/ip_address.h"

namespace postseal::authenticate {

/// Safe from several threads.
class Turnstile : public std::enable_shared_from_this<Turnstile> {
 public:
  struct Limits {
    std::size_t questions = 1024;
    std::size_t of_one_network = 128;
    std::chrono::milliseconds patience{5000};  ///< so long a question waits for its turn
  };
  explicit Turnstile(Limits limits) : limits_(limits) {}
  Turnstile() : Turnstile(Limits()) {}

  /// A question under way; over when this goes.
  class Place {
   public:
    Place(std::shared_ptr<Turnstile> turnstile, const IpAddress& network)
        : turnstile_(std::move(turnstile)), network_(network) {}
    ~Place() {
      if (turnstile_) turnstile_->leave(network_);
    }
    Place(Place&&) noexcept = default;
    Place& operator=(Place&& other) noexcept {
      std::swap(turnstile_, other.turnstile_);
      std::swap(network_, other.network_);
      return *this;
    }

   private:
    std::shared_ptr<Turnstile> turnstile_;
    IpAddress network_;
  };
  /// nullopt: not now.
  std::optional<Place> enter(const IpAddress& client);

  std::size_t inside() const;
  std::chrono::milliseconds patience() const { return limits_.patience; }

 private:
  void leave(const IpAddress& network);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::size_t inside_ = 0;
  std::map<IpAddress, std::size_t> networks_;
};

}  // namespace postseal::authenticate
