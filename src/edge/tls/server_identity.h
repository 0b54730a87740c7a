#pragma once
// SPDX-License-Identifier: Apache-2.0
// A certificate chain and its key on an OpenSSL context, and the names it is for. Only this room's own files include
// it: it shows OpenSSL.
#include <expected>
#include <string>
#include <vector>

#include "edge/tls/openssl_ptr.h"

namespace postseal::tls {

/// The error says which of the two is refused, and why.
std::expected<void, std::string> use_identity(SSL_CTX* context, const std::string& chain_pem,
                                              const std::string& key_pem);

/// RFC 9525 §6.3: DNS-IDs, lower case; "*.example.org" as it stands there.
std::vector<std::string> names_of(const SSL_CTX* context);

std::unexpected<std::string> refused_by_openssl(const std::string& what);

}  // namespace postseal::tls
