#pragma once
// SPDX-License-Identifier: Apache-2.0
// Arithmetic that takes long goes elsewhere, so that the thread that asked can serve others meanwhile.
#include <functional>

#include "vocab/awaitable.h"

namespace postseal {

/// Runs the work on a thread that may be kept busy, and resumes the caller on its own executor when it is done. The
/// work must not throw.
using Offload = std::function<Awaitable<void>(std::function<void()> work)>;

}  // namespace postseal
