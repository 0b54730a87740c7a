// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/loops.h"

namespace postseal::daemon {

void Loops::run(boost::asio::io_context& context) {
  while (!context.stopped()) {
    at_work_.fetch_add(1, std::memory_order_relaxed);
    context.poll();
    if (at_work_.fetch_sub(1, std::memory_order_relaxed) == 1) all_rest_();
    context.run_one();
  }
}

}  // namespace postseal::daemon
