#pragma once
// SPDX-License-Identifier: Apache-2.0
// An enhanced mail system status code (RFC 3463): class.subject.detail.
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postseal {

struct EnhancedStatus {
  std::uint16_t klass = 0;    ///< 2, 4 or 5
  std::uint16_t subject = 0;  ///< 0..999
  std::uint16_t detail = 0;   ///< 0..999

  /// "5.7.30" at the start of text, followed by its end or a blank; nullopt otherwise.
  static std::optional<EnhancedStatus> parse_prefix(std::string_view text);
  std::string to_string() const;
  auto operator<=>(const EnhancedStatus&) const = default;
};

}  // namespace postseal
