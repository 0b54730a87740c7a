// SPDX-License-Identifier: Apache-2.0
#include "protocol/sasl/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <stdexcept>

namespace postseal::sasl {
namespace {

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* octets(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

/// These fail for want of memory or of a working library only.
void must(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL cannot compute a hash");
}

}  // namespace

std::string sha256(std::string_view text) {
  std::string hash(kHashSize, '\0');
  must(SHA256(octets(text), text.size(), octets(hash)) != nullptr);
  return hash;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string mac(kHashSize, '\0');
  unsigned length = 0;
  must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(text), text.size(), octets(mac), &length) !=
       nullptr);
  return mac;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations) {
  std::string key(kHashSize, '\0');
  must(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets(salt),
                         static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                         static_cast<int>(kHashSize), octets(key)) == 1);
  return key;
}

std::string random_octets(std::size_t count) {
  std::string random(count, '\0');
  must(RAND_bytes(octets(random), static_cast<int>(count)) == 1);
  return random;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string exclusive_or(std::string_view a, std::string_view b) {
  std::string result(std::min(a.size(), b.size()), '\0');
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<char>(a[i] ^ b[i]);
  return result;
}

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace postseal::sasl
