#pragma once
// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, version 2 (haproxy's proxy-protocol.txt): a proxy says in front of the session who the client is.
// Version 1 is refused: it is a line of text that a client could have sent. Believed from configured peers only (A38).
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "edge/net/stream.h"
#include "vocab/ip_address.h"

namespace postseal::net {

struct ProxiedClient {
  IpAddress address;
  std::uint16_t port = 0;
  bool operator==(const ProxiedClient&) const = default;
};

/// More bytes are needed before it can be said how long the header is, or than have come.
struct ProxyHeaderIncomplete {
  std::size_t missing = 0;  ///< at least; reading so many never takes bytes of the session
};
struct ProxyHeader {
  std::size_t length = 0;               ///< of the header
  std::optional<ProxiedClient> client;  ///< empty: the proxy itself asks (LOCAL: a health check), or no TCP
};
struct ProxyHeaderRefused {
  std::string why;
};
using ProxyHeaderResult = std::variant<ProxyHeaderIncomplete, ProxyHeader, ProxyHeaderRefused>;

/// The longest header that is read, with its type-length-value fields, which are skipped.
inline constexpr std::size_t kMaxProxyHeader = 2048;

ProxyHeaderResult parse_proxy_header(std::string_view bytes);

/// Takes exactly the header from the stream. Error code Other: what came is no header; the connection is to be closed.
Awaitable<std::expected<ProxyHeader, IoError>> read_proxy_header(Stream* stream, Deadline deadline);

}  // namespace postseal::net
