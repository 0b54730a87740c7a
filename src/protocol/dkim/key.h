#pragma once
// SPDX-License-Identifier: Apache-2.0
// Keys and what they do to a digest: RSASSA-PKCS1-v1_5 over SHA-256 (RFC 6376 §3.3.2, RFC 8301) and Ed25519 over the
// digest's 32 octets (RFC 8463 §3). OpenSSL stays behind this header. Copies share one key; safe from several threads.
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/dkim/digest.h"

struct evp_pkey_st;

namespace postseal::dkim {

enum class KeyType { Rsa, Ed25519 };
std::string_view to_string(KeyType type);  ///< "rsa", "ed25519": as in k=

enum class Algorithm { RsaSha256, Ed25519Sha256 };
std::string_view to_string(Algorithm algorithm);  ///< "rsa-sha256", "ed25519-sha256": as in a=
KeyType key_type(Algorithm algorithm);
Algorithm algorithm_of(KeyType type);
/// nullopt for all others, rsa-sha1 among them.
std::optional<Algorithm> parse_algorithm(std::string_view word);

/// RFC 8301 §3.2: below, a key proves nothing; above, it only costs time. A25.
inline constexpr unsigned kMinRsaBits = 1024, kMaxRsaBits = 8192;

class PublicKey {
 public:
  /// The decoded p=. The error says what is wrong with it.
  static std::expected<PublicKey, std::string> parse(KeyType type, std::string_view octets);

  KeyType type() const { return type_; }
  unsigned bits() const { return bits_; }
  bool verify(const Digest& digest, std::string_view signature) const;

 private:
  class Contexts;
  PublicKey(KeyType type, unsigned bits, evp_pkey_st* key);
  KeyType type_;
  unsigned bits_;
  std::shared_ptr<Contexts> contexts_;
};

class SigningKey {
 public:
  /// PEM (PKCS #8, or PKCS #1 for RSA) without a passphrase; or the base64 of an Ed25519 key's 32 octets (RFC 8463
  /// appendix A writes it so). RSA below 1024 bits is refused.
  static std::expected<SigningKey, std::string> load(std::string_view text);
  /// rsa_bits: for RSA only.
  static std::expected<SigningKey, std::string> generate(KeyType type, unsigned rsa_bits = 2048);

  KeyType type() const { return type_; }
  unsigned bits() const { return bits_; }
  /// PKCS #8 as PEM. A secret.
  std::string pem() const;
  /// "v=DKIM1; k=...; p=...": the TXT record (RFC 6376 §3.6.1).
  std::string record() const;
  /// The octets of b=. The error is a bug or a broken key.
  std::expected<std::string, std::string> sign(const Digest& digest) const;

 private:
  class Contexts;
  SigningKey(KeyType type, unsigned bits, evp_pkey_st* key);
  KeyType type_;
  unsigned bits_;
  std::shared_ptr<Contexts> contexts_;
};

}  // namespace postseal::dkim
