#pragma once
// SPDX-License-Identifier: Apache-2.0
// The store: sessions and the queue above, log, letters, index and chronicle below.
//
// Locks, in this order: letters_mutex_, then the log's. A change is written to the log and applied to the letters under
// the first, so that both have the same order.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "edge/journal/ballast.h"
#include "edge/journal/chronicle.h"
#include "edge/journal/letter_clock.h"
#include "edge/journal/letters.h"
#include "edge/journal/log.h"
#include "edge/journal/posix_disk.h"
#include "edge/journal/recovery.h"
#include "edge/journal/segment.h"
#include "edge/journal/spool.h"

namespace postseal::journal {

/// What open_spool has brought together.
struct SpoolParts {
  SpoolSettings settings;
  Handle lock;
  std::shared_ptr<Disk> disk;
  std::unique_ptr<Catalog> catalog;
  Recovered recovered;
  std::unique_ptr<Chronicle> chronicle;
};

class LogSpool final : public Spool {
 public:
  explicit LogSpool(SpoolParts parts);
  ~LogSpool() override;

  std::unique_ptr<spool::Draft> begin() override;
  Awaitable<spool::StoreResult<spool::QueuedLetter>> commit(std::unique_ptr<spool::Draft> draft,
                                                            spool::Envelope envelope) override;
  spool::StoreResult<void> change(const spool::LetterChange& change) override;
  Awaitable<spool::StoreResult<void>> change_durably(spool::LetterChange change) override;
  spool::StoreResult<spool::QueuedLetter> load(spool::LetterId id) override;
  message::OpenSource open(spool::LetterId id) override;
  spool::StoreResult<void> for_each(std::function<bool(const spool::QueuedLetter&)> visit) override;
  void add_trace(spool::LetterId id, WallTime at, std::string_view json) override;
  spool::StoreResult<std::vector<std::string>> trace(spool::LetterId id) override;
  void forget_traces_before(WallTime when) override;
  spool::StoreResult<void> put_note(std::string_view name, std::string_view value) override;
  spool::StoreResult<std::optional<std::string>> note(std::string_view name) override;
  Size size() override;
  spool::StoreResult<void> tidy() override;
  void nobody_else_comes() override { log_->nobody_else_comes(); }
  std::uint64_t syncs() const override { return log_->syncs(); }

 private:
  void run_tidier();
  bool tidy_is_due();
  bool unsettled();
  spool::StoreResult<void> checkpoint();
  void on_synced(Writes& letters, Position applied);
  /// A copy, and what it needs to be read, taken at one moment.
  template <class Use>
  spool::StoreResult<void> with_letter(spool::LetterId id, Use use);

  SpoolSettings settings_;
  Handle lock_;
  std::shared_ptr<Disk> disk_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<LetterIndex> index_;
  std::unique_ptr<Chronicle> chronicle_;
  Ballast ballast_;
  LetterClock clock_;

  std::mutex letters_mutex_;
  std::unique_ptr<Letters> letters_;
  std::unique_ptr<Log> log_;

  std::mutex tidy_mutex_;  ///< one at a time; before letters_mutex_
  Position checkpointed_;
  std::chrono::steady_clock::time_point checkpointed_at_;

  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread tidier_;
};

}  // namespace postseal::journal
