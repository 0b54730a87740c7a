// SPDX-License-Identifier: Apache-2.0
// Space is given back, whatever order letters leave in, and nothing comes back from the dead for it.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <thread>

#include "edge/journal/faulty_disk.h"
#include "edge/journal/spool.h"
#include "edge/journal/spool_fixture.h"

namespace postseal::journal {
namespace {

struct Bench {
  Folder folder;
  std::shared_ptr<FaultyDisk> disk = std::make_shared<FaultyDisk>();
  SpoolSettings settings = settings_in(folder);
  std::unique_ptr<Spool> spool;
  Bench() {
    settings.disk = disk;
    spool = open_or_die(settings);
  }
  void restart(bool with_index) {
    spool.reset();
    if (!with_index) std::filesystem::remove_all(settings.directory + "/index");
    spool = open_or_die(settings);
  }
};

TEST(Space, of_letters_that_have_left_is_given_back) {
  Bench bench;
  for (unsigned i = 0; i < 400; ++i) {
    const auto letter = keep_now(*bench.spool, body_of(i, 20000), 1).value();
    ASSERT_TRUE(bench.spool->change(delivered(letter.id)));
    if (i % 20 == 0) ASSERT_TRUE(bench.spool->tidy());
    EXPECT_LE(bench.spool->size().bytes_on_disk, 6 * bench.settings.segment_size) << i;
  }
  EXPECT_EQ(bench.spool->size().bytes_live, 0u);
}

TEST(Space, held_by_few_that_stay_among_many_that_leave_is_given_back_too) {
  Bench bench;
  std::map<std::uint64_t, std::string> stay;
  for (unsigned i = 0; i < 600; ++i) {
    const std::string body = body_of(i, i % 3 == 0 ? 30000 : 6000);
    const auto letter = keep_now(*bench.spool, body, 1).value();
    if (i % 20 == 0) {
      stay[letter.id.value] = body;
    } else {
      ASSERT_TRUE(bench.spool->change(delivered(letter.id)));
    }
    if (i % 20 == 0) ASSERT_TRUE(bench.spool->tidy());
  }
  ASSERT_TRUE(bench.spool->tidy());
  const auto size = bench.spool->size();
  EXPECT_EQ(size.letters, stay.size());
  EXPECT_LE(size.bytes_on_disk, 2 * size.bytes_live + 8 * bench.settings.segment_size);
  for (const bool with_index : {true, false}) {
    for (const auto& [id, body] : stay) EXPECT_EQ(read_all(bench.spool->open({id})), body);
    EXPECT_EQ(all_of(*bench.spool).size(), stay.size());
    bench.restart(with_index);
  }
}

TEST(Space, a_source_that_is_open_reads_on_while_its_segment_goes) {
  Bench bench;
  const std::string body = body_of(1, 60000);
  const auto letter = keep_now(*bench.spool, body, 1).value();
  const auto open = bench.spool->open(letter.id);
  const auto source = open();
  std::string buffer(1000, '\0'), got;
  ASSERT_EQ(source->read(buffer), 1000);
  got = buffer;
  ASSERT_TRUE(bench.spool->change(delivered(letter.id)));
  for (unsigned i = 0; i < 60; ++i) {
    const auto other = keep_now(*bench.spool, body_of(i + 2, 20000), 1).value();
    ASSERT_TRUE(bench.spool->change(delivered(other.id)));
    ASSERT_TRUE(bench.spool->tidy());
  }
  for (std::ptrdiff_t length = 0; (length = source->read(buffer)) > 0;) {
    got.append(buffer, 0, static_cast<std::size_t>(length));
  }
  EXPECT_EQ(got, body);
  EXPECT_EQ(read_all(open), body);
}

TEST(Space, pieces_of_a_letter_that_is_still_coming_in_stay) {
  Bench bench;
  const std::string body = body_of(1, 60000);
  auto draft = bench.spool->begin();
  ASSERT_TRUE(tests::run_coroutine(draft->append(body)));
  for (unsigned i = 0; i < 60; ++i) {
    const auto other = keep_now(*bench.spool, body_of(i + 2, 20000), 1).value();
    ASSERT_TRUE(bench.spool->change(delivered(other.id)));
    ASSERT_TRUE(bench.spool->tidy());
  }
  const auto letter = tests::run_coroutine(bench.spool->commit(std::move(draft), envelope_to(1))).value();
  EXPECT_EQ(read_all(bench.spool->open(letter.id)), body);
  bench.restart(false);
  EXPECT_EQ(read_all(bench.spool->open(letter.id)), body);
}

TEST(Space, of_letters_that_were_given_up_is_given_back_though_no_letter_comes) {
  Bench bench;
  for (unsigned i = 0; i < 60; ++i) {
    auto draft = bench.spool->begin();
    const std::string body = body_of(i, 60000);
    ASSERT_TRUE(tests::run_coroutine(draft->append(body)));
    draft.reset();
    if (i % 10 == 0) ASSERT_TRUE(bench.spool->tidy());
    EXPECT_LE(bench.spool->size().bytes_on_disk, 6 * bench.settings.segment_size) << i;
  }
}

TEST(Space, of_letters_that_were_given_up_is_given_back_without_being_asked) {
  Bench bench;
  bench.spool.reset();
  bench.settings.tidies_itself = true;
  bench.settings.checkpoint_after = std::chrono::milliseconds(20);
  bench.spool = open_or_die(bench.settings);
  for (unsigned i = 0; i < 60; ++i) {
    const auto draft = bench.spool->begin();
    const std::string body = body_of(i, 60000);
    ASSERT_TRUE(tests::run_coroutine(draft->append(body)));
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (bench.spool->size().bytes_on_disk > 6 * bench.settings.segment_size) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    std::this_thread::yield();
  }
}

TEST(Space, a_full_disk_of_letters_that_were_given_up_takes_letters_again) {
  Bench bench;
  const auto before = keep_now(*bench.spool, body_of(0, 20000), 1).value();
  bench.disk->set_capacity(5 * bench.settings.segment_size);
  auto taken = spool::StoreResult<void>();
  for (unsigned i = 1; taken && i < 100; ++i) {
    const auto draft = bench.spool->begin();
    const std::string body = body_of(i, 60000);
    taken = tests::run_coroutine(draft->append(body));
  }
  ASSERT_EQ(taken.error().code, spool::StoreErrorCode::NoSpace);
  ASSERT_TRUE(bench.spool->tidy());
  const std::string body = body_of(200, 60000);
  const auto letter = keep_now(*bench.spool, body, 1);
  ASSERT_TRUE(letter) << letter.error().what;
  bench.restart(false);
  EXPECT_EQ(read_all(bench.spool->open(letter->id)), body);
  EXPECT_EQ(read_all(bench.spool->open(before.id)), body_of(0, 20000));
  EXPECT_EQ(all_of(*bench.spool).size(), 2u);
}

TEST(Space, restarts_do_not_scatter_the_log) {
  Bench bench;
  for (unsigned i = 0; i < 40; ++i) {
    (void)keep_now(*bench.spool, body_of(i, 100), 1).value();
    ASSERT_TRUE(bench.spool->tidy());
    bench.restart(true);
  }
  EXPECT_LE(bench.disk->names().size(), 14u);
  EXPECT_EQ(all_of(*bench.spool).size(), 40u);
}

TEST(Space, a_young_log_grows_with_its_letters) {
  const Folder folder;
  auto settings = settings_in(folder);
  settings.segment_size = 256 * 1024 * 1024;
  const auto spool = open_or_die(settings);
  const std::string body = body_of(1, std::size_t{4} * 1024 * 1024);
  std::vector<spool::LetterId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(keep_now(*spool, body).value().id);
  EXPECT_LE(spool->size().bytes_on_disk, std::uint64_t{48} * 1024 * 1024);
  for (const auto id : ids) EXPECT_EQ(read_all(spool->open(id)), body);
}

// What ended a letter must stay in the log as long as the letter does: else it would be sent again when the index is
// made again.
TEST(Space, a_letter_that_left_never_comes_back_with_a_new_index) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    Bench bench;
    std::mt19937 random(seed);
    std::map<std::uint64_t, std::string> bodies;
    for (int step = 0; step < 500; ++step) {
      const auto dice = random() % 100;
      if (dice < 55 || bodies.empty()) {
        const std::string body = body_of(random(), random() % 24000);
        bodies[keep_now(*bench.spool, body, 2).value().id.value] = body;
      } else if (dice < 95) {
        // Young letters leave sooner than old ones.
        auto at = bodies.end();
        for (auto back = 1 + random() % std::min<std::size_t>(bodies.size(), 1 + random() % 40); back > 0; --back) --at;
        const spool::LetterId id{at->first};
        const auto letter = bench.spool->load(id).value();
        const std::uint32_t index = letter.states[0].status == spool::RecipientStatus::Waiting ? 0 : 1;
        ASSERT_TRUE(bench.spool->change(delivered(id, index)));
        if (index == 1) bodies.erase(at);
      } else {
        ASSERT_TRUE(bench.spool->tidy());
      }
      if (step % 125 == 124) {
        const auto before = all_of(*bench.spool);
        const auto size = bench.spool->size();
        bench.restart(step % 250 == 124);
        EXPECT_EQ(all_of(*bench.spool), before) << seed;
        EXPECT_EQ(bench.spool->size().letters, size.letters);
        EXPECT_EQ(bench.spool->size().bytes_live, size.bytes_live);
      }
    }
    for (const auto& [id, body] : bodies) EXPECT_EQ(read_all(bench.spool->open({id})), body) << seed;
    EXPECT_EQ(all_of(*bench.spool).size(), bodies.size()) << seed;
  }
}

}  // namespace
}  // namespace postseal::journal
