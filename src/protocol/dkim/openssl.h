#pragma once
// SPDX-License-Identifier: Apache-2.0
// Owners for OpenSSL's objects. Only this room's .cc files include it: it shows OpenSSL.
#include <openssl/bio.h>
#include <openssl/evp.h>

#include <memory>
#include <string_view>

namespace postseal::dkim {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    kFree(object);
  }
};

using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;

/// Looked up once (digest.cc): OpenSSL 3 otherwise searches its providers each time it is named.
const EVP_MD* sha256_algorithm();

/// OpenSSL is told how many there are.
inline const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* octets_of(char* text) { return reinterpret_cast<unsigned char*>(text); }

}  // namespace postseal::dkim
