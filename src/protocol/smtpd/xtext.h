#pragma once
// SPDX-License-Identifier: Apache-2.0
// xtext (RFC 3461 §4): printable ASCII in which "+2B" stands for one octet.
#include <optional>
#include <string>
#include <string_view>

namespace postseal::smtpd {

/// nullopt if it is not xtext.
std::optional<std::string> decode_xtext(std::string_view text);

}  // namespace postseal::smtpd
