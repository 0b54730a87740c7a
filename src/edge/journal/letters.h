#pragma once
// SPDX-License-Identifier: Apache-2.0
// All letters as they are now: what has happened lately is in memory, the rest in the index. A letter that comes and
// goes between two checkpoints never reaches the index. Counts what lives in each segment.
//
// Not locked: everything here REQUIRES that the store's lock is held, except that the index may be asked without it.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/journal/letter_index.h"

namespace postseal::journal {

class Letters {
 public:
  Letters(LetterIndex& index, Checkpoint from);

  enum class Where {
    Here,   ///< in memory
    Gone,   ///< it has left
    Index,  ///< only the index can say
  };
  struct Seen {
    Where where = Where::Index;
    const KeptLetter* letter = nullptr;  ///< for Here; until the next change
  };
  Seen look(std::uint64_t id) const;
  /// In memory afterwards; nullptr: there is none. Not to be used to change pieces or home: place() does that.
  spool::StoreResult<KeptLetter*> edit(std::uint64_t id);

  /// REQUIRES: there is none of this id.
  void insert(std::uint64_t id, KeptLetter letter);
  /// REQUIRES: edit() has found it.
  void place(std::uint64_t id, std::vector<BodyPiece> pieces, std::uint64_t home, std::vector<std::uint64_t> older);
  void erase(std::uint64_t id);
  /// A record in `segment` changes or ends letters of these segments.
  void note_homes(std::uint64_t segment, const std::vector<std::uint64_t>& homes);
  void forget_segment(std::uint64_t segment) { use_.erase(segment); }

  void set_applied(Position applied) { applied_ = applied; }
  Position applied() const { return applied_; }
  std::uint64_t count() const { return count_; }
  std::uint64_t live_bytes() const { return live_bytes_; }
  const SegmentUse& use(std::uint64_t segment) const;
  bool in_use(std::uint64_t segment) const { return use(segment).references > 0; }

  /// What the index must be told. It stays visible to look() until thaw().
  struct Frozen {
    Slots slots;
    Checkpoint checkpoint;
  };
  /// What was frozen and not thawed is given again before anything new.
  std::shared_ptr<const Frozen> freeze(std::uint64_t last_id);
  void thaw() { frozen_ = nullptr; }
  bool is_frozen() const { return frozen_ != nullptr; }
  /// Changes that wait in memory.
  std::size_t waiting() const { return slots_.size(); }

  /// For a listing: ids that are in memory with what is known of them, sorted. Everything else is in the index.
  std::vector<std::pair<std::uint64_t, std::optional<KeptLetter>>> recent() const;

 private:
  void count(const KeptLetter& letter, bool in);

  LetterIndex& index_;
  Slots slots_;
  std::shared_ptr<const Frozen> frozen_;
  Position applied_;
  std::uint64_t count_ = 0, live_bytes_ = 0;
  std::map<std::uint64_t, SegmentUse> use_;
};

}  // namespace postseal::journal
