#pragma once
// SPDX-License-Identifier: Apache-2.0
// The keys that sign now. A value, read from disk at the start and when they have changed, swapped whole; shared by all
// threads.
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "edge/dkim_keys/key_directory.h"
#include "protocol/dkim/key.h"
#include "protocol/srs/rewriter.h"
#include "vocab/domain.h"

namespace postseal::sign {

struct RingKey {
  std::string selector;
  std::shared_ptr<const dkim::SigningKey> key;
};

struct Identity {
  Domain domain;  ///< d=
  std::span<const RingKey> keys;
};

class KeyRing {
 public:
  void add(const Domain& domain, RingKey key) { keys_[domain].push_back(std::move(key)); }
  /// The domain itself or the nearest one above it that has keys: d= is then aligned with it (RFC 9989 §3.2.10.2).
  /// Lives as long as the ring.
  std::optional<Identity> find(const Domain& author) const;
  bool empty() const { return keys_.empty(); }
  /// Of this very domain.
  std::span<const RingKey> keys_of(const Domain& domain) const;

  /// Where there is a secret: also when SRS is switched off, for notifications to what was sent before.
  std::optional<srs::Rewriter> rewriter;

 private:
  std::unordered_map<Domain, std::vector<RingKey>> keys_;
};

/// Active keys; RSA, which everybody can check, first. What cannot be read is named in complaints and stays as it was
/// before: a disk's bad moment is no reason to send letters without signatures.
KeyRing load_ring(const dkim_keys::KeyDirectory& directory, const KeyRing& before,
                  std::vector<std::string>& complaints);

/// The secret of SRS. make: it is switched on, so there has to be one. What cannot be read stays as it was before.
std::optional<srs::Rewriter> load_rewriter(const dkim_keys::KeyDirectory& directory, bool make,
                                           const std::optional<srs::Rewriter>& before,
                                           std::vector<std::string>& complaints);

}  // namespace postseal::sign
