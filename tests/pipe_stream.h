#pragma once
// SPDX-License-Identifier: Apache-2.0
// Two connected Streams in memory, for dialogues without sockets. Deadlines count.
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "edge/net/stream.h"

namespace postseal::tests {

struct PipeSettings {
  /// A write waits while the other side has this much unread: a small pipe shows who deadlocks.
  std::size_t capacity = std::size_t{1} << 20;
  /// The most that one read yields: 1 shows who relies on packets.
  std::size_t largest_read = std::size_t{1} << 20;
  /// Told of everything written, by the first (true) or the second stream, before it moves. May be empty.
  std::function<void(bool first, std::string_view bytes)> wiretap;
};

/// On the calling coroutine's executor, which must run on one thread.
Awaitable<std::pair<std::unique_ptr<net::Stream>, std::unique_ptr<net::Stream>>> make_pipe(PipeSettings settings = {});

}  // namespace postseal::tests
