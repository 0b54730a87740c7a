// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

#include "edge/tls/server.h"

namespace postseal::tls {

std::shared_ptr<TicketKeys> make_ticket_keys() {
  return std::make_shared<TicketKeys>([] { return std::chrono::steady_clock::now(); });
}

std::optional<TicketKeys::Key> TicketKeys::current() {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = now_();
  if (!keys_.empty() && now - keys_.front().made < kRotation) return keys_.front();
  Key key;
  key.made = now;
  if (RAND_bytes(key.name.data(), key.name.size()) != 1 || RAND_priv_bytes(key.cipher.data(), key.cipher.size()) != 1 ||
      RAND_priv_bytes(key.mac.data(), key.mac.size()) != 1)
    return std::nullopt;
  keys_.insert(keys_.begin(), key);
  if (keys_.size() > 2) {
    OPENSSL_cleanse(&keys_.back(), sizeof(Key));
    keys_.pop_back();
  }
  return key;
}

std::optional<TicketKeys::Found> TicketKeys::find(std::span<const unsigned char> name) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = now_();
  for (const Key& key : keys_) {
    if (!std::ranges::equal(key.name, name) || now - key.made >= 2 * kRotation) continue;
    return Found{key, now - key.made < kRotation && &key == &keys_.front()};
  }
  return std::nullopt;
}

}  // namespace postseal::tls
