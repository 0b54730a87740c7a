#pragma once
// SPDX-License-Identifier: Apache-2.0
// A moment as it stands in records, traces and listings.
#include <string>

#include "vocab/clock.h"

namespace postseal {

/// RFC 3339 §5.6 in UTC: "2026-01-31T12:00:00Z".
std::string moment_text(WallTime at);

}  // namespace postseal
