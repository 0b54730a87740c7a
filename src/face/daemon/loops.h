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

  /// What a thread that is none of these does for them: they do not rest before it is back.
  /// REQUIRES: is destroyed by a handler of one of them, which looks for further work afterwards.
  class Errand {
   public:
    explicit Errand(Loops& loops) : at_work_(loops.at_work_) { at_work_.fetch_add(1, std::memory_order_relaxed); }
    ~Errand() { at_work_.fetch_sub(1, std::memory_order_relaxed); }
    Errand(const Errand&) = delete;
    Errand& operator=(const Errand&) = delete;

   private:
    std::atomic<int>& at_work_;
  };

 private:
  const std::function<void()> all_rest_;
  std::atomic<int> at_work_{0};
};

}  // namespace postseal::daemon
