// SPDX-License-Identifier: Apache-2.0
#include "flow/sign/key_ring.h"

#include <algorithm>

namespace postseal::sign {

std::optional<Identity> KeyRing::find(const Domain& author) const {
  if (keys_.empty()) return std::nullopt;
  for (std::optional<Domain> domain = author; domain && !domain->is_root(); domain = domain->parent()) {
    if (const auto found = keys_.find(*domain); found != keys_.end()) return Identity{found->first, found->second};
  }
  return std::nullopt;
}

std::span<const RingKey> KeyRing::keys_of(const Domain& domain) const {
  const auto found = keys_.find(domain);
  return found == keys_.end() ? std::span<const RingKey>() : std::span<const RingKey>(found->second);
}

KeyRing load_ring(const dkim_keys::KeyDirectory& directory, const KeyRing& before,
                  std::vector<std::string>& complaints) {
  const auto domains = directory.domains();
  if (!domains) {
    complaints.push_back(domains.error());
    return before;
  }
  KeyRing ring;
  for (const Domain& domain : *domains) {
    auto book = directory.load(domain);
    if (!book) {
      complaints.push_back(book.error());
      for (const RingKey& key : before.keys_of(domain)) ring.add(domain, key);
      continue;
    }
    for (const auto type : {dkim::KeyType::Rsa, dkim::KeyType::Ed25519}) {
      for (const auto& entry : book->keys) {
        if (entry.type != type || entry.stage != dkim_keys::Stage::Active) continue;
        auto key = directory.read_key(domain, entry.selector);
        if (!key) {
          complaints.push_back(key.error());
          const auto old = before.keys_of(domain);
          const auto same = std::ranges::find(old, entry.selector, &RingKey::selector);
          if (same != old.end()) ring.add(domain, *same);
          continue;
        }
        ring.add(domain, {entry.selector, std::make_shared<const dkim::SigningKey>(std::move(*key))});
      }
    }
  }
  return ring;
}

std::optional<srs::Rewriter> load_rewriter(const dkim_keys::KeyDirectory& directory, bool make,
                                           const std::optional<srs::Rewriter>& before,
                                           std::vector<std::string>& complaints) {
  auto secret = directory.existing_srs_secret();
  if (secret && !*secret && make) secret = directory.srs_secret();
  if (!secret) {
    complaints.push_back(secret.error());
    return before;
  }
  if (!*secret) return std::nullopt;
  return srs::Rewriter({std::move(**secret)});
}

}  // namespace postseal::sign
