#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a peer writes is shown to people: nothing in it may move their cursor, end their line or break their JSON.
#include <string>
#include <string_view>

namespace postseal::smtp {

/// Fit for terminals, logs and JSON: controls, what nobody sees, and bytes that are not UTF-8 become '?'.
std::string printable(std::string_view text);
/// Printable ASCII only: printable() would change nothing.
bool is_plain(std::string_view text);
/// RFC 3629 §4.
bool is_utf8(std::string_view text);

}  // namespace postseal::smtp
