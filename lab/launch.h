#pragma once
// SPDX-License-Identifier: Apache-2.0
// Starts work on an executor whose io_context owns it: it ends by itself or goes down with the context.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/this_coro.hpp>

#include "vocab/awaitable.h"

namespace postseal::lab {

/// An exception that leaves the work is a bug of the lab and leaves the io_context's run().
void launch(const boost::asio::any_io_executor& executor, Awaitable<void> work);

}  // namespace postseal::lab
