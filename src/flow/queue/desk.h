#pragma once
// SPDX-License-Identifier: Apache-2.0
// The letters that are being worked on, and the last few that came: envelopes and states as the store has them. There
// is one copy of a letter here, whoever works on it, so that its groups do not overwrite each other's states. Every
// change goes to the store at once; what the store cannot take now is kept and offered again, for it has happened.
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "protocol/spool/store.h"

namespace postseal::queue {

using LetterPtr = std::shared_ptr<spool::QueuedLetter>;

class Desk {
 public:
  explicit Desk(spool::Store& store, std::size_t kept = 5000) : store_(store), kept_(kept) {}

  /// A letter that was just accepted.
  void put(spool::QueuedLetter letter);
  /// From here or from the store. NotFound also for a letter that nobody waits for any more.
  spool::StoreResult<LetterPtr> get(spool::LetterId id);
  /// The letter as it is here is changed in any case. An error: the store did not take it, and is asked again by
  /// retry(); until then it would do the same attempt again after a crash.
  spool::StoreResult<void> apply(const LetterPtr& letter, const spool::LetterChange& change);
  /// Offers what the store did not take. Call now and then.
  void retry();
  std::size_t owed() const { return owed_.size(); }
  /// Letters that it knows of or has known: bounded, however many come and go.
  std::size_t known() const { return order_.size(); }

 private:
  void keep(LetterPtr letter);

  spool::Store& store_;
  std::size_t kept_;
  std::unordered_map<spool::LetterId, LetterPtr> letters_;
  std::deque<spool::LetterId> order_;
  struct Owed {
    LetterPtr letter;
    spool::LetterChange change;
  };
  std::deque<Owed> owed_;
};

}  // namespace postseal::queue
