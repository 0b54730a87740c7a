#pragma once
// SPDX-License-Identifier: Apache-2.0
// Certificates made on the spot, good and bad, for tests. What is not said is a good server certificate.
#include <optional>
#include <string>
#include <vector>

#include "protocol/dns/records.h"
#include "vocab/clock.h"
#include "vocab/codec.h"

namespace postseal::tests {

enum class KeyKind { P256, P192, Rsa1024, Rsa2048 };

/// Noon of a day at which every certificate is valid unless it says otherwise.
inline constexpr WallTime kNoon{Seconds{1'750'000'000}};

struct CertificateAsk {
  std::string common_name = "test";
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  KeyKind key = KeyKind::P256;
  WallTime from = kNoon - std::chrono::days(30);
  WallTime until = kNoon + std::chrono::days(30);
  bool ca = false;
  std::optional<int> path_length;
  std::string extended_key_usage = "serverAuth";  ///< not put into CA certificates; "" leaves it out
  std::string name_constraints;                   ///< as openssl.cnf takes it: "permitted;DNS:other.test"
  std::string digest = "SHA256";
};

struct Certificate {
  Bytes der;
  Bytes public_key;  ///< SubjectPublicKeyInfo, DER
  std::string pem;
  std::string key_pem;
};

/// Self-signed without an issuer.
Certificate issue(const CertificateAsk& ask, const Certificate* issuer = nullptr);

/// The record that this certificate would publish.
dns::TlsaRecord tlsa_of(const Certificate& certificate, int usage, int selector, int matching_type);

/// A record of that kind which matches nothing.
dns::TlsaRecord wrong_tlsa(int usage, int selector, int matching_type);

}  // namespace postseal::tests
