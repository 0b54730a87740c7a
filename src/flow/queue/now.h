#pragma once
// SPDX-License-Identifier: Apache-2.0
// The time, as it is handed to the scheduler: the wall's for what outlasts a restart, the steady one for what is
// measured.
#include "vocab/clock.h"

namespace postseal::queue {

struct Now {
  WallTime wall{};
  SteadyTime steady{};
};

}  // namespace postseal::queue
