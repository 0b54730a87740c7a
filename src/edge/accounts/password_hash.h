#pragma once
// SPDX-License-Identifier: Apache-2.0
// Argon2id (RFC 9106) in the PHC string format, which keeps its parameters beside the hash.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postseal::accounts {

/// 19 MiB, two passes, one lane: about 25 ms of one core. RFC 9106 §4 recommends 64 MiB and three passes where that can
/// be afforded; a mail server checks a password at every connection of every phone.
struct HashCost {
  std::uint32_t kibibytes = 19 * 1024, passes = 2, lanes = 1;
};

/// nullopt: no memory or no randomness.
std::optional<std::string> hash_password(std::string_view password, HashCost cost = {});
/// nullopt: not a hash of ours, or no memory: unknown, not "wrong".
std::optional<bool> verify_password(std::string_view password, const std::string& phc);

/// So many random bytes; nullopt: the system has none.
std::optional<std::string> random_bytes(std::size_t count);
/// HMAC-SHA-256.
std::string keyed_digest(std::string_view key, std::string_view text);

}  // namespace postseal::accounts
