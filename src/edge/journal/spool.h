#pragma once
// SPDX-License-Identifier: Apache-2.0
// The embedded spool::Store. A letter and its envelope go into an append-only log, which is synced once for all
// sessions that wait (log.h); RocksDB is the index behind it and is made again from the log where it is missing
// (letter_index.h). docs/formats/spool.md has what is on disk, docs/decisions/0007 has why.
//
// Everything that waits on the store resumes on its own executor: those io_contexts must live until the store is gone
// or nothing waits any more.
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "protocol/spool/store.h"

namespace postseal::journal {

class Disk;

struct SpoolSettings {
  std::string directory;                             ///< made with mode 0700 where it is missing; one process at a time
  std::uint64_t segment_size = 256 * 1024 * 1024;    ///< of a file of the log: 64 KiB to 2 GiB
  std::uint32_t small_letter = 128 * 1024;           ///< up to this, a body waits in memory for the commit
  std::chrono::milliseconds sync_changes_after{50};  ///< changes that nobody waits for are on stable storage then
  std::chrono::milliseconds gather_for{0};           ///< a commit waits so long at most for nobody_else_comes()
  std::chrono::milliseconds checkpoint_after{5000};  ///< the index is then told what has happened
  std::function<void(const std::string&)> warn;      ///< one line for the log
  std::function<void()> on_sync;                     ///< called after each sync, by the store's thread

  // For tests.
  std::function<std::chrono::system_clock::time_point()> now;  ///< none: the system's clock
  std::shared_ptr<Disk> disk;                                  ///< where the log lies; none: directory + "/log"
  bool tidies_itself = true;                                   ///< false: only when tidy() is called
};

/// A Store, and what only the one on this disk has.
class Spool : public spool::Store {
 public:
  /// Writes the index, gives space back, moves letters out of segments that are mostly dead. Done now and then by the
  /// store itself. The error says what stood in the way; it is tried again the next time.
  virtual spool::StoreResult<void> tidy() = 0;
  /// All threads that commit wait for the world outside, so that a commit need not wait any longer for others to share
  /// its sync. Cheap, and safe from any thread.
  virtual void nobody_else_comes() = 0;
  /// How often a disk was asked to sync.
  virtual std::uint64_t syncs() const = 0;
};

/// Corrupt names the place and what to do. Letters that were acknowledged are all there, or it fails.
std::expected<std::unique_ptr<Spool>, spool::StoreError> open_spool(SpoolSettings settings);

}  // namespace postseal::journal
