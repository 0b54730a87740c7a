#pragma once
// SPDX-License-Identifier: Apache-2.0
// Threads for signatures: an Offload that runs its work there. A private header of this room.
#include <boost/asio/thread_pool.hpp>

#include "face/daemon/loops.h"
#include "vocab/offload.h"

namespace postseal::daemon {

/// The loops do not rest while it is under way for one of them.
/// REQUIRES: pool and loops outlive everything that may be resumed.
Offload offload_to(boost::asio::thread_pool& pool, Loops& loops);

}  // namespace postseal::daemon
