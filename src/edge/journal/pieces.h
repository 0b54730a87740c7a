#pragma once
// SPDX-License-Identifier: Apache-2.0
// What one write to a segment consists of: views, so that nothing is copied together for it.
#include <sys/uio.h>

#include <string_view>
#include <vector>

#include "edge/journal/record.h"

namespace postseal::journal {

using Pieces = std::vector<::iovec>;

inline void add(Pieces& pieces, std::string_view bytes) {
  if (!bytes.empty()) pieces.push_back({const_cast<char*>(bytes.data()), bytes.size()});
}

/// Up to where the next record begins, behind one of this length.
inline void add_padding(Pieces& pieces, std::uint64_t length) {
  static constexpr char kZeros[8] = {};
  add(pieces, {kZeros, static_cast<std::size_t>(padded(length) - length)});
}

}  // namespace postseal::journal
