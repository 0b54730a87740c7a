#pragma once
// SPDX-License-Identifier: Apache-2.0
// Making one X.509 certificate with OpenSSL, as right or as wrong as asked. Only authority.cc uses it. OpenSSL's
// failures here mean a broken library or no memory; they are thrown and become one error in Authority.
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "vocab/codec.h"
#include "vocab/ip_address.h"

namespace postseal::lab {

class CryptoTrouble : public std::runtime_error {
 public:
  /// Adds the reason that OpenSSL gives, and empties its queue.
  explicit CryptoTrouble(const std::string& what);
};

using PrivateKey = std::shared_ptr<EVP_PKEY>;

/// "p256", "p192", "p384", "ed25519", "rsa2048", "rsa1024".
PrivateKey make_key(const std::string& kind);

/// Seconds from now.
struct Lifetime {
  long begins = 0, ends = 0;
};

struct CertificateRequest {
  std::string common_name{};
  std::vector<std::string> dns_names{};
  std::vector<IpAddress> addresses{};
  Lifetime lifetime{};
  bool authority = false;
  std::optional<int> path_length{};
  std::string permitted_name{};      ///< name constraint
  std::string extended_key_usage{};  ///< "serverAuth"
  std::string digest = "SHA256";
};

struct Certificate {
  std::shared_ptr<X509> x509;
  PrivateKey key;
};

/// issuer: nullptr for a self-signed one.
Certificate make_certificate(const CertificateRequest& request, const PrivateKey& key, const Certificate* issuer);

std::string to_pem(const Certificate& certificate);
std::string to_pem(const PrivateKey& key);
Bytes to_der(const Certificate& certificate);

}  // namespace postseal::lab
