// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/key.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "protocol/dkim/base64.h"
#include "protocol/dkim/openssl.h"
#include "protocol/dkim/prepared.h"
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

PkeyCtxPtr start_rsa(EVP_PKEY* key) {
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const bool ready = context && EVP_PKEY_sign_init(context.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(context.get(), sha256_algorithm()) == 1;
  return ready ? std::move(context) : nullptr;
}

MdCtxPtr start_ed25519(EVP_PKEY* key) {
  MdCtxPtr context(EVP_MD_CTX_new());
  const bool ready = context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) == 1;
  return ready ? std::move(context) : nullptr;
}

}  // namespace

class SigningKey::Contexts {
 public:
  explicit Contexts(EVP_PKEY* key) : key_(key), rsa(key, start_rsa), ed25519(key, start_ed25519) {}
  EVP_PKEY* key() const { return key_.get(); }

 private:
  std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> key_;

 public:
  Prepared<PkeyCtxPtr> rsa;
  Prepared<MdCtxPtr> ed25519;
};

SigningKey::SigningKey(KeyType type, unsigned bits, evp_pkey_st* key)
    : type_(type), bits_(bits), contexts_(std::make_shared<Contexts>(key)) {}

std::expected<SigningKey, std::string> SigningKey::load(std::string_view text) {
  EVP_PKEY* raw = nullptr;
  if (text.find("-----BEGIN") != std::string_view::npos) {
    const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (bio) raw = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr);
    ERR_clear_error();
    if (raw == nullptr) return std::unexpected("there is no private key without passphrase in this PEM");
  } else if (auto seed = decode_base64(text); seed && seed->size() == 32) {
    raw = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets_of(*seed), seed->size());
    OPENSSL_cleanse(seed->data(), seed->size());
  }
  if (raw == nullptr) return std::unexpected("this is neither PEM nor the base64 of an Ed25519 key");
  std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> key(raw);
  if (EVP_PKEY_is_a(raw, "ED25519") == 1) return SigningKey(KeyType::Ed25519, 256, key.release());
  if (EVP_PKEY_is_a(raw, "RSA") != 1) return std::unexpected("DKIM signs with RSA or Ed25519; this key is neither");
  const auto bits = static_cast<unsigned>(EVP_PKEY_get_bits(raw));
  // RFC 8301 §3.2 MUST: signers use RSA keys of at least 1024 bits.
  if (bits < kMinRsaBits) {
    return std::unexpected("the RSA key has " + std::to_string(bits) + " bits; nobody may accept less than 1024");
  }
  if (bits > kMaxRsaBits) return std::unexpected("the RSA key is larger than anybody would check");
  return SigningKey(KeyType::Rsa, bits, key.release());
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
  return SigningKey(type, type == KeyType::Rsa ? rsa_bits : 256, key);
}

std::string SigningKey::pem() const {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), contexts_->key(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return "";
  return contents(bio.get());
}

std::string SigningKey::record() const {
  std::string octets;
  switch (type_) {
    case KeyType::Rsa: {
      const BioPtr bio(BIO_new(BIO_s_mem()));
      if (bio && i2d_PUBKEY_bio(bio.get(), contexts_->key()) == 1) octets = contents(bio.get());
      break;
    }
    case KeyType::Ed25519: {
      // RFC 8463 §4: the bare octets.
      octets.resize(32);
      std::size_t size = octets.size();
      if (EVP_PKEY_get_raw_public_key(contexts_->key(), octets_of(octets.data()), &size) != 1) octets.clear();
      break;
    }
  }
  const auto* begin = reinterpret_cast<const std::uint8_t*>(octets.data());
  return "v=DKIM1; k=" + std::string(to_string(type_)) + "; p=" + to_base64({begin, octets.size()});
}

std::expected<std::string, std::string> SigningKey::sign(const Digest& digest) const {
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(contexts_->key())), '\0');
  std::size_t size = signature.size();
  bool done = false;
  switch (type_) {
    case KeyType::Rsa: {
      PkeyCtxPtr context = contexts_->rsa.take();
      done = context &&
             EVP_PKEY_sign(context.get(), octets_of(signature.data()), &size, digest.data(), digest.size()) == 1;
      if (done) contexts_->rsa.give_back(std::move(context));
      break;
    }
    case KeyType::Ed25519: {
      MdCtxPtr context = contexts_->ed25519.take();
      done = context &&
             EVP_DigestSign(context.get(), octets_of(signature.data()), &size, digest.data(), digest.size()) == 1;
      if (done) contexts_->ed25519.give_back(std::move(context));
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
