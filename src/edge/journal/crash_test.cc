// SPDX-License-Identifier: Apache-2.0
// A37: the power goes, or the process dies, at every single operation on the disk; what was acknowledged is there,
// octet for octet, and nothing is there by halves.
#include <gtest/gtest.h>

#include "edge/journal/faulty_disk.h"
#include "edge/journal/spool.h"
#include "edge/journal/spool_fixture.h"

namespace postseal::journal {
namespace {

using Cut = FaultyDisk::Cut;

/// How a letter was at one time; gone: without.
using Version = std::optional<spool::QueuedLetter>;

/// What was done to a letter, and what of it must have survived.
struct History {
  std::string body;
  std::vector<Version> versions;  ///< in order
  std::size_t safe = 0;           ///< versions[safe] or a later one must be there
  bool acknowledged = false;
};

/// Plays a fixed piece of work until the disk dies, and remembers what was promised.
class Work {
 public:
  Work(Spool& spool, unsigned seed) : spool_(spool), random_(seed) {}

  void play(int steps) {
    for (int step = 0; step < steps && !failed_; ++step) {
      const auto dice = static_cast<unsigned>(random_() % 100);
      if (dice < 50 || waiting_.empty()) {
        accept();
      } else if (dice < 90) {
        change(dice);
      } else {
        tidying_ = true;
        failed_ = !spool_.tidy();
        tidying_ = failed_;
      }
    }
  }
  bool cut_while_tidying() const { return tidying_; }

  void check(Spool& after, Cut cut, const std::string& where) const {
    const auto found = all_of(after);
    for (const auto& [id, letter] : found) EXPECT_TRUE(histories_.contains(id)) << where << ": a letter from nowhere";
    for (const auto& [id, history] : histories_) {
      const auto letter = found.find(id);
      const Version now = letter == found.end() ? Version() : Version(letter->second);
      if (now) EXPECT_EQ(read_all(after.open({id})), history.body) << where << ": not its octets";
      if (!history.acknowledged && !now) continue;
      // What was written before the process died is there; the very last thing may be or not.
      std::size_t least = history.safe;
      const std::size_t open = id == last_ && history.versions.size() > 1 ? 1 : 0;
      if (cut == Cut::KeepWritten && history.acknowledged) least = std::max(least, history.versions.size() - 1 - open);
      const bool known = std::find(history.versions.begin() + static_cast<std::ptrdiff_t>(least),
                                   history.versions.end(), now) != history.versions.end();
      EXPECT_TRUE(known) << where << ": letter " << spool::LetterId{id}.to_string()
                         << (now ? " is in a state that it left or never had" : " is lost");
    }
  }
  std::size_t acknowledged() const {
    std::size_t count = 0;
    for (const auto& [id, history] : histories_) count += history.acknowledged ? 1 : 0;
    return count;
  }

 private:
  void accept() {
    const std::size_t size = random_() % 4 == 0 ? random_() % 20000 : random_() % 3000;
    const std::string body = body_of(random_(), size);
    auto draft = spool_.begin();
    const auto id = draft->id().value;
    spool::QueuedLetter whole{{id}, envelope_to(2), std::vector<spool::RecipientState>(2), false, ""};
    whole.envelope.size = size;
    last_ = id;
    histories_[id] = {body, {whole}, 0, false};
    const auto kept = tests::run_coroutine(commit(&spool_, std::move(draft), body));
    if (!kept) return void(failed_ = true);
    EXPECT_EQ(*kept, whole);
    histories_[id].acknowledged = true;
    all_safe();
    waiting_.push_back(id);
  }

  static Awaitable<spool::StoreResult<spool::QueuedLetter>> commit(spool::Store* store,
                                                                   std::unique_ptr<spool::Draft> draft,
                                                                   std::string body) {
    auto taken = co_await draft->append(body);
    if (!taken) co_return std::unexpected(taken.error());
    co_return co_await store->commit(std::move(draft), envelope_to(2));
  }

