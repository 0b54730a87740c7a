// SPDX-License-Identifier: Apache-2.0
#include "lab/launch.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>

namespace postseal::lab {

void launch(const boost::asio::any_io_executor& executor, Awaitable<void> work) {
  boost::asio::co_spawn(executor, std::move(work), [](std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
  });
}

}  // namespace postseal::lab
