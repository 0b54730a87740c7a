// SPDX-License-Identifier: Apache-2.0
// A23 and more: a disk that fills up, takes no writes, fails to sync, or decays. Who commits hears of it in a way that
// he can answer with 4xx, and all is well again without a restart when the disk is.
#include <gtest/gtest.h>

#include "edge/journal/faulty_disk.h"
#include "edge/journal/spool.h"
#include "edge/journal/spool_fixture.h"

namespace postseal::journal {
namespace {

using spool::StoreErrorCode;

struct Bench {
  Folder folder;
  std::shared_ptr<FaultyDisk> disk = std::make_shared<FaultyDisk>();
  SpoolSettings settings = settings_in(folder);
  std::unique_ptr<Spool> spool;
  Bench() {
    settings.disk = disk;
    spool = open_or_die(settings);
  }
  void cut_power() {
    spool.reset();
    settings.disk = disk = disk->after(FaultyDisk::Cut::DropUnsynced, 1);
    spool = open_or_die(settings);
  }
};

struct Trouble {
  Operation operation;
  int number;
  StoreErrorCode code;
};

class DiskTrouble : public ::testing::TestWithParam<Trouble> {};

TEST_P(DiskTrouble, is_told_to_who_commits_and_passes_without_a_restart) {
  const auto [operation, number, code] = GetParam();
  for (const std::size_t size : {100ul, 60000ul}) {
    Bench bench;
    std::map<std::uint64_t, std::string> kept;
    const auto keep_one = [&](unsigned seed) {
      const auto letter = keep_now(*bench.spool, body_of(seed, size), 2).value();
      kept[letter.id.value] = body_of(seed, size);
    };
    keep_one(1);
    const auto first = kept.begin()->first;
    // Handed over, and not synced when the trouble begins.
    ASSERT_TRUE(bench.spool->change(delivered({first}, 0)));
    bench.disk->fail(operation, number);
    for (int i = 0; i < 5; ++i) {
      const auto refused = keep_now(*bench.spool, body_of(9, size), 1);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, code) << refused.error().what;
    }
    EXPECT_EQ(bench.spool->size().letters, 1u);
    bench.disk->fail(operation, std::nullopt);
    keep_one(2);
    keep_one(3);
    bench.cut_power();
    const auto all = all_of(*bench.spool);
    EXPECT_EQ(all.size(), 3u);
    for (const auto& [id, body] : kept) EXPECT_EQ(read_all(bench.spool->open({id})), body);
    EXPECT_EQ(all.at(first).states[0].status, spool::RecipientStatus::Delivered)
        << "a change that had been promised is written again";
  }
}

INSTANTIATE_TEST_SUITE_P(Spool, DiskTrouble,
                         ::testing::Values(Trouble{Operation::Write, ENOSPC, StoreErrorCode::NoSpace},
                                           Trouble{Operation::Write, EDQUOT, StoreErrorCode::NoSpace},
                                           Trouble{Operation::Write, EROFS, StoreErrorCode::ReadOnly},
                                           Trouble{Operation::Write, EIO, StoreErrorCode::Io},
                                           Trouble{Operation::Sync, EIO, StoreErrorCode::Io},
                                           Trouble{Operation::Sync, ENOSPC, StoreErrorCode::NoSpace}));

TEST(Trouble, after_a_sync_that_failed_nothing_it_should_have_covered_counts) {
  Bench bench;
  const auto safe = keep_now(*bench.spool, "safe", 1).value();
  bench.disk->fail(Operation::Sync, EIO);
  EXPECT_FALSE(keep_now(*bench.spool, "refused", 1));
  bench.disk->fail(Operation::Sync, std::nullopt);
  // The kernel now says that everything is on stable storage, and the page is gone.
  const auto later = keep_now(*bench.spool, "later", 1).value();
  EXPECT_EQ(read_all(bench.spool->open(safe.id)), "safe");
  bench.cut_power();
  EXPECT_EQ(all_of(*bench.spool).size(), 2u);
  EXPECT_EQ(read_all(bench.spool->open(safe.id)), "safe");
  EXPECT_EQ(read_all(bench.spool->open(later.id)), "later");
}

TEST(Trouble, a_large_letter_whose_first_pieces_a_failed_sync_took_is_refused) {
  Bench bench;
  auto draft = bench.spool->begin();
  ASSERT_TRUE(tests::run_coroutine(draft->append(body_of(1, 50000))));
  bench.disk->fail(Operation::Sync, EIO);
  EXPECT_FALSE(keep_now(*bench.spool, "other", 1));
  bench.disk->fail(Operation::Sync, std::nullopt);
  const auto kept = tests::run_coroutine(bench.spool->commit(std::move(draft), envelope_to(1)));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, StoreErrorCode::Io);
  EXPECT_EQ(bench.spool->size().letters, 0u);
}

