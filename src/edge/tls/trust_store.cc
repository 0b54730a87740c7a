// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/trust_store.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "edge/tls/tls_error.h"

namespace postseal::tls {

TrustStore::TrustStore(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {
  if (!handle_->store) throw std::bad_alloc();
}
TrustStore::TrustStore(TrustStore&&) noexcept = default;
TrustStore& TrustStore::operator=(TrustStore&&) noexcept = default;
TrustStore::~TrustStore() = default;

std::expected<TrustStore, std::string> TrustStore::from_file(const std::string& path) {
  forget_openssl_errors();
  errno = 0;
  const BioPtr file(BIO_new_file(path.c_str(), "r"));
  if (!file) {
    forget_openssl_errors();
    return std::unexpected(path + ": cannot be read: " + std::strerror(errno));
  }
  TrustStore made(std::make_unique<Handle>());
  std::size_t count = 0;
  while (const X509Ptr ca{PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(made.handle_->store.get(), ca.get()) != 1)
      return std::unexpected(path + ": certificate " + std::to_string(count + 1) +
                             " is refused: " + describe_openssl_error(take_openssl_error()));
    ++count;
  }
  const unsigned long end = ERR_peek_last_error();
  forget_openssl_errors();
  if (ERR_GET_LIB(end) != ERR_LIB_PEM || ERR_GET_REASON(end) != PEM_R_NO_START_LINE)
    return std::unexpected(path + ": certificate " + std::to_string(count + 1) +
                           " is broken: " + describe_openssl_error(end));
  if (count == 0) return std::unexpected(path + ": there is no PEM certificate in it");
  return made;
}

TrustStore TrustStore::system() {
  TrustStore made(std::make_unique<Handle>());
  // Certificates are looked up by name when they are needed, so start-up costs nothing. Heeds SSL_CERT_FILE and
  // SSL_CERT_DIR, like every program that uses OpenSSL.
  (void)X509_STORE_set_default_paths(made.handle_->store.get());
  forget_openssl_errors();
  return made;
}

TrustStore TrustStore::empty() { return TrustStore(std::make_unique<Handle>()); }

}  // namespace postseal::tls
