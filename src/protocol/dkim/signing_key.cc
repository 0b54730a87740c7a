// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/key.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "protocol/dkim/base64.h"
#include "protocol/dkim/openssl.h"
#include "vocab/codec.h"

namespace postseal::dkim {
namespace {

/// No passphrase is asked for on a terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

SigningKey::SigningKey(KeyType type, unsigned bits, std::shared_ptr<evp_pkey_st> key)
    : type_(type), bits_(bits), key_(std::move(key)) {}

std::expected<SigningKey, std::string> SigningKey::load(std::string_view text) {
  EVP_PKEY* raw = nullptr;
  if (text.find("-----BEGIN") != std::string_view::npos) {
    const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (bio) raw = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr);
    ERR_clear_error();
    if (raw == nullptr) return std::unexpected("there is no private key without passphrase in this PEM");
  } else if (auto seed = decode_base64(text); seed && seed->size() == 32) {
    raw = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets_of(seed->data()), seed->size());
    OPENSSL_cleanse(seed->data(), seed->size());
  }
  if (raw == nullptr) return std::unexpected("this is neither PEM nor the base64 of an Ed25519 key");
  std::shared_ptr<evp_pkey_st> key(raw, EVP_PKEY_free);
  if (EVP_PKEY_is_a(raw, "ED25519") == 1) return SigningKey(KeyType::Ed25519, 256, std::move(key));
  if (EVP_PKEY_is_a(raw, "RSA") != 1) return std::unexpected("DKIM signs with RSA or Ed25519; this key is neither");
  const auto bits = static_cast<unsigned>(EVP_PKEY_get_bits(raw));
  // RFC 8301 §3.2 MUST: signers use RSA keys of at least 1024 bits.
  if (bits < kMinRsaBits) {
    return std::unexpected("the RSA key has " + std::to_string(bits) + " bits; nobody may accept less than 1024");
  }
  if (bits > kMaxRsaBits) return std::unexpected("the RSA key is larger than anybody would check");
  return SigningKey(KeyType::Rsa, bits, std::move(key));
}

std::expected<SigningKey, std::string> SigningKey::generate(KeyType type, unsigned rsa_bits) {
  EVP_PKEY* key = nullptr;
  switch (type) {
    case KeyType::Ed25519:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
    case KeyType::Rsa:
      // RFC 8301 §3.2: at least 1024 bits must be used and 2048 should be; 4096 is what every verifier can check.
      if (rsa_bits < 2048 || rsa_bits > 4096) return std::unexpected("an RSA key has 2048 to 4096 bits");
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits));
      break;
  }
  if (key == nullptr) return std::unexpected("the key could not be made");
  return SigningKey(type, type == KeyType::Rsa ? rsa_bits : 256, std::shared_ptr<evp_pkey_st>(key, EVP_PKEY_free));
}

std::string SigningKey::pem() const {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return "";
  return contents(bio.get());
}

std::string SigningKey::record() const {
  std::string octets;
  switch (type_) {
    case KeyType::Rsa: {
      const BioPtr bio(BIO_new(BIO_s_mem()));
      if (bio && i2d_PUBKEY_bio(bio.get(), key_.get()) == 1) octets = contents(bio.get());
      break;
    }
    case KeyType::Ed25519: {
      // RFC 8463 §4: the bare octets.
      octets.resize(32);
      std::size_t size = octets.size();
      if (EVP_PKEY_get_raw_public_key(key_.get(), octets_of(octets.data()), &size) != 1) octets.clear();
      break;
    }
  }
  const auto* begin = reinterpret_cast<const std::uint8_t*>(octets.data());
  return "v=DKIM1; k=" + std::string(to_string(type_)) + "; p=" + to_base64({begin, octets.size()});
}

std::expected<std::string, std::string> SigningKey::sign(const Digest& digest) const {
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  std::size_t size = signature.size();
  bool done = false;
  switch (type_) {
    case KeyType::Rsa: {
      const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
      done = context && EVP_PKEY_sign_init(context.get()) == 1 &&
             EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
             EVP_PKEY_CTX_set_signature_md(context.get(), sha256_algorithm()) == 1 &&
             EVP_PKEY_sign(context.get(), octets_of(signature.data()), &size, digest.data(), digest.size()) == 1;
      break;
    }
    case KeyType::Ed25519: {
      const MdCtxPtr context(EVP_MD_CTX_new());
      done = context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
             EVP_DigestSign(context.get(), octets_of(signature.data()), &size, digest.data(), digest.size()) == 1;
      break;
    }
  }
  if (!done) {
    ERR_clear_error();
    return std::unexpected("the key does not sign");
  }
  signature.resize(size);
  return signature;
}

}  // namespace postseal::dkim
