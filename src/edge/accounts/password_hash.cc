// SPDX-License-Identifier: Apache-2.0
#include "edge/accounts/password_hash.h"

#include <argon2.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <new>

namespace postseal::accounts {

namespace {
constexpr std::size_t kSaltBytes = 16, kHashBytes = 32;
}

std::optional<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1)
    return std::nullopt;
  return bytes;
}

std::string keyed_digest(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), digest, &length) == nullptr)
    throw std::bad_alloc();
  return {reinterpret_cast<const char*>(digest), length};
}

std::optional<std::string> hash_password(std::string_view password, HashCost cost) {
  const auto salt = random_bytes(kSaltBytes);
  if (!salt) return std::nullopt;
  std::string text(argon2_encodedlen(cost.passes, cost.kibibytes, cost.lanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  if (argon2id_hash_encoded(cost.passes, cost.kibibytes, cost.lanes, password.data(), password.size(), salt->data(),
                            salt->size(), kHashBytes, text.data(), text.size()) != ARGON2_OK)
    return std::nullopt;
  text.resize(text.find('\0'));
  return text;
}

std::optional<bool> verify_password(std::string_view password, const std::string& phc) {
  const int result = argon2id_verify(phc.c_str(), password.data(), password.size());
  if (result == ARGON2_OK) return true;
  if (result == ARGON2_VERIFY_MISMATCH) return false;
  return std::nullopt;
}

}  // namespace postseal::accounts
