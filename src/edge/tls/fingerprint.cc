// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/fingerprint.h"

#include <openssl/sha.h>

namespace postseal::tls {

std::string sha256_fingerprint(const Bytes& der) {
  Bytes digest(SHA256_DIGEST_LENGTH);
  SHA256(der.data(), der.size(), digest.data());
  return to_hex(digest);
}

}  // namespace postseal::tls
