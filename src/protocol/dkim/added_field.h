#pragma once
// SPDX-License-Identifier: Apache-2.0
// A signature that holds, and a message that shows something else: RFC 6376 §8.15. For DKIM and for ARC.
#include <optional>
#include <span>
#include <string_view>

#include "protocol/dkim/message_pass.h"

namespace postseal::dkim {

/// The name of a field that a message has once, and that is there more often than it is signed by an h= of these names;
/// nullopt: none is.
std::optional<std::string_view> find_added_field(const MessagePass& pass, std::span<const std::string_view> names);

}  // namespace postseal::dkim
