// SPDX-License-Identifier: Apache-2.0
#include "lab/zone_key.h"

#include <fmt/core.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <memory>
#include <span>

namespace postseal::lab {
namespace {

constexpr std::uint8_t kAlgorithm = 13;  ///< ECDSAP256SHA256, RFC 6605

Bytes wire_name(const Domain& name) {
  Bytes out;
  std::string_view rest = name.ascii();
  while (!rest.empty()) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    rest.remove_prefix(label.size() + (label.size() < rest.size() ? 1 : 0));
  }
  out.push_back(0);
  return out;
}

}  // namespace

std::uint16_t key_tag(std::span<const std::uint8_t> rdata) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < rdata.size(); ++i) sum += i % 2 == 0 ? std::uint32_t{rdata[i]} << 8 : rdata[i];
  return static_cast<std::uint16_t>(sum + (sum >> 16));
}

std::expected<ZoneKey, std::string> ZoneKey::make() {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  // 0x04, then x and y of 32 octets each.
  unsigned char point[65];
  std::size_t size = 0;
  BIGNUM* secret = nullptr;
  if (!key || EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &size) != 1 ||
      size != sizeof point || EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &secret) != 1) {
    return std::unexpected(std::string("a key for signing zones could not be made"));
  }
  const std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> owner(secret, BN_clear_free);
  unsigned char octets[32];
  if (BN_bn2binpad(secret, octets, sizeof octets) != sizeof octets) {
    return std::unexpected(std::string("a key for signing zones could not be written"));
  }
  ZoneKey out;
  out.rdata_ = {0x01, 0x01, 3, kAlgorithm};
  out.rdata_.insert(out.rdata_.end(), point + 1, point + sizeof point);
  out.private_file_ =
      fmt::format("Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: {}\n", to_base64(octets));
  return out;
}

std::string ZoneKey::dnskey() const {
  return fmt::format("257 3 {} {}", kAlgorithm, to_base64(std::span(rdata_).subspan(4)));
}

std::string ZoneKey::ds(const Domain& zone) const {
  Bytes signed_part = wire_name(zone);
  signed_part.insert(signed_part.end(), rdata_.begin(), rdata_.end());
  Bytes digest(SHA256_DIGEST_LENGTH);
  SHA256(signed_part.data(), signed_part.size(), digest.data());
  return fmt::format("{} {} 2 {}", key_tag(rdata_), kAlgorithm, to_hex(digest));
}

}  // namespace postseal::lab
