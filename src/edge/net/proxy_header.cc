// SPDX-License-Identifier: Apache-2.0
#include "edge/net/proxy_header.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace postseal::net {

namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixed = 16;

std::uint8_t byte(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint16_t number(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte(bytes, at) << 8 | byte(bytes, at + 1));
}

template <std::size_t N>
std::array<std::uint8_t, N> octets(std::string_view bytes, std::size_t at) {
  std::array<std::uint8_t, N> result;
  for (std::size_t i = 0; i < N; ++i) result[i] = byte(bytes, at + i);
  return result;
}

/// A38: ::ffff:192.0.2.1 is 192.0.2.1, or limits and networks for IPv4 would not see it.
IpAddress from_v6(std::array<std::uint8_t, 16> octets) {
  const bool mapped = std::all_of(octets.begin(), octets.begin() + 10, [](auto octet) { return octet == 0; }) &&
                      octets[10] == 0xff && octets[11] == 0xff;
  if (mapped) return IpAddress::v4({octets[12], octets[13], octets[14], octets[15]});
  return IpAddress::v6(octets);
}

}  // namespace

ProxyHeaderResult parse_proxy_header(std::string_view bytes) {
  const std::size_t known = std::min(bytes.size(), kSignature.size());
  if (bytes.substr(0, known) != kSignature.substr(0, known)) {
    if (bytes.starts_with("PROXY ")) return ProxyHeaderRefused{"a PROXY header of version 1: only version 2 is taken"};
    return ProxyHeaderRefused{"the connection does not begin with a PROXY header"};
  }
  if (bytes.size() < kFixed) return ProxyHeaderIncomplete{kFixed - bytes.size()};
  if (byte(bytes, 12) >> 4 != 2) return ProxyHeaderRefused{"a PROXY header of an unknown version"};
  const unsigned command = byte(bytes, 12) & 0x0f;
  if (command > 1) return ProxyHeaderRefused{"a PROXY header with an unknown command"};
  const std::size_t length = kFixed + number(bytes, 14);
  if (length > kMaxProxyHeader) return ProxyHeaderRefused{"the PROXY header is too long"};
  if (bytes.size() < length) return ProxyHeaderIncomplete{length - bytes.size()};

  ProxyHeader header{length, std::nullopt};
  // LOCAL: the addresses are to be skipped whatever they are.
  if (command == 0) return header;
  const std::size_t room = length - kFixed;
  switch (byte(bytes, 13)) {
    case 0x00:  // UNSPEC: the proxy does not know; the connection's own address counts
      return header;
    case 0x11:  // TCP over IPv4
      if (room < 12) return ProxyHeaderRefused{"the PROXY header is too short for its addresses"};
      header.client = ProxiedClient{IpAddress::v4(octets<4>(bytes, kFixed)), number(bytes, kFixed + 8)};
      return header;
    case 0x21:  // TCP over IPv6
      if (room < 36) return ProxyHeaderRefused{"the PROXY header is too short for its addresses"};
      header.client = ProxiedClient{from_v6(octets<16>(bytes, kFixed)), number(bytes, kFixed + 32)};
      return header;
    default:
      return ProxyHeaderRefused{"a PROXY header for something else than TCP"};
  }
}

Awaitable<std::expected<ProxyHeader, IoError>> read_proxy_header(Stream* stream, Deadline deadline) {
  std::string bytes;
  for (;;) {
    auto result = parse_proxy_header(bytes);
    if (const auto* header = std::get_if<ProxyHeader>(&result)) co_return *header;
    if (auto* refused = std::get_if<ProxyHeaderRefused>(&result))
      co_return std::unexpected(IoError{IoErrorCode::Other, std::move(refused->why)});
    std::array<char, 256> piece;
    const std::size_t missing = std::min(std::get<ProxyHeaderIncomplete>(result).missing, piece.size());
    auto count = co_await stream->read_some(std::span(piece).first(missing), deadline);
    if (!count) co_return std::unexpected(count.error());
    bytes.append(piece.data(), *count);
  }
}

}  // namespace postseal::net
