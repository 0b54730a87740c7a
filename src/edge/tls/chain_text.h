#pragma once
// SPDX-License-Identifier: Apache-2.0
// A certificate chain as people keep it: PEM, with any text around the blocks.
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "vocab/codec.h"

namespace postseal::tls {

/// The certificates in the order of the text, as DER; blocks of other kinds (keys) are passed over. The error says
/// which certificate is broken, or that there is none.
std::expected<std::vector<Bytes>, std::string> parse_chain_pem(std::string_view text);

}  // namespace postseal::tls
