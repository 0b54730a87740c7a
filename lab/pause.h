#pragma once
// SPDX-License-Identifier: Apache-2.0
// Waiting, for servers that are slow on purpose.
#include <chrono>

#include "edge/net/stream.h"
#include "vocab/awaitable.h"

namespace postseal::lab {

Awaitable<void> pause(std::chrono::milliseconds duration);

/// Takes whatever comes and answers nothing, until the peer ends the connection: how every hostile server hangs.
Awaitable<void> swallow(net::Stream* stream);

/// A deadline that no session of the lab outlives: servers go down with the lab, not by their own clock.
Deadline no_hurry();

}  // namespace postseal::lab
