#pragma once
// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "vocab/clock.h"

namespace postseal::dsn {

/// RFC 5322 §3.3: "Sun, 22 Nov 2026 08:00:00 +0000".
std::string format_date(WallTime time);

}  // namespace postseal::dsn
