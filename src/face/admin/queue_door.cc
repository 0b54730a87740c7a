// SPDX-License-Identifier: Apache-2.0
#include "face/admin/queue_door.h"

#include <utility>

namespace postseal::admin {

namespace {

class QueueAndStore final : public QueueDoor {
 public:
  QueueAndStore(queue::Queue& queue, spool::Store& store) : queue_(queue), store_(store) {}

  Awaitable<queue::Listing> list(queue::Selector selector, std::size_t limit, spool::LetterId after) override {
    return queue_.list(std::move(selector), limit, after);
  }
  spool::StoreResult<queue::ListedLetter> show(spool::LetterId id) override { return queue_.show(id); }
  Awaitable<queue::Tally> operate(Operation operation, queue::Selector selector, std::string argument) override {
    switch (operation) {
      case Operation::Flush:
        return queue_.flush(std::move(selector));
      case Operation::Hold:
        return queue_.hold(std::move(selector));
      case Operation::Release:
        return queue_.release(std::move(selector));
      case Operation::Remove:
        return queue_.remove(std::move(selector));
      case Operation::Reroute:
        return queue_.reroute(std::move(selector), std::move(argument));
      case Operation::Bounce:
        return queue_.bounce(std::move(selector), std::move(argument));
    }
    std::unreachable();
  }
  queue::Statistics statistics() const override { return queue_.statistics(); }
  void set_limits(std::string_view pattern, std::optional<queue::LimitChange> limits) override {
    queue_.set_limits(pattern, limits);
  }
  spool::StoreResult<std::vector<std::string>> trace(spool::LetterId id) override { return store_.trace(id); }

 private:
  queue::Queue& queue_;
  spool::Store& store_;
};

}  // namespace

std::unique_ptr<QueueDoor> door_to(queue::Queue& queue, spool::Store& store) {
  return std::make_unique<QueueAndStore>(queue, store);
}

}  // namespace postseal::admin
