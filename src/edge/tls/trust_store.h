#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a TrustStore holds. Only this room's own files include it: it shows OpenSSL.
#include "edge/tls/openssl_ptr.h"
#include "edge/tls/verify.h"

namespace postseal::tls {

struct TrustStore::Handle {
  X509StorePtr store{X509_STORE_new()};
};

}  // namespace postseal::tls
