#pragma once
// SPDX-License-Identifier: Apache-2.0
// A message file with Unix line ends, read as it goes on the wire.
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "protocol/message/source.h"

namespace postseal::message {

/// Writes CRLF for each LF of another source. Only for files that the Scanner found to have
/// LineEnds::Lf; a CR that is there all the same goes through, and is refused where the body meets the wire.
class CrlfSource final : public Source {
 public:
  explicit CrlfSource(std::unique_ptr<Source> file) : file_(std::move(file)) {}

  std::ptrdiff_t read(std::span<char> buffer) override;

 private:
  std::unique_ptr<Source> file_;
  std::array<char, 16384> piece_;
  std::size_t begin_ = 0, end_ = 0;  ///< what of piece_ is still to be handed out
  bool owes_lf_ = false;             ///< the CR has been handed out
};

}  // namespace postseal::message
