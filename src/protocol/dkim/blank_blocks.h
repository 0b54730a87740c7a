#pragma once
// SPDX-License-Identifier: Apache-2.0
// The inner loop of relaxed body canonicalization (RFC 6376 §3.4.4), 64 octets at a time with whatever vectors the
// processor has. It must not cost a tenth of the hash, which processors have an instruction for.
#include <cstddef>
#include <string_view>

namespace postseal::dkim {

inline constexpr std::size_t kBlock = 64;

struct BlockStep {
  std::size_t read = 0;     ///< octets taken off the text, a multiple of kBlock
  std::size_t written = 0;  ///< octets written
};

/// Blanks before blanks or before CRLF are dropped, others become spaces, everything else is copied. Takes blocks as
/// long as two further octets are known behind them, so nothing is left to remember.
/// REQUIRES: out has room for text.size() + kBlock octets.
BlockStep reduce_blocks(std::string_view text, char* out);

}  // namespace postseal::dkim
