#pragma once
// SPDX-License-Identifier: Apache-2.0
// RFC 8446 §4.6.1: a server may give tickets. Making one is a tenth of a handshake's cost, resuming spares a fifth, and
// many servers that send mail never resume: who does not come back with a ticket is given fewer. Before TLS 1.3 a
// client asks for tickets itself, and gets them.
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>

#include "vocab/ip_address.h"

namespace postseal::tls {

/// Safe to use from several threads.
class TicketUse {
 public:
  static constexpr unsigned kFirst = 4;   ///< handshakes that bring a ticket to a client that is new, or has resumed
  static constexpr unsigned kEvery = 16;  ///< of its later ones: it may have learnt to resume

  /// REQUIRES: asked once for each handshake.
  bool is_due(const IpAddress& client) {
    const unsigned before = place_of(client).fetch_add(1, std::memory_order_relaxed);
    return before < kFirst || before % kEvery == 0;
  }
  void came_back(const IpAddress& client) { place_of(client).store(0, std::memory_order_relaxed); }

 private:
  /// Clients that share a place share its count: a ticket too few or too many, nothing worse.
  std::atomic<std::uint8_t>& place_of(const IpAddress& client) {
    return handshakes_[std::hash<IpAddress>{}(client) % handshakes_.size()];
  }

  std::array<std::atomic<std::uint8_t>, 4096> handshakes_{};  ///< since it last resumed
};

}  // namespace postseal::tls
