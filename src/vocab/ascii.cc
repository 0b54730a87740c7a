// SPDX-License-Identifier: Apache-2.0
#include "vocab/ascii.h"

#include <cstdint>
#include <cstring>

namespace postseal {

namespace {

/// Eight letters. REQUIRES: they are there.
bool same_eight(const char* a, const char* b) {
  std::uint64_t left = 0, right = 0;
  std::memcpy(&left, a, sizeof left);
  std::memcpy(&right, b, sizeof right);
  if (left == right) return true;
  // Only the bit of the case may differ...
  if (((left ^ right) & ~std::uint64_t{0x2020202020202020u}) != 0) return false;
  // ...and that of letters.
  for (int i = 0; i < 8; ++i) {
    if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  std::size_t i = 0;
  for (; i + 8 <= a.size(); i += 8) {
    if (!same_eight(a.data() + i, b.data() + i)) return false;
  }
  // The last ones again with some of those before them.
  if (a.size() >= 8) return same_eight(a.data() + a.size() - 8, b.data() + b.size() - 8);
  for (; i < a.size(); ++i) {
    if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}

}  // namespace postseal
