#pragma once
// SPDX-License-Identifier: Apache-2.0
// The queue as operators see it. Behind it stands queue::Queue with its store; tests have a fake.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flow/queue/queue.h"
#include "protocol/spool/store.h"
#include "vocab/awaitable.h"

namespace postseal::admin {

enum class Operation { Flush, Hold, Release, Remove, Reroute, Bounce };
/// "flush", "hold", "release", "delete", "reroute", "bounce".
std::string_view to_string(Operation operation);

/// All calls come on the queue's executor.
class QueueDoor {
 public:
  virtual ~QueueDoor() = default;
  virtual Awaitable<queue::Listing> list(queue::Selector selector, std::size_t limit, spool::LetterId after) = 0;
  virtual spool::StoreResult<queue::ListedLetter> show(spool::LetterId id) = 0;
  /// argument: the next hop of Reroute, the reason of Bounce.
  virtual Awaitable<queue::Tally> operate(Operation operation, queue::Selector selector, std::string argument) = 0;
  virtual queue::Statistics statistics() const = 0;
  virtual void set_limits(std::string_view pattern, std::optional<queue::LimitChange> limits) = 0;
  virtual spool::StoreResult<std::vector<std::string>> trace(spool::LetterId id) = 0;
};

/// REQUIRES: both outlive it.
std::unique_ptr<QueueDoor> door_to(queue::Queue& queue, spool::Store& store);

}  // namespace postseal::admin
