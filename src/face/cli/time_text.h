#pragma once
// SPDX-License-Identifier: Apache-2.0
// A moment as people type it.
#include <optional>
#include <string_view>

#include "vocab/clock.h"

namespace postseal::cli {

/// RFC 3339 ("2026-01-31T12:00:00Z", "2026-01-31 12:00:00.5+01:00") or seconds since 1970. Fractions are cut off.
std::optional<WallTime> parse_time_text(std::string_view text);

}  // namespace postseal::cli
