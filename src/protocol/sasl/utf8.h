#pragma once
// SPDX-License-Identifier: Apache-2.0
// UTF-8 that somebody types: RFC 3629, without control characters.
#include <optional>
#include <string>
#include <string_view>

namespace postseal::sasl {

/// RFC 3629 §4; nullopt for anything else (overlong forms, surrogates, beyond U+10FFFF).
std::optional<std::u32string> decode_utf8(std::string_view text);
std::string encode_utf8(std::u32string_view points);

/// Well-formed, and no C0, C1 or DEL.
bool is_clean_utf8(std::string_view text);

}  // namespace postseal::sasl
