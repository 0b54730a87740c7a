// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/session_cache.h"

#include <openssl/sha.h>

#include <array>

namespace postseal::tls {

std::string session_key(const policy::Requirement& requirement) {
  // Fields are ended by a newline, which none of them can contain; so no two requirements look the same.
  std::string text = requirement.sni.ascii() + '\n';
  text += std::to_string(static_cast<int>(requirement.tls)) + ' ' +
          std::to_string(static_cast<int>(requirement.floor)) + ' ' +
          std::to_string(static_cast<int>(requirement.proof)) + ' ' + (requirement.requiretls_keyword ? '1' : '0') +
          '\n';
  for (const auto& name : requirement.names) text += (name.below ? "." : "") + name.name.ascii() + '\n';
  text += '\n';
  for (const auto& record : requirement.tlsa) text += dane::format_tlsa(record) + '\n';
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return to_hex(digest);
}

void SessionCache::put(const std::string& key, KeptSession kept) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() == kMaxSessions) entries_.pop_front();
  entries_.push_back({key, std::move(kept)});
}

std::optional<KeptSession> SessionCache::take(const std::string& key, WallTime now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_,
                [&](const Entry& entry) { return now < entry.kept.since || now - entry.kept.since >= kLifetime; });
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->key != key) continue;
    KeptSession found = std::move(entry->kept);
    entries_.erase(std::next(entry).base());
    return found;
  }
  return std::nullopt;
}

}  // namespace postseal::tls
