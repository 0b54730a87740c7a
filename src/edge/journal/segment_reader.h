#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads the records of a segment in order, for recovery and for moving letters.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/journal/disk.h"
#include "edge/journal/record.h"

namespace postseal::journal {

class SegmentReader {
 public:
  enum class Bodies { Verified, Skipped };
  enum class Outcome {
    Record,   ///< header() and head() until the next call
    End,      ///< at the limit, exactly
    Broken,   ///< what stands at offset() is no whole record of this segment
    Failure,  ///< the disk's own error, in failure()
  };

  /// From `begin` to `limit`. The file outlives the reader.
  SegmentReader(File& file, std::uint64_t segment, std::uint64_t begin, std::uint64_t limit, Bodies bodies);

  Outcome next();
  const RecordHeader& header() const { return header_; }
  std::string_view head() const { return head_; }
  /// Where the record begins, and where its body does.
  std::uint64_t offset() const { return offset_; }
  std::uint64_t body_offset() const { return offset_ + kHeaderSize + header_.head_length; }
  /// With Bodies::Verified: whether the body is what was written. A damaged body alone does not break the record.
  bool body_is_intact() const { return body_intact_; }
  const DiskError& failure() const { return failure_; }

 private:
  enum class Got { All, TooShort, Failure };
  Got look(std::uint64_t offset, std::uint64_t length, std::string_view& bytes);

  File& file_;
  std::uint64_t segment_, next_, limit_;
  Bodies bodies_;
  std::vector<char> window_;
  std::uint64_t window_begin_ = 0;
  std::size_t window_length_ = 0;
  RecordHeader header_;
  std::string head_;
  std::uint64_t offset_ = 0;
  bool body_intact_ = true;
  DiskError failure_;
};

/// Behind a place where reading broke off: the first whole record of this segment that was written when the segment was
/// on stable storage beyond that place. Then the break is damage, not an unfinished end. nullopt: there is none.
DiskResult<std::optional<std::uint64_t>> find_proof_of_damage(File& file, std::uint64_t segment, std::uint64_t broken,
                                                              std::uint64_t limit);

}  // namespace postseal::journal
