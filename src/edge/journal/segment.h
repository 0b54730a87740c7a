#pragma once
// SPDX-License-Identifier: Apache-2.0
// A file of the log, and the list of all that exist. Whoever reads from a segment, or has put a piece of a letter into
// it that is not committed yet, keeps it: the file is then not used anew under him.
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/journal/disk.h"

namespace postseal::journal {

struct Segment {
  Segment(std::uint64_t its_number, std::unique_ptr<File> its_file, std::uint64_t its_size)
      : number(its_number), file(std::move(its_file)), size(its_size) {}
  const std::uint64_t number;
  const std::unique_ptr<File> file;
  const std::uint64_t size;              ///< allocated
  std::atomic<std::uint64_t> end{0};     ///< behind the last record that counts
  std::atomic<std::uint32_t> drafts{0};  ///< pieces of letters that are not committed yet
};
using SegmentPtr = std::shared_ptr<Segment>;

/// Keeps a segment in the log for a piece of a letter that is not committed yet.
class DraftHold {
 public:
  explicit DraftHold(SegmentPtr segment) : segment_(std::move(segment)) { ++segment_->drafts; }
  DraftHold(DraftHold&&) noexcept = default;
  DraftHold& operator=(DraftHold&&) = delete;
  ~DraftHold() {
    if (segment_) --segment_->drafts;
  }

 private:
  SegmentPtr segment_;
};

/// "0000000000000001.log": sorts as the number does.
std::string segment_name(std::uint64_t number);
std::optional<std::uint64_t> parse_segment_name(std::string_view name);

/// Safe to use from several threads.
class Catalog {
 public:
  void add(SegmentPtr segment);
  /// nullptr: there is none.
  SegmentPtr find(std::uint64_t number) const;
  bool has(std::uint64_t number) const { return find(number) != nullptr; }
  void remove(std::uint64_t number);
  /// In the order of their numbers.
  std::vector<SegmentPtr> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, SegmentPtr> segments_;
};

}  // namespace postseal::journal
