#pragma once
// SPDX-License-Identifier: Apache-2.0
// The bytes of a message, read again for every transaction. Never in memory as a whole.
#include <cstddef>
#include <span>

namespace postseal::message {

class Source {
 public:
  virtual ~Source() = default;
  /// Back to the first byte. False if the file cannot be read any more.
  virtual bool rewind() = 0;
  /// Octets read into the buffer, 0 at the end, negative on a read error: then the transaction is aborted without
  /// its end mark, never sent as if it were whole.
  virtual std::ptrdiff_t read(std::span<char> buffer) = 0;
};

}  // namespace postseal::message
