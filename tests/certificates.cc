// SPDX-License-Identifier: Apache-2.0
#include "tests/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <memory>
#include <stdexcept>

namespace postseal::tests {

namespace {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;

void must(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("a test certificate cannot be made: ") + what);
}

PkeyPtr make_key(KeyKind kind) {
  switch (kind) {
    case KeyKind::P256:
      return PkeyPtr(EVP_EC_gen("P-256"));
    case KeyKind::P192:
      return PkeyPtr(EVP_EC_gen("P-192"));
    case KeyKind::Rsa1024:
      return PkeyPtr(EVP_RSA_gen(1024));
    case KeyKind::Rsa2048:
      return PkeyPtr(EVP_RSA_gen(2048));
  }
  return nullptr;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value.c_str());
  X509_EXTENSION_free(extension);
}

std::string to_text(const BioPtr& bio) {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(count)};
}

template <class T, class Encode>
Bytes to_der(T* object, Encode encode) {
  unsigned char* bytes = nullptr;
  const int length = encode(object, &bytes);
  must(length > 0, "DER");
  Bytes der(bytes, bytes + length);
  OPENSSL_free(bytes);
  return der;
}

std::string subject_alternative_names(const CertificateAsk& ask) {
  std::string value;
  for (const auto& name : ask.dns_names) value += (value.empty() ? "DNS:" : ",DNS:") + name;
  for (const auto& address : ask.ip_addresses) value += (value.empty() ? "IP:" : ",IP:") + address;
  return value;
}

Bytes digest_of(const Bytes& data, int matching_type) {
  if (matching_type == 0) return data;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  must(EVP_Digest(data.data(), data.size(), digest, &size, matching_type == 1 ? EVP_sha256() : EVP_sha512(), nullptr) ==
           1,
       "digest");
  return {digest, digest + size};
}

}  // namespace

Certificate issue(const CertificateAsk& ask, const Certificate* issuer) {
  const PkeyPtr key = make_key(ask.key);
  must(key != nullptr, "key");
  const X509Ptr made(X509_new());
  X509* certificate = made.get();
  static std::atomic<long> serial{1};
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<time_t>(ask.from.time_since_epoch().count()));
  ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(ask.until.time_since_epoch().count()));
  X509_set_pubkey(certificate, key.get());
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(ask.common_name.c_str()), -1, -1, 0);

  X509Ptr issuer_certificate;
  PkeyPtr issuer_key;
  if (issuer != nullptr) {
    const unsigned char* at = issuer->der.data();
    issuer_certificate.reset(d2i_X509(nullptr, &at, static_cast<long>(issuer->der.size())));
    const BioPtr text(BIO_new_mem_buf(issuer->key_pem.data(), static_cast<int>(issuer->key_pem.size())));
    issuer_key.reset(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
    must(issuer_certificate && issuer_key, "issuer");
  }
  X509* signer = issuer != nullptr ? issuer_certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));

  std::string constraints = ask.ca ? "critical,CA:TRUE" : "critical,CA:FALSE";
  if (ask.path_length) constraints += ",pathlen:" + std::to_string(*ask.path_length);
  add_extension(certificate, signer, NID_basic_constraints, constraints);
  add_extension(certificate, signer, NID_subject_key_identifier, "hash");
  if (ask.ca) add_extension(certificate, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  if (!ask.ca && !ask.extended_key_usage.empty())
    add_extension(certificate, signer, NID_ext_key_usage, ask.extended_key_usage);
  if (!ask.name_constraints.empty())
    add_extension(certificate, signer, NID_name_constraints, "critical," + ask.name_constraints);
  if (const std::string names = subject_alternative_names(ask); !names.empty())
    add_extension(certificate, signer, NID_subject_alt_name, names);

  const EVP_MD* digest = EVP_get_digestbyname(ask.digest.c_str());
  must(digest != nullptr && X509_sign(certificate, issuer_key ? issuer_key.get() : key.get(), digest) > 0, "signature");

  Certificate result;
  result.der = to_der(certificate, i2d_X509);
  result.public_key = to_der(key.get(), i2d_PUBKEY);
  const BioPtr pem(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(pem.get(), certificate);
  result.pem = to_text(pem);
  const BioPtr key_pem(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  result.key_pem = to_text(key_pem);
  return result;
}

dns::TlsaRecord tlsa_of(const Certificate& certificate, int usage, int selector, int matching_type) {
  return {static_cast<std::uint8_t>(usage), static_cast<std::uint8_t>(selector),
          static_cast<std::uint8_t>(matching_type),
          digest_of(selector == 0 ? certificate.der : certificate.public_key, matching_type)};
}

dns::TlsaRecord wrong_tlsa(int usage, int selector, int matching_type) {
  return {static_cast<std::uint8_t>(usage), static_cast<std::uint8_t>(selector),
          static_cast<std::uint8_t>(matching_type), Bytes(matching_type == 2 ? 64 : 32, 0xab)};
}

}  // namespace postseal::tests
