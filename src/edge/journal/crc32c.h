#pragma once
// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, RFC 3720 §12.1): with the processor's instruction where it has one.
#include <cstdint>
#include <string_view>

namespace postseal::journal {

/// Of what came before (0 for nothing) and these bytes.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

}  // namespace postseal::journal
