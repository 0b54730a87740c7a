#pragma once
// SPDX-License-Identifier: Apache-2.0
// Listening TCP sockets.
#include <expected>
#include <memory>
#include <string>

#include "edge/net/stream.h"
#include "vocab/ip_address.h"

namespace postseal::net {

struct Accepted {
  std::unique_ptr<Stream> stream;
  IpAddress peer;
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual Awaitable<std::expected<Accepted, IoError>> accept() = 0;
  /// The port in use, for listeners opened on port 0.
  virtual std::uint16_t port() const = 0;
  /// A waiting accept fails with Cancelled.
  virtual void close() noexcept = 0;
};

/// Bound to the calling coroutine's executor. The error says which address and port, and why.
Awaitable<std::expected<std::unique_ptr<Listener>, IoError>> listen_tcp(IpAddress address, std::uint16_t port);

}  // namespace postseal::net
