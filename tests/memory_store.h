#pragma once
// SPDX-License-Identifier: Apache-2.0
// A spool::Store in memory, for the tests of what stands above the store. It can be told to refuse.
#include <map>
#include <mutex>
#include <optional>

#include "protocol/spool/store.h"

namespace postseal::tests {

class MemoryStore final : public spool::Store {
 public:
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

  /// From now on append() and commit() fail this way; nullopt: they work again.
  void fail_with(std::optional<spool::StoreError> error);
  /// The bytes of a letter, also of one that has left.
  std::string bytes(spool::LetterId id);
  /// Every letter ever committed, as it stands now.
  std::vector<spool::QueuedLetter> all();

 private:
  struct Kept {
    spool::QueuedLetter letter;
    std::shared_ptr<const std::string> bytes;
  };
  std::mutex mutex_;
  std::uint64_t last_id_ = 0;
  std::map<spool::LetterId, Kept> letters_;
  std::map<spool::LetterId, std::vector<std::pair<WallTime, std::string>>> traces_;
  std::map<std::string, std::string, std::less<>> notes_;
  std::optional<spool::StoreError> failure_;
};

}  // namespace postseal::tests
