// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/normalise.h"

namespace postseal::message {

std::ptrdiff_t CrlfSource::read(std::span<char> buffer) {
  std::size_t written = 0;
  while (written < buffer.size()) {
    if (begin_ == end_) {
      if (written > 0) break;
      std::ptrdiff_t got = file_->read(piece_);
      if (got <= 0) return got;
      begin_ = 0;
      end_ = static_cast<std::size_t>(got);
    }
    char c = piece_[begin_];
    if (c == '\n' && !owes_lf_) {
      buffer[written++] = '\r';
      owes_lf_ = true;
      continue;
    }
    owes_lf_ = false;
    buffer[written++] = c;
    ++begin_;
  }
  return static_cast<std::ptrdiff_t>(written);
}

}  // namespace postseal::message
