#pragma once
// SPDX-License-Identifier: Apache-2.0
// TLS sessions kept for resumption, in memory only. A ticket must never carry a proof from one identity to another
// (design: security floor), and a resumed session shows no certificate. So:
//
//  - the key is the whole Requirement: another SNI, another TLSA set, another name or floor never finds it;
//  - the chain that the server showed is kept beside the session, and the client judges it again, at the present time,
//    before the session is offered. A chain that fails now is forgotten, and the server must show itself afresh.
//
// So a resumed session never needs a verdict afterwards: it was offered because its chain satisfies this requirement.
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "edge/tls/openssl_ptr.h"
#include "protocol/policy/requirement.h"
#include "vocab/clock.h"
#include "vocab/codec.h"

namespace postseal::tls {

/// A digest of everything in the requirement.
std::string session_key(const policy::Requirement& requirement);

struct KeptSession {
  SslSessionPtr session;
  std::vector<Bytes> chain;  ///< DER as the server sent it
  WallTime since{};          ///< the handshake that showed the chain, resumptions do not renew it
};

/// Safe to use from several threads.
class SessionCache {
 public:
  /// RFC 8446 §4.6.1 allows a week; an hour is enough for a burst of mail and bounds how long a roll goes unseen.
  static constexpr Seconds kLifetime{3600};
  static constexpr std::size_t kMaxSessions = 512;

  void put(const std::string& key, KeptSession kept);
  /// The newest for the key, out of the cache: RFC 8446 §C.4: a ticket is used once.
  std::optional<KeptSession> take(const std::string& key, WallTime now);

 private:
  struct Entry {
    std::string key;
    KeptSession kept;
  };
  std::mutex mutex_;
  std::deque<Entry> entries_;  // oldest first
};

}  // namespace postseal::tls
