#pragma once
// SPDX-License-Identifier: Apache-2.0
// The text of one cache file. docs/formats/policy-cache.md.
#include <expected>
#include <string>
#include <string_view>

#include "protocol/mtasts/find.h"

namespace postseal::store {

/// A policy of 64 KiB takes less than twice that here.
inline constexpr std::size_t kMaxCacheFile = 256 * 1024;

std::string format_entry(const Domain& policy_domain, const mtasts::CacheEntry& entry);
/// The error says in one clause what is wrong with the text.
std::expected<mtasts::CacheEntry, std::string> parse_entry(const Domain& policy_domain, std::string_view text);

}  // namespace postseal::store
