#pragma once
// SPDX-License-Identifier: Apache-2.0
// The TLS-Required header field: RFC 8689 §3.
#include <string_view>

namespace postseal::message {

/// True only for the value that lowers: "No".
bool value_says_no(std::string_view value);

}  // namespace postseal::message
