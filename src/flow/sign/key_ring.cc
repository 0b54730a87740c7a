// SPDX-License-Identifier: Apache-2.0
#include "flow/sign/key_ring.h"

namespace postseal::sign {

std::optional<Identity> KeyRing::find(const Domain& author) const {
  if (keys_.empty()) return std::nullopt;
  for (std::optional<Domain> domain = author; domain && !domain->is_root(); domain = domain->parent()) {
    if (const auto found = keys_.find(*domain); found != keys_.end()) return Identity{found->first, found->second};
  }
  return std::nullopt;
}

KeyRing load_ring(const dkim_keys::KeyDirectory& directory, std::vector<std::string>& complaints) {
  KeyRing ring;
  const auto domains = directory.domains();
  if (!domains) {
    complaints.push_back(domains.error());
    return ring;
  }
  for (const Domain& domain : *domains) {
    auto book = directory.load(domain);
    if (!book) {
      complaints.push_back(book.error());
      continue;
    }
    for (const auto type : {dkim::KeyType::Rsa, dkim::KeyType::Ed25519}) {
      for (const auto& entry : book->keys) {
        if (entry.type != type || entry.stage != dkim_keys::Stage::Active) continue;
        auto key = directory.read_key(domain, entry.selector);
        if (!key) {
          complaints.push_back(key.error());
          continue;
        }
        ring.add(domain, {entry.selector, std::make_shared<const dkim::SigningKey>(std::move(*key))});
      }
    }
  }
  return ring;
}

}  // namespace postseal::sign