TEST(Trouble, a_full_disk_takes_no_letters_but_what_becomes_of_them_and_then_letters_again) {
  Bench bench;
  bench.disk->set_capacity(3 * bench.settings.segment_size);
  std::vector<spool::LetterId> ids;
  for (;;) {
    const auto letter = keep_now(*bench.spool, body_of(1, 10000), 1);
    if (!letter) {
      EXPECT_EQ(letter.error().code, StoreErrorCode::NoSpace);
      break;
    }
    ids.push_back(letter->id);
  }
  EXPECT_GT(ids.size(), 60u);
  ASSERT_TRUE(tests::run_coroutine(bench.spool->change_durably(delivered(ids[0]))));
  for (std::size_t i = 1; i < ids.size() / 2; ++i) ASSERT_TRUE(bench.spool->change(delivered(ids[i]))) << i;
  EXPECT_EQ(keep_now(*bench.spool, body_of(1, 10000), 1).error().code, StoreErrorCode::NoSpace);
  ASSERT_TRUE(bench.spool->tidy());
  EXPECT_TRUE(keep_now(*bench.spool, body_of(1, 10000), 1)) << "what left gave its space back";
}

TEST(Trouble, a_full_disk_does_not_keep_it_from_starting) {
  Bench bench;
  std::vector<spool::LetterId> ids;
  for (int i = 0; i < 30; ++i) ids.push_back(keep_now(*bench.spool, body_of(1, 20000), 1).value().id);
  bench.spool.reset();
  bench.disk->set_capacity(1);
  bench.spool = open_or_die(bench.settings);
  EXPECT_EQ(all_of(*bench.spool).size(), ids.size());
  EXPECT_EQ(keep_now(*bench.spool, "x", 1).error().code, StoreErrorCode::NoSpace);
  bench.disk->set_capacity(100 * bench.settings.segment_size);
  EXPECT_TRUE(keep_now(*bench.spool, "x", 1));
  EXPECT_TRUE(bench.spool->change(delivered(ids[0])));
}

// A kill on a full disk must not be for ever: the index needs space to be opened.
TEST(Trouble, the_ballast_is_there_as_soon_as_the_spool_is_open) {
  const Bench bench;
  EXPECT_EQ(std::filesystem::file_size(bench.settings.directory + "/ballast"), bench.settings.segment_size / 8);
}

// RocksDB ends the process at the second line that a full disk keeps out of its own log file.
TEST(Trouble, the_index_keeps_no_log_file_of_its_own) {
  Bench bench;
  (void)keep_now(*bench.spool, body_of(1, 1000), 1).value();
  ASSERT_TRUE(bench.spool->tidy());
  for (const std::string part : {"/index", "/chronicle"})
    EXPECT_FALSE(std::filesystem::exists(bench.settings.directory + part + "/LOG")) << part;
}

std::string first_segment(const FaultyDisk& disk) {
  for (const auto& name : disk.names()) {
    if (name.ends_with(".log") && !name.starts_with("spare")) return name;
  }
  return {};
}

TEST(Trouble, a_damaged_envelope_stops_the_start_and_says_where_and_what_to_do) {
  Bench bench;
  for (unsigned i = 0; i < 5; ++i) (void)keep_now(*bench.spool, body_of(i, 1000), 1).value();
  bench.spool.reset();
  std::filesystem::remove_all(bench.settings.directory + "/index");
  const std::string segment = first_segment(*bench.disk);
  bench.disk->damage(segment, 200);
  const auto spool = open_spool(bench.settings);
  ASSERT_FALSE(spool);
  EXPECT_EQ(spool.error().code, StoreErrorCode::Corrupt);
  EXPECT_TRUE(spool.error().what.contains(segment)) << spool.error().what;
  EXPECT_TRUE(spool.error().what.contains("backup")) << spool.error().what;
}

TEST(Trouble, damaged_octets_of_one_letter_end_in_a_read_error_and_hurt_no_other) {
  for (const bool with_index : {true, false}) {
    Bench bench;
    std::vector<spool::LetterId> ids;
    for (unsigned i = 0; i < 3; ++i) ids.push_back(keep_now(*bench.spool, body_of(i, 10000), 1).value().id);
    bench.spool.reset();
    if (!with_index) std::filesystem::remove_all(bench.settings.directory + "/index");
    bench.disk->damage(first_segment(*bench.disk), 5000);
    bench.spool = open_or_die(bench.settings);
    EXPECT_EQ(read_all(bench.spool->open(ids[0])), std::nullopt);
    EXPECT_EQ(read_all(bench.spool->open(ids[1])), body_of(1, 10000));
    EXPECT_EQ(all_of(*bench.spool).size(), 3u);
  }
}

}  // namespace
}  // namespace postseal::journal
