// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/key.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <bit>

#include "protocol/dkim/openssl.h"
#include "protocol/dkim/prepared.h"
#include "protocol/dkim/rsa_der.h"
#include "vocab/ascii.h"

namespace postseal::dkim {
namespace {

using BigNumberPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;

BigNumberPtr big_number(std::string_view octets) {
  return BigNumberPtr(BN_bin2bn(octets_of(octets), static_cast<int>(octets.size()), nullptr));
}

EVP_PKEY* make_rsa(const RsaNumbers& numbers) {
  const BigNumberPtr modulus = big_number(numbers.modulus), exponent = big_number(numbers.exponent);
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return key;
}

PkeyCtxPtr start_rsa(EVP_PKEY* key) {
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const bool ready = context && EVP_PKEY_verify_init(context.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(context.get(), sha256_algorithm()) == 1;
  return ready ? std::move(context) : nullptr;
}

MdCtxPtr start_ed25519(EVP_PKEY* key) {
  MdCtxPtr context(EVP_MD_CTX_new());
  const bool ready = context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1;
  return ready ? std::move(context) : nullptr;
}

}  // namespace

std::string_view to_string(KeyType type) {
  switch (type) {
    case KeyType::Rsa:
      return "rsa";
    case KeyType::Ed25519:
      return "ed25519";
  }
  return "rsa";
}

std::string_view to_string(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::RsaSha256:
      return "rsa-sha256";
    case Algorithm::Ed25519Sha256:
      return "ed25519-sha256";
  }
  return "rsa-sha256";
}

KeyType key_type(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::RsaSha256:
      return KeyType::Rsa;
    case Algorithm::Ed25519Sha256:
      return KeyType::Ed25519;
  }
  return KeyType::Rsa;
}

Algorithm algorithm_of(KeyType type) {
  switch (type) {
    case KeyType::Rsa:
      return Algorithm::RsaSha256;
    case KeyType::Ed25519:
      return Algorithm::Ed25519Sha256;
  }
  return Algorithm::RsaSha256;
}

std::optional<Algorithm> parse_algorithm(std::string_view word) {
  for (const Algorithm algorithm : {Algorithm::RsaSha256, Algorithm::Ed25519Sha256}) {
    if (equals_ignoring_case(word, to_string(algorithm))) return algorithm;
  }
  return std::nullopt;
}

class PublicKey::Contexts {
 public:
  explicit Contexts(EVP_PKEY* key) : key_(key), rsa(key, start_rsa), ed25519(key, start_ed25519) {}

 private:
  std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> key_;

 public:
  Prepared<PkeyCtxPtr> rsa;
  Prepared<MdCtxPtr> ed25519;
};

PublicKey::PublicKey(KeyType type, unsigned bits, evp_pkey_st* key)
    : type_(type), bits_(bits), contexts_(std::make_shared<Contexts>(key)) {}

std::expected<PublicKey, std::string> PublicKey::parse(KeyType type, std::string_view octets) {
  switch (type) {
    case KeyType::Ed25519: {
      // RFC 8463 §4: the 32 octets of the key itself, not in any ASN.1.
      if (octets.size() != 32) return std::unexpected("an Ed25519 key has 32 octets, this one has another size");
      EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(octets), octets.size());
      if (key == nullptr) return std::unexpected("the Ed25519 key is not valid");
      return PublicKey(type, 256, key);
    }
    case KeyType::Rsa: {
      const auto numbers = parse_rsa_public_key(octets);
      if (!numbers) return std::unexpected("the key is no RSA key in DER");
      const auto bits = static_cast<unsigned>(
          (numbers->modulus.size() - 1) * 8 +
          static_cast<unsigned>(std::bit_width(static_cast<unsigned char>(numbers->modulus.front()))));
      // A25: sizes are judged before any arithmetic; a large exponent makes checking as slow as signing.
      if (bits > kMaxRsaBits || numbers->exponent.size() > 8) {
        return std::unexpected("the RSA key is larger than " + std::to_string(kMaxRsaBits) +
                               " bits, or its exponent is");
      }
      EVP_PKEY* key = make_rsa(*numbers);
      if (key == nullptr) return std::unexpected("the RSA key is not valid");
      return PublicKey(type, bits, key);
    }
  }
  return std::unexpected("the key is of no known type");
}

bool PublicKey::verify(const Digest& digest, std::string_view signature) const {
  bool holds = false;
  switch (type_) {
    case KeyType::Rsa: {
      PkeyCtxPtr context = contexts_->rsa.take();
      if (!context) return false;
      holds = EVP_PKEY_verify(context.get(), octets_of(signature), signature.size(), digest.data(), digest.size()) == 1;
      contexts_->rsa.give_back(std::move(context));
      break;
    }
    case KeyType::Ed25519: {
      // RFC 8463 §3: what Ed25519 signs is the SHA-256 digest.
      MdCtxPtr context = contexts_->ed25519.take();
      if (!context) return false;
      holds =
          EVP_DigestVerify(context.get(), octets_of(signature), signature.size(), digest.data(), digest.size()) == 1;
      contexts_->ed25519.give_back(std::move(context));
      break;
    }
  }
  if (!holds) ERR_clear_error();
  return holds;
}

}  // namespace postseal::dkim
