#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a handshake came to, on the server's side. Only this room's own files include it: it shows OpenSSL.
#include <openssl/ssl.h>

#include "edge/tls/server.h"

namespace postseal::tls {

/// Everything but the stream. bound: with the channel binding.
ServerContext::Session facts_of(SSL* ssl, bool bound);

}  // namespace postseal::tls
