#pragma once
// SPDX-License-Identifier: Apache-2.0
// How a certificate is named in records and logs.
#include <string>

#include "vocab/codec.h"

namespace postseal::tls {

/// Lower-case hex SHA-256 of the DER bytes.
std::string sha256_fingerprint(const Bytes& der);

}  // namespace postseal::tls
