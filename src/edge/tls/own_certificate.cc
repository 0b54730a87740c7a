// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/own_certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "edge/tls/chain_text.h"
#include "edge/tls/openssl_ptr.h"
#include "edge/tls/tls_error.h"
#include "vocab/ascii.h"

namespace postseal::tls {

namespace {

std::unexpected<std::string> fail(std::string_view what) {
  const unsigned long error = take_openssl_error();
  return std::unexpected(std::string(what) + (error == 0 ? "" : ": " + describe_openssl_error(error)));
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(count)};
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// RFC 5280 §4.1.2.2: positive, at most 20 octets, from chance.
bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> octets{};
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1) return false;
  octets[0] = static_cast<unsigned char>((octets[0] & 0x7fU) | 0x40U);
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(
      BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_subject(X509* certificate, const std::string& name) {
  // ub-common-name of RFC 5280 is 64; who looks at names looks at the alternative ones.
  const std::string common = name.size() <= 64 ? name : "postseal";
  X509_NAME* subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.c_str()),
                                    -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

WallTime moment(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime(Seconds(::timegm(&parts)));
}

std::string key_digest(X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (length <= 0) return {};
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(der, static_cast<std::size_t>(length), digest.data());
  OPENSSL_free(der);
  return to_hex(digest);
}

std::vector<std::string> dns_names(X509* certificate) {
  std::vector<std::string> names;
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_DNS) continue;
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                       static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(list);
  return names;
}

}  // namespace

std::expected<MadeCertificate, std::string> make_self_signed(const std::vector<std::string>& names, WallTime from,
                                                             WallTime until) {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate(X509_new());
  if (!key || !certificate) return fail("a key cannot be made");
  std::string alternatives;
  for (const std::string& name : names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  const bool made = X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_serial(certificate.get()) &&
                    set_subject(certificate.get(), names.front()) &&
                    ASN1_TIME_set(X509_getm_notBefore(certificate.get()), from.time_since_epoch().count()) != nullptr &&
                    ASN1_TIME_set(X509_getm_notAfter(certificate.get()), until.time_since_epoch().count()) != nullptr &&
                    X509_set_pubkey(certificate.get(), key.get()) == 1 &&
                    add_extension(certificate.get(), NID_subject_alt_name, alternatives) &&
                    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature") &&
                    add_extension(certificate.get(), NID_ext_key_usage, "serverAuth") &&
                    add_extension(certificate.get(), NID_subject_key_identifier, "hash") &&
                    X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  if (!made) return fail("a certificate cannot be made");
  const BioPtr chain(BIO_new(BIO_s_mem())), secret(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(chain.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return fail("a certificate cannot be written");
  return MadeCertificate{text_of(chain.get()), text_of(secret.get())};
}

std::expected<CertificateFacts, std::string> read_certificate(std::string_view chain_pem) {
  const auto chain = parse_chain_pem(chain_pem);
  if (!chain) return std::unexpected(chain.error());
  const unsigned char* der = chain->front().data();
  const X509Ptr certificate(d2i_X509(nullptr, &der, static_cast<long>(chain->front().size())));
  if (!certificate) return fail("the certificate cannot be read");
  CertificateFacts facts;
  facts.names = dns_names(certificate.get());
  facts.from = moment(X509_get0_notBefore(certificate.get()));
  facts.until = moment(X509_get0_notAfter(certificate.get()));
  facts.self_signed = X509_self_signed(certificate.get(), 1) == 1;
  facts.key_digest = key_digest(certificate.get());
  forget_openssl_errors();
  return facts;
}

bool covers(const CertificateFacts& facts, std::string_view host) {
  return std::ranges::any_of(facts.names, [&](const std::string& name) {
    if (equals_ignoring_case(name, host)) return true;
    const std::size_t dot = host.find('.');
    return name.starts_with("*.") && dot != std::string_view::npos &&
           equals_ignoring_case(std::string_view(name).substr(1), host.substr(dot));
  });
}

}  // namespace postseal::tls
