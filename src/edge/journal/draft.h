#pragma once
// SPDX-License-Identifier: Apache-2.0
// A letter that is being received. Small ones stay in memory; of a large one each full piece goes to the log, and what
// is left goes with the commit.
#include <optional>
#include <string>
#include <vector>

#include "edge/journal/log.h"
#include "edge/journal/session_write.h"

namespace postseal::journal {

class LogDraft final : public spool::Draft {
 public:
  LogDraft(Log& log, spool::LetterId id, std::uint32_t piece_size) : log_(log), id_(id), piece_size_(piece_size) {}
  spool::LetterId id() const override { return id_; }
  Awaitable<spool::StoreResult<void>> append(std::string_view piece) override;
  /// A small letter takes it in; of a large one it is the first piece, written last.
  Awaitable<spool::StoreResult<void>> put_in_front(std::string octets) override;

  std::uint64_t size() const { return size_; }
  /// Why it cannot be committed, if it cannot.
  const std::optional<spool::StoreError>& failure() const { return failure_; }
  /// Its octets, for the commit; the draft is empty then.
  void move_to(LetterWrite& write);

 private:
  /// Its place is the given one of pieces_.
  Awaitable<spool::StoreResult<void>> write_piece(std::string octets, std::size_t place);

  Log& log_;
  spool::LetterId id_;
  std::uint32_t piece_size_;
  std::uint64_t size_ = 0;
  std::string waiting_;
  std::string front_;  ///< of a small letter: moving its octets would cost more than writing in two parts
  std::vector<BodyPiece> pieces_;
  std::vector<DraftHold> holds_;
  std::optional<spool::StoreError> failure_;
};

}  // namespace postseal::journal
