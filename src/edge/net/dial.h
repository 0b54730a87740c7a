#pragma once
// SPDX-License-Identifier: Apache-2.0
// Opening TCP connections: one address at a time is asked, the next one joins after a short head start (RFC 8305), the
// first that answers wins.
#include <expected>
#include <memory>
#include <vector>

#include "edge/net/stream.h"
#include "vocab/ip_address.h"

namespace postseal::net {

struct Dialled {
  std::unique_ptr<Stream> stream;
  IpAddress address;
};

struct DialFailure {
  IpAddress address;
  IoError error;
};

struct DialSettings {
  std::chrono::milliseconds head_start{250};
};

/// REQUIRES: addresses is not empty. Tries them in order. On failure: one entry for every address that was tried, at
/// least one.
Awaitable<std::expected<Dialled, std::vector<DialFailure>>> dial_tcp(std::vector<IpAddress> addresses,
                                                                     std::uint16_t port, DialSettings settings,
                                                                     Deadline deadline);

}  // namespace postseal::net
