#pragma once
// SPDX-License-Identifier: Apache-2.0
// A write that somebody waits for. It owns all that it needs: whoever waits may be gone when it is done.
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "edge/journal/log.h"
#include "vocab/awaitable.h"

namespace postseal::journal {

class SessionWrite : public Write {
 public:
  using Write::Write;
  void settle(spool::StoreResult<void> result) override { answer(std::move(result)); }
  std::move_only_function<void(spool::StoreResult<void>)> answer;  ///< posts to the executor of who waits
};

/// Of a large letter. `done` is set when it has been written.
class PieceWrite final : public SessionWrite {
 public:
  struct Done {
    std::optional<BodyPiece> piece;
    std::optional<DraftHold> hold;
  };
  explicit PieceWrite(std::shared_ptr<Done> where) : SessionWrite(Kind::Piece), done(std::move(where)) {}
  void settle(spool::StoreResult<void> result) override;
  std::shared_ptr<Done> done;
};

class LetterWrite final : public SessionWrite {
 public:
  LetterWrite() : SessionWrite(Kind::Letter) {}
  KeptLetter kept;  ///< without the body that is in this record
  std::vector<DraftHold> holds;
};

/// Resumes on the caller's executor.
Awaitable<spool::StoreResult<void>> submit_and_wait(Log& log, std::unique_ptr<SessionWrite> write);
/// For the store's own threads.
spool::StoreResult<void> wait_for_sync(Log& log, std::vector<BodyPiece> pieces, bool make_room);

}  // namespace postseal::journal
