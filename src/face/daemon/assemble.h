#pragma once
// SPDX-License-Identifier: Apache-2.0
// The start of the server, step by step, in the only order that works: ports while we may be root, files and threads
// when we no longer are. A private header of this room.
#include <expected>

#include "face/daemon/parts.h"

namespace postseal::daemon {

/// Everything is built and the ports are bound; nothing runs yet.
std::expected<void, Failure> assemble(Parts& parts);

}  // namespace postseal::daemon
