#pragma once
// SPDX-License-Identifier: Apache-2.0
// The index of the letters in RocksDB: where each is and how far it has got, as of a place in the log. What happened
// behind that place is in memory (letters.h) and, after a restart, read from the log. It may be deleted at any time the
// store is closed: it is then made again.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "edge/journal/kept_letter.h"
#include "edge/journal/record.h"
#include "protocol/spool/store.h"

namespace postseal::journal {

/// What lives in a segment.
struct SegmentUse {
  std::uint64_t live_bytes = 0;
  std::uint64_t references = 0;   ///< Letter records that count, and pieces of bodies
  std::set<std::uint64_t> homes;  ///< other segments whose Letter records are changed or ended by records here
  bool operator==(const SegmentUse&) const = default;
};

struct Checkpoint {
  Position applied;           ///< everything before this place in the log is in the index
  std::uint64_t last_id = 0;  ///< no letter has had a greater one
  std::uint64_t letters = 0;
  std::map<std::uint64_t, SegmentUse> use;
  bool operator==(const Checkpoint&) const = default;
};
std::string format_checkpoint(const Checkpoint& checkpoint);
std::optional<Checkpoint> parse_checkpoint(std::string_view bytes);

/// A letter as it is now; without: it has left.
struct Slot {
  std::optional<KeptLetter> letter;
  bool indexed = false;  ///< the index knows the letter, perhaps as it was before
};
using Slots = std::unordered_map<std::uint64_t, Slot>;

/// Safe to use from several threads.
class LetterIndex {
 public:
  static spool::StoreResult<std::unique_ptr<LetterIndex>> open(const std::string& directory);
  /// Everything in it goes.
  static spool::StoreResult<void> destroy(const std::string& directory);
  ~LetterIndex();

  /// nullopt: nothing has been written yet.
  spool::StoreResult<std::optional<Checkpoint>> checkpoint();
  spool::StoreResult<std::optional<KeptLetter>> find(std::uint64_t id);
  /// All of it or nothing, also after a crash; on stable storage after sync().
  spool::StoreResult<void> write(const Slots& slots, const Checkpoint& checkpoint);
  spool::StoreResult<void> sync();

  /// Letters in the order of their ids.
  class Walk {
   public:
    virtual ~Walk() = default;
    virtual bool at_end() const = 0;
    virtual std::uint64_t id() const = 0;
    virtual std::string_view bytes() const = 0;  ///< format_kept
    virtual void next() = 0;
    virtual spool::StoreResult<void> status() const = 0;
  };
  /// As it is now, whatever is written later.
  std::unique_ptr<Walk> walk();

 private:
  struct Impl;
  explicit LetterIndex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::journal
