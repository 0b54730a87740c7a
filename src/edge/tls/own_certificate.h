#pragma once
// SPDX-License-Identifier: Apache-2.0
// Our own certificate, before it is shown to anybody: one made here, so that there is TLS from the first minute, and
// what another one says.
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "vocab/clock.h"

namespace postseal::tls {

struct MadeCertificate {
  std::string chain_pem;
  std::string key_pem;  ///< P-256, PKCS #8, not encrypted
};

/// Self-signed, for these host names, the first of them its subject. Good for DANE (3 1 1), and for senders that do not
/// look. REQUIRES: names is not empty.
std::expected<MadeCertificate, std::string> make_self_signed(const std::vector<std::string>& names, WallTime from,
                                                             WallTime until);

struct CertificateFacts {
  std::vector<std::string> names;  ///< DNS names of the leaf
  WallTime from{}, until{};
  bool self_signed = false;
  std::string key_digest;  ///< SHA-256 of the leaf's SubjectPublicKeyInfo in hex: what follows "3 1 1"
};

/// Of the first certificate in the text.
std::expected<CertificateFacts, std::string> read_certificate(std::string_view chain_pem);

/// RFC 9525 §6.3: one of the names is this one, or a wildcard for its first label.
bool covers(const CertificateFacts& facts, std::string_view host);

}  // namespace postseal::tls
