// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/server_identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "edge/tls/tls_error.h"
#include "vocab/ascii.h"

namespace postseal::tls {

std::unexpected<std::string> refused_by_openssl(const std::string& what) {
  const unsigned long error = take_openssl_error();
  return std::unexpected(error == 0 ? what : what + ": " + describe_openssl_error(error));
}

namespace {

std::expected<void, std::string> use_chain(SSL_CTX* context, const std::string& pem) {
  BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr leaf(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  if (!leaf) return refused_by_openssl("the certificate chain has no certificate in PEM");
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return refused_by_openssl("the certificate is refused");
  while (X509Ptr next{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1)
      return refused_by_openssl("a certificate of the chain is refused");
  }
  const unsigned long end = ERR_peek_last_error();
  if (ERR_GET_REASON(end) != PEM_R_NO_START_LINE) return refused_by_openssl("a certificate of the chain is broken");
  forget_openssl_errors();
  return {};
}

std::expected<void, std::string> use_key(SSL_CTX* context, const std::string& pem) {
  BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PkeyPtr key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  if (!key) return refused_by_openssl("the key is no private key in PEM");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return refused_by_openssl("the key does not fit the certificate");
  return {};
}

}  // namespace

std::expected<void, std::string> use_identity(SSL_CTX* context, const std::string& chain_pem,
                                              const std::string& key_pem) {
  if (auto used = use_chain(context, chain_pem); !used) return used;
  return use_key(context, key_pem);
}

std::vector<std::string> names_of(const SSL_CTX* context) {
  std::vector<std::string> names;
  const X509* leaf = SSL_CTX_get0_certificate(context);
  if (leaf == nullptr) return names;
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  for (int at = 0; at < sk_GENERAL_NAME_num(list); ++at) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, at);
    if (name->type != GEN_DNS) continue;
    const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    names.push_back(to_lower({bytes, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}));
  }
  GENERAL_NAMES_free(list);
  return names;
}

}  // namespace postseal::tls
