// SPDX-License-Identifier: Apache-2.0
#include "lab/certificate.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace postseal::lab {
namespace {

template <auto Free>
struct Freer {
  void operator()(auto* pointer) const { Free(pointer); }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freer<Free>>;

std::string openssl_reason() {
  char text[256] = "no reason given";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

void require(bool good, const char* what) {
  if (!good) throw CryptoTrouble(what);
}

void add_extension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
  const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str()));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

void push_name(GENERAL_NAMES* names, int type, const std::string& octets) {
  ASN1_STRING* value = ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
  require(value && ASN1_STRING_set(value, octets.data(), static_cast<int>(octets.size())) == 1, "subjectAltName");
  GENERAL_NAME* name = GENERAL_NAME_new();
  require(name != nullptr, "subjectAltName");
  GENERAL_NAME_set0_value(name, type, value);
  require(sk_GENERAL_NAME_push(names, name) > 0, "subjectAltName");
}

/// Not by the text form: a world's names may hold characters that mean something there.
void add_alternative_names(X509* certificate, const CertificateRequest& request) {
  if (request.dns_names.empty() && request.addresses.empty()) return;
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(GENERAL_NAMES_new());
  require(names != nullptr, "subjectAltName");
  for (const std::string& name : request.dns_names) push_name(names.get(), GEN_DNS, name);
  for (const IpAddress& address : request.addresses) {
    push_name(names.get(), GEN_IPADD, std::string(address.bytes().begin(), address.bytes().end()));
  }
  require(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_APPEND) == 1,
          "subjectAltName");
}

void set_subject(X509* certificate, const CertificateRequest& request) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto add = [&](const char* field, const std::string& value) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(value.c_str());
    require(X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, bytes, -1, -1, 0) == 1, "subject");
  };
  add("O", "Postseal lab");
  if (!request.common_name.empty()) add("CN", request.common_name);
}

void set_serial(X509* certificate) {
  unsigned char random[8];
  require(RAND_bytes(random, sizeof random) == 1, "serial number");
  random[0] = (random[0] & 0x7f) | 0x01;
  const Owned<BIGNUM, BN_free> number(BN_bin2bn(random, sizeof random, nullptr));
  require(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr, "serial number");
}

std::string drain(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

CryptoTrouble::CryptoTrouble(const std::string& what) : std::runtime_error(what + ": " + openssl_reason()) {}

PrivateKey make_key(const std::string& kind) {
  EVP_PKEY* key = nullptr;
  if (kind == "p256") key = EVP_EC_gen("P-256");
  if (kind == "p192") key = EVP_EC_gen("prime192v1");
  if (kind == "p384") key = EVP_EC_gen("P-384");
  if (kind == "ed25519") key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (kind == "rsa2048") key = EVP_RSA_gen(2048);
  if (kind == "rsa1024") key = EVP_RSA_gen(1024);
  require(key != nullptr, "key");
  return PrivateKey(key, EVP_PKEY_free);
}

Certificate make_certificate(const CertificateRequest& request, const PrivateKey& key, const Certificate* issuer) {
  const std::shared_ptr<X509> made(X509_new(), X509_free);
  X509* certificate = made.get();
  require(certificate && X509_set_version(certificate, X509_VERSION_3) == 1, "certificate");
  set_serial(certificate);
  set_subject(certificate, request);
  require(X509_gmtime_adj(X509_getm_notBefore(certificate), request.lifetime.begins) &&
              X509_gmtime_adj(X509_getm_notAfter(certificate), request.lifetime.ends),
          "validity");
  require(X509_set_pubkey(certificate, key.get()) == 1, "public key");
  X509* parent = issuer ? issuer->x509.get() : certificate;
  require(X509_set_issuer_name(certificate, X509_get_subject_name(parent)) == 1, "issuer");

  X509V3_CTX context;
  X509V3_set_ctx(&context, parent, certificate, nullptr, nullptr, 0);
  if (request.authority) {
    const std::string length = request.path_length ? ",pathlen:" + std::to_string(*request.path_length) : "";
    add_extension(certificate, &context, NID_basic_constraints, "critical,CA:TRUE" + length);
    add_extension(certificate, &context, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else if (issuer) {
    add_extension(certificate, &context, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, &context, NID_key_usage, "critical,digitalSignature");
  }
  add_extension(certificate, &context, NID_subject_key_identifier, "hash");
  if (issuer) add_extension(certificate, &context, NID_authority_key_identifier, "keyid");
  if (!request.extended_key_usage.empty()) {
    add_extension(certificate, &context, NID_ext_key_usage, request.extended_key_usage);
  }
  if (!request.permitted_name.empty()) {
    add_extension(certificate, &context, NID_name_constraints, "critical,permitted;DNS:" + request.permitted_name);
  }
  add_alternative_names(certificate, request);

  EVP_PKEY* signer = issuer ? issuer->key.get() : key.get();
  const bool own_digest = EVP_PKEY_is_a(signer, "ED25519") == 1;
  const EVP_MD* digest = own_digest ? nullptr : EVP_get_digestbyname(request.digest.c_str());
  require(X509_sign(certificate, signer, digest) > 0, "signature");
  return {made, key};
}

std::string to_pem(const Certificate& certificate) {
  const Owned<BIO, BIO_free> memory(BIO_new(BIO_s_mem()));
  require(memory && PEM_write_bio_X509(memory.get(), certificate.x509.get()) == 1, "PEM");
  return drain(memory.get());
}

std::string to_pem(const PrivateKey& key) {
  const Owned<BIO, BIO_free> memory(BIO_new(BIO_s_mem()));
  require(memory && PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "PEM");
  return drain(memory.get());
}

Bytes to_der(const Certificate& certificate) {
  unsigned char* data = nullptr;
  const int size = i2d_X509(certificate.x509.get(), &data);
  require(size > 0, "DER");
  const Bytes bytes(data, data + size);
  OPENSSL_free(data);
  return bytes;
}

}  // namespace postseal::lab
