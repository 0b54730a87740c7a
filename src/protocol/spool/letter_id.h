#pragma once
// SPDX-License-Identifier: Apache-2.0
// The name of a letter in our care: in the Received header, the 250, the log, the queue and `postseal trace`.
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace postseal::spool {

/// Never used twice; later letters have greater ids. Milliseconds since 2020 in the upper 44 bits, a counter below.
struct LetterId {
  std::uint64_t value = 0;

  /// 13 characters of lower-case base 32 without i, l, o, u, which people misread. Sorts as the number does.
  std::string to_string() const;
  /// In any case; nullopt for anything else.
  static std::optional<LetterId> parse(std::string_view text);
  auto operator<=>(const LetterId&) const = default;
};

}  // namespace postseal::spool

template <>
struct std::hash<postseal::spool::LetterId> {
  std::size_t operator()(postseal::spool::LetterId id) const noexcept { return std::hash<std::uint64_t>{}(id.value); }
};
