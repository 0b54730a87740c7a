#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is said about a key that is not in the table: the nearest one that is, and which there are.
#include <string>
#include <string_view>

namespace postseal::settings {

/// "unknown key; did you mean delivery.port? known here: ...", for a full key such as "delivery.prot".
std::string unknown_key(std::string_view key);

}  // namespace postseal::settings
