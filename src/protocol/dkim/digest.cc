// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/digest.h"

#include <new>

#include "protocol/dkim/openssl.h"

namespace postseal::dkim {

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return md;
}

namespace {

/// A context costs more than hashing a header: each thread keeps the one that it let go last.
thread_local MdCtxPtr kept;

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { kept.reset(context); }

Sha256::Sha256() : context_(kept ? kept.release() : EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex2(context_.get(), sha256_algorithm(), nullptr) != 1) throw std::bad_alloc();
}

void Sha256::update(std::string_view octets) {
  if (EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) != 1) throw std::bad_alloc();
}

Digest Sha256::so_far() const {
  const MdCtxPtr copy(EVP_MD_CTX_new());
  Digest digest;
  if (!copy || EVP_MD_CTX_copy_ex(copy.get(), context_.get()) != 1 ||
      EVP_DigestFinal_ex(copy.get(), digest.data(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  return digest;
}

Digest Sha256::finish() {
  Digest digest;
  if (EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1) throw std::bad_alloc();
  return digest;
}

Digest sha256(std::string_view octets) {
  Sha256 hash;
  hash.update(octets);
  return hash.finish();
}

}  // namespace postseal::dkim
