#pragma once
// SPDX-License-Identifier: Apache-2.0
// Gives space back. A segment in which nothing lives is used again; one that is mostly dead has its letters moved to
// the end of the log first. Everything can stop at any moment: a letter that has moved is there twice until the old
// segment goes, and the later record counts.
//
// A record that changes or ends a letter must stay as long as any Letter record of it, or the letter would come back
// when the index is made again: it is carried on when its segment goes (docs/formats/spool.md, "Why a segment may go").
#include <functional>
#include <mutex>
#include <set>
#include <vector>

#include "edge/journal/letters.h"
#include "edge/journal/log.h"
#include "edge/journal/segment.h"

namespace postseal::journal {

struct CleanerParts {
  std::mutex& letters_mutex;
  Letters& letters;
  Log& log;
  Catalog& catalog;
  std::function<spool::StoreResult<void>()> checkpoint;  ///< the index knows everything, on stable storage
  std::uint64_t segment_size = 0;
  std::uint32_t small_letter = 0;
};

class Cleaner {
 public:
  explicit Cleaner(CleanerParts parts) : parts_(std::move(parts)) {}
  spool::StoreResult<void> clean();

 private:
  struct Moved {
    std::uint64_t id = 0;
    std::vector<BodyPiece> pieces;
    std::uint64_t home = 0;
    BodyPiece record;  ///< stands for the Letter record itself
  };

  std::vector<SegmentPtr> empty_segments();
  SegmentPtr sparse_segment();
  spool::StoreResult<void> drop(std::vector<SegmentPtr> segments);
  spool::StoreResult<bool> carry_on(const SegmentPtr& from, const std::set<std::uint64_t>& going);
  spool::StoreResult<void> carry_letter(std::uint64_t id, const std::vector<std::uint64_t>& homes);
  spool::StoreResult<void> empty(const SegmentPtr& segment);
  spool::StoreResult<void> move(std::uint64_t id, const SegmentPtr& from);
  spool::StoreResult<void> settle_moves();
  spool::StoreResult<Log::Place> append(RecordType type, std::uint64_t id, const std::string& head,
                                        std::string_view body, std::uint32_t crc);

  CleanerParts parts_;
  std::vector<Moved> moved_;
  std::uint64_t moved_bytes_ = 0;
  std::set<std::uint64_t> stuck_;  ///< hold octets that cannot be read
};

}  // namespace postseal::journal
