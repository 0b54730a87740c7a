#pragma once
// SPDX-License-Identifier: Apache-2.0
// Octets that a text may be made of. A table for each set: nearly all texts are short and as they should be, so that
// one look at each octet and no branch is the quickest way to say so.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postseal {

class OctetSet {
 public:
  /// Those for which it is true.
  constexpr explicit OctetSet(bool (*holds)(char)) {
    for (std::size_t octet = 0; octet < outside_.size(); ++octet)
      outside_[octet] = holds(static_cast<char>(octet)) ? 0 : 1;
  }

  constexpr bool contains(char c) const { return outside_[static_cast<unsigned char>(c)] == 0; }
  /// True for the empty text.
  constexpr bool contains_all(std::string_view text) const {
    unsigned outside = 0;
    for (const char c : text) outside |= outside_[static_cast<unsigned char>(c)];
    return outside == 0;
  }

 private:
  std::array<std::uint8_t, 256> outside_{};
};

}  // namespace postseal
