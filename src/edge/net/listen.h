#pragma once
// SPDX-License-Identifier: Apache-2.0
// Listening TCP sockets: opened here, or handed over by systemd.
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "edge/net/stream.h"
#include "vocab/ip_address.h"

namespace postseal::net {

/// An IPv4 address that a dual-stack socket shows mapped into IPv6 is given as IPv4.
struct Accepted {
  std::unique_ptr<Stream> stream;
  IpAddress peer;
  std::uint16_t peer_port = 0;
  /// Our own end: which of several addresses was dialled.
  IpAddress local = {};
  std::uint16_t local_port = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual Awaitable<std::expected<Accepted, IoError>> accept() = 0;
  /// The port in use, for listeners opened on port 0.
  virtual std::uint16_t port() const = 0;
  virtual IpAddress address() const = 0;
  /// A waiting accept fails with Cancelled.
  virtual void close() noexcept = 0;
};

struct ListenOptions {
  bool reuse_port = false;  ///< several threads listen on the same port, the system spreads the connections
};

/// Bound to the calling coroutine's executor. The error says which address and port, and why.
Awaitable<std::expected<std::unique_ptr<Listener>, IoError>> listen_tcp(IpAddress address, std::uint16_t port);
Awaitable<std::expected<std::unique_ptr<Listener>, IoError>> listen_tcp(IpAddress address, std::uint16_t port,
                                                                        ListenOptions options);
/// All addresses of both families on one socket; IPv4 alone where the system has no IPv6.
Awaitable<std::expected<std::unique_ptr<Listener>, IoError>> listen_everywhere(std::uint16_t port,
                                                                               ListenOptions options);

/// A socket that listens already, bound for us before we started (edge/privileges takes them from systemd).
/// The socket is duplicated, so that several threads can accept from the same one. The error says what it is not.
Awaitable<std::expected<std::unique_ptr<Listener>, IoError>> adopt_listener(int fd);

}  // namespace postseal::net
