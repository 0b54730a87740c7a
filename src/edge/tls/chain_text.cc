// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/chain_text.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <climits>
#include <new>

#include "edge/tls/openssl_ptr.h"
#include "edge/tls/tls_error.h"

namespace postseal::tls {

std::expected<std::vector<Bytes>, std::string> parse_chain_pem(std::string_view text) {
  forget_openssl_errors();
  if (text.size() > INT_MAX) return std::unexpected(std::string("too large"));
  const BioPtr input(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!input) throw std::bad_alloc();
  std::vector<Bytes> chain;
  while (const X509Ptr certificate{PEM_read_bio_X509(input.get(), nullptr, nullptr, nullptr)}) {
    unsigned char* bytes = nullptr;
    const int length = i2d_X509(certificate.get(), &bytes);
    if (length < 0) throw std::bad_alloc();
    chain.emplace_back(bytes, bytes + length);
    OPENSSL_free(bytes);
  }
  const unsigned long end = ERR_peek_last_error();
  forget_openssl_errors();
  if (ERR_GET_LIB(end) != ERR_LIB_PEM || ERR_GET_REASON(end) != PEM_R_NO_START_LINE)
    return std::unexpected("certificate " + std::to_string(chain.size() + 1) +
                           " is broken: " + describe_openssl_error(end));
  if (chain.empty()) return std::unexpected(std::string("there is no PEM certificate in it"));
  return chain;
}

}  // namespace postseal::tls
