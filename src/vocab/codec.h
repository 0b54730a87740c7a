#pragma once
// SPDX-License-Identifier: Apache-2.0
// Hex and base64 (RFC 4648).
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postseal {

using Bytes = std::vector<std::uint8_t>;

/// Lower case.
std::string to_hex(std::span<const std::uint8_t> bytes);
/// Either case; blanks between digits are skipped (TLSA presentation format has them); nullopt on anything else.
std::optional<Bytes> from_hex(std::string_view text);
std::string to_base64(std::span<const std::uint8_t> bytes);
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace postseal
