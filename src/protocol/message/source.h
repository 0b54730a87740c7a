#pragma once
// SPDX-License-Identifier: Apache-2.0
// The bytes of a message, read from the beginning to the end. Never in memory as a whole. Several transactions may read
// the same letter at once: each opens a source of its own.
#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace postseal::message {

class Source {
 public:
  virtual ~Source() = default;
  /// Octets read into the buffer, 0 at the end, negative on a read error: then the transaction is aborted without
  /// its end mark, never sent as if it were whole.
  virtual std::ptrdiff_t read(std::span<char> buffer) = 0;
};

/// A new source at the first octet, independent of all others; nullptr if the letter cannot be read any more.
using OpenSource = std::function<std::unique_ptr<Source>()>;

}  // namespace postseal::message
