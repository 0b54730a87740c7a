#pragma once
// SPDX-License-Identifier: Apache-2.0
// What happens when the store is opened: finds the segments, cuts off what an interrupted write left at the end, and
// brings the index up to date with the log, or makes it again.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "edge/journal/disk.h"
#include "edge/journal/letters.h"
#include "edge/journal/segment.h"

namespace postseal::journal {

struct Recovered {
  std::unique_ptr<LetterIndex> index;
  std::unique_ptr<Letters> letters;
  Position end;            ///< of the log; segment 0: there is none yet
  std::uint64_t next = 1;  ///< number for the next segment
  std::uint64_t last_id = 0;
  std::vector<std::string> spares;  ///< files that were kept for later segments
};

struct RecoveryRequest {
  Disk& disk;
  Catalog& catalog;  ///< filled in
  std::string index_directory;
  std::function<void(const std::string&)> warn;
};

spool::StoreResult<Recovered> recover(RecoveryRequest request);

}  // namespace postseal::journal
