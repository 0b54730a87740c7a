// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/arrivals.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace postseal::queue {

Arrivals::Arrivals(boost::asio::any_io_executor executor, std::chrono::milliseconds apart, Admit admit)
    : executor_(std::move(executor)), apart_(apart), admit_(std::move(admit)), timer_(executor_) {}

void Arrivals::put(spool::QueuedLetter letter) {
  {
    const std::lock_guard lock(mutex_);
    letters_.push_back(std::move(letter));
    if (std::exchange(looking_, true)) return;
  }
  boost::asio::post(executor_, [this] { look(); });
}

void Arrivals::fetch() {
  std::vector<spool::QueuedLetter> letters;
  {
    const std::lock_guard lock(mutex_);
    letters.swap(letters_);
  }
  for (auto& letter : letters) admit_(std::move(letter));
}

void Arrivals::look() {
  fetch();
  timer_.expires_after(apart_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    {
      const std::lock_guard lock(mutex_);
      looking_ = !letters_.empty();
      if (!looking_) return;
    }
    look();
  });
}

}  // namespace postseal::queue
