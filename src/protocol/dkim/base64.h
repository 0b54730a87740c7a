#pragma once
// SPDX-License-Identifier: Apache-2.0
// base64 as DKIM writes it: blanks and folds anywhere, padding may be missing. RFC 6376 §2.10.
#include <optional>
#include <string>
#include <string_view>

namespace postseal::dkim {

/// nullopt: other characters, something behind the padding, or a length that no octets have.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace postseal::dkim
