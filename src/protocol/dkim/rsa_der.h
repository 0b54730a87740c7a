#pragma once
// SPDX-License-Identifier: Apache-2.0
// An RSA public key in DER, as p= has it: SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, with rsaEncryption) or RSAPublicKey
// (RFC 8017 A.1.1). RFC 6376 §3.6.1 and its erratum 3017: both are met. Nothing else passes for RSA (A25).
#include <optional>
#include <string_view>

namespace postseal::dkim {

/// Big-endian, without leading zeros; views into the parsed octets.
struct RsaNumbers {
  std::string_view modulus, exponent;
};
std::optional<RsaNumbers> parse_rsa_public_key(std::string_view der);

}  // namespace postseal::dkim
