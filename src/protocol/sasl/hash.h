#pragma once
// SPDX-License-Identifier: Apache-2.0
// SHA-256, HMAC, PBKDF2, random octets and a comparison that takes the same time whatever differs: OpenSSL's.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postseal::sasl {

inline constexpr std::size_t kHashSize = 32;

std::string sha256(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);
/// RFC 5802 §2.2 Hi().
std::string pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations);
std::string random_octets(std::size_t count);
bool equal_in_constant_time(std::string_view a, std::string_view b);
std::string exclusive_or(std::string_view a, std::string_view b);
void wipe(std::string& secret);

}  // namespace postseal::sasl
