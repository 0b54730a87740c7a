#pragma once
// SPDX-License-Identifier: Apache-2.0
// An IPv4 or IPv6 address.
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace postseal {

class IpAddress {
 public:
  /// "192.0.2.1" or "2001:db8::1"; no brackets, no port, no zone. nullopt if it is neither.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::array<std::uint8_t, 4> octets);
  static IpAddress v6(std::array<std::uint8_t, 16> octets);

  bool is_v4() const { return is_v4_; }
  /// 4 or 16 bytes, network order.
  std::span<const std::uint8_t> bytes() const { return std::span(octets_).first(is_v4_ ? 4 : 16); }
  std::string to_string() const;
  bool is_loopback() const;
  /// Not globally reachable by the IANA special-purpose registries (RFC 6890): loopback, private, link-local, ULA,
  /// documentation, multicast, unspecified, IPv4-mapped and 6to4/NAT64 forms of such addresses.
  bool is_special_purpose() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  bool is_v4_ = true;
  std::array<std::uint8_t, 16> octets_{};
};

}  // namespace postseal

template <>
struct std::hash<postseal::IpAddress> {
  std::size_t operator()(const postseal::IpAddress& address) const noexcept {
    const auto octets = address.bytes();
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(octets.data()), octets.size()});
  }
};