  void change(unsigned dice) {
    const auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(random_() % waiting_.size());
    const auto id = *at;
    auto& history = histories_[id];
    auto next = *history.versions.back();
    const std::uint32_t index = next.states[0].status == spool::RecipientStatus::Waiting ? 0 : 1;
    spool::LetterChange change = delivered({id}, index);
    if (dice % 4 == 0) {
      change.states[0].second.status = spool::RecipientStatus::Waiting;
      change.states[0].second.explanation = "mx.example.net: 451 " + std::to_string(random_());
      change.held = dice % 8 == 0;
      next.held = *change.held;
    }
    next.states[index] = change.states[0].second;
    last_ = id;
    history.versions.push_back(next.finished() ? Version() : Version(next));
    if (next.finished()) waiting_.erase(at);
    if (dice % 3 == 0) {
      failed_ = !tests::run_coroutine(spool_.change_durably(change));
      if (!failed_) all_safe();
    } else {
      failed_ = !spool_.change(change);
    }
  }

  /// A sync covers everything before it.
  void all_safe() {
    for (auto& [id, history] : histories_) history.safe = history.versions.size() - 1;
  }

  Spool& spool_;
  std::mt19937 random_;
  std::map<std::uint64_t, History> histories_;
  std::vector<std::uint64_t> waiting_;
  std::uint64_t last_ = 0;
  bool failed_ = false, tidying_ = false;
};

SpoolSettings small_spool(const Folder& folder, std::shared_ptr<FaultyDisk> disk) {
  auto settings = settings_in(folder);
  settings.segment_size = 64 * 1024;
  settings.small_letter = 4 * 1024;
  settings.sync_changes_after = std::chrono::hours(1);  // so that each run has the same operations
  settings.disk = std::move(disk);
  return settings;
}

void copy_spool(const Folder& from, const Folder& to) {
  std::filesystem::copy(from.path(), to.path(), std::filesystem::copy_options::recursive);
}

/// One run up to the operation at which everything ends, then every kind of end.
/// False: the work was done before.
bool crash_at(std::uint64_t operation, unsigned seed, int steps) {
  const Folder folder;
  auto disk = std::make_shared<FaultyDisk>();
  disk->cut_at(operation);
  std::unique_ptr<Work> work;
  {
    auto spool = open_spool(small_spool(folder, disk));
    if (!spool) return true;  // nothing was promised yet
    work = std::make_unique<Work>(**spool, seed);
    work->play(steps);
  }
  // Of the six kinds of end two are tried at each operation, others at the next one.
  for (const std::uint64_t kind : {operation % 6, (operation + 1) % 6}) {
    const auto cut = static_cast<Cut>(kind % 3);
    const bool with_index = kind < 3;
    {
      const std::string where = "operation " + std::to_string(operation) + ", seed " + std::to_string(seed) + ", cut " +
                                std::to_string(static_cast<int>(cut)) + (with_index ? "" : ", without index");
      const Folder copy;
      copy_spool(folder, copy);
      auto settings = small_spool(copy, disk->after(cut, static_cast<unsigned>(operation)));
      if (!with_index) std::filesystem::remove_all(settings.directory + "/index");
      // Twice: what recovery leaves behind must be as good as what it found.
      for (int start = 0; start < 2; ++start) {
        const auto spool = open_spool(settings);
        EXPECT_TRUE(spool) << where << ": " << (spool ? "" : spool.error().what);
        if (!spool) return false;
        work->check(**spool, cut, where);
        if (::testing::Test::HasFailure()) return false;
        EXPECT_TRUE(keep_now(**spool, "and on it goes", 1)) << where;
        if (start == 0) EXPECT_TRUE((*spool)->tidy()) << where;
        const auto all = all_of(**spool);
        for (const auto& [id, letter] : all) {
          if (letter.envelope.size == 14) EXPECT_TRUE((*spool)->change(delivered({id}))) << where;
        }
      }
    }
  }
  return disk->is_cut();
}

TEST(Crash, nothing_acknowledged_is_lost_whichever_operation_is_the_last_A37) {
  std::uint64_t operation = 0;
  while (crash_at(operation, 1, 60) && !HasFailure()) ++operation;
  EXPECT_GT(operation, 100u);
}

TEST(Crash, nor_in_any_other_piece_of_work_A37) {
  for (unsigned seed = 2; seed < 40 && !HasFailure(); ++seed) crash_at(seed * 7919 % 400, seed, 150);
}

}  // namespace
}  // namespace postseal::journal
