#pragma once
// SPDX-License-Identifier: Apache-2.0
// Threads for signatures: an Offload that runs its work there. A private header of this room.
#include <boost/asio/thread_pool.hpp>

#include "vocab/offload.h"

namespace postseal::daemon {

/// REQUIRES: the pool outlives everything that may be resumed.
Offload offload_to(boost::asio::thread_pool& pool);

}  // namespace postseal::daemon
