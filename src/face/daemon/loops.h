#pragma once
// SPDX-License-Identifier: Apache-2.0
// Threads' loops that tell when all of them have nothing left to do. A private header of this room.
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>

namespace postseal::daemon {

class Loops {
 public:
  /// Called often, by the thread that was the last to have something to do.
  explicit Loops(std::function<void()> all_rest) : all_rest_(std::move(all_rest)) {}

  /// As context.run().
  void run(boost::asio::io_context& context);

 private:
  const std::function<void()> all_rest_;
  std::atomic<int> at_work_{0};
};

}  // namespace postseal::daemon
