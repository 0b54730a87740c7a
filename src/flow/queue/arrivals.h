#pragma once
// SPDX-License-Identifier: Apache-2.0
// Letters on their way from the sessions' threads to the queue's. The first one wakes the queue's thread at once; those
// that follow closely are fetched together, so that a busy server does not wake it for each.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <mutex>
#include <vector>

#include "protocol/spool/letter.h"

namespace postseal::queue {

class Arrivals {
 public:
  using Admit = std::function<void(spool::QueuedLetter)>;
  /// admit is called on the executor, in the order of put(). apart: the least time between two wakes.
  Arrivals(boost::asio::any_io_executor executor, std::chrono::milliseconds apart, Admit admit);

  /// Safe from any thread.
  void put(spool::QueuedLetter letter);
  /// On the executor: whoever looks at the queue sees every letter that was put before.
  void fetch();

 private:
  void look();

  boost::asio::any_io_executor executor_;
  const std::chrono::milliseconds apart_;
  const Admit admit_;
  boost::asio::steady_timer timer_;
  std::mutex mutex_;
  std::vector<spool::QueuedLetter> letters_;
  bool looking_ = false;  ///< the executor will look by itself
};

}  // namespace postseal::queue
