// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/server_facts.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <string_view>

#include "edge/tls/openssl_ptr.h"
#include "edge/tls/tls_error.h"

namespace postseal::tls {

namespace {

std::string group_of(SSL* ssl) {
  const auto id = SSL_get_negotiated_group(ssl);
  if (id == 0) return {};
  const char* name = SSL_group_to_name(ssl, static_cast<int>(id));
  const std::string_view text = name == nullptr ? "" : name;
  // As other servers and their users write them.
  if (text == "x25519") return "X25519";
  if (text == "x448") return "X448";
  if (text == "secp256r1" || text == "prime256v1") return "P-256";
  if (text == "secp384r1") return "P-384";
  if (text == "secp521r1") return "P-521";
  return std::string(text);
}

std::string subject_of(const X509* certificate) {
  const BioPtr text(BIO_new(BIO_s_mem()));
  if (!text || X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) return {};
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(text.get(), &bytes);
  return {bytes, length > 0 ? static_cast<std::size_t>(length) : 0};
}

/// RFC 9266 §4 MUST: this label, no context, 32 octets.
std::string exporter_of(SSL* ssl) {
  static constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
  std::array<unsigned char, 32> bytes{};
  if (SSL_export_keying_material(ssl, bytes.data(), bytes.size(), kLabel.data(), kLabel.size(), bytes.data(), 0, 1) !=
      1) {
    forget_openssl_errors();
    return {};
  }
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// RFC 5929 §4.1: the hash of our certificate with the hash of its signature, SHA-256 in place of MD5 and SHA-1.
std::string end_point_of(SSL* ssl) {
  X509* certificate = SSL_get_certificate(ssl);
  int digest = NID_undef;
  if (certificate == nullptr || X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) != 1) {
    forget_openssl_errors();
    return {};
  }
  if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
  const EVP_MD* hash = EVP_get_digestbynid(digest);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned length = 0;
  if (hash == nullptr || X509_digest(certificate, hash, bytes.data(), &length) != 1) {
    forget_openssl_errors();
    return {};
  }
  return {reinterpret_cast<const char*>(bytes.data()), length};
}

}  // namespace

ServerContext::Session facts_of(SSL* ssl, bool bound) {
  ServerContext::Session session;
  session.version = SSL_get_version(ssl);
  session.cipher = SSL_get_cipher_name(ssl);
  session.group = group_of(ssl);
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) session.sni = name;
  session.resumed = SSL_session_reused(ssl) == 1;
  if (const X509* client = SSL_get0_peer_certificate(ssl)) {
    session.client_name = subject_of(client);
    session.client_verified = SSL_get_verify_result(ssl) == X509_V_OK;
  }
  if (!bound) return session;
  // RFC 9266 §4.2: before TLS 1.3 the exporter is unique only with the extended master secret; the certificate's hash
  // is what clients of that age expect.
  const bool exporter = SSL_version(ssl) >= TLS1_3_VERSION;
  session.binding = exporter ? exporter_of(ssl) : end_point_of(ssl);
  if (!session.binding.empty()) session.binding_type = exporter ? "tls-exporter" : "tls-server-end-point";
  return session;
}

}  // namespace postseal::tls
