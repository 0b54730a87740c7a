// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/draft.h"

#include <algorithm>

#include "edge/journal/crc32c.h"

namespace postseal::journal {

Awaitable<spool::StoreResult<void>> LogDraft::append(std::string_view piece) {
  while (!failure_ && !piece.empty()) {
    // The last full piece is not written before more comes: a letter of exactly this size is a small one.
    if (waiting_.size() == piece_size_) {
      auto written = co_await write_piece(std::exchange(waiting_, {}), pieces_.size());
      if (!written) failure_ = written.error();
      waiting_.reserve(piece_size_);
      continue;
    }
    const std::size_t length = std::min<std::size_t>(piece.size(), piece_size_ - waiting_.size());
    waiting_.append(piece.substr(0, length));
    piece.remove_prefix(length);
    size_ += length;
  }
  if (failure_) co_return std::unexpected(*failure_);
  co_return spool::StoreResult<void>();
}

Awaitable<spool::StoreResult<void>> LogDraft::put_in_front(std::string octets) {
  if (failure_) co_return std::unexpected(*failure_);
  size_ += octets.size();
  if (pieces_.empty()) {
    front_ = std::move(octets);
  } else if (auto written = co_await write_piece(std::move(octets), 0); !written) {
    failure_ = written.error();
    co_return written;
  }
  co_return spool::StoreResult<void>();
}

Awaitable<spool::StoreResult<void>> LogDraft::write_piece(std::string octets, std::size_t place) {
  auto done = std::make_shared<PieceWrite::Done>();
  auto write = std::make_unique<PieceWrite>(done);
  write->id = id_.value;
  write->body = std::move(octets);
  write->body_crc = crc32c(write->body);
  auto written = co_await submit_and_wait(log_, std::move(write));
  if (!written) co_return written;
  pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(place), *done->piece);
  holds_.push_back(std::move(*done->hold));
  co_return written;
}

void LogDraft::move_to(LetterWrite& write) {
  write.id = id_.value;
  write.front = std::exchange(front_, {});
  write.body = std::exchange(waiting_, {});
  write.body_crc = crc32c(write.body, crc32c(write.front));
  write.pieces = pieces_;
  write.kept.pieces = std::move(pieces_);
  write.holds = std::move(holds_);
}

}  // namespace postseal::journal
