// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/spool.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "edge/journal/spool_fixture.h"

namespace postseal::journal {
namespace {

TEST(Spool, a_committed_letter_is_there_with_its_bytes) {
  const Folder folder;
  const auto spool = open_or_die(settings_in(folder));
  // Empty, small, exactly one piece, one octet more, many pieces.
  for (const std::size_t size : {0ul, 1ul, 4096ul, 16384ul, 16385ul, 100000ul}) {
    const std::string body = body_of(size, size);
    const auto letter = keep_now(*spool, body, 3);
    ASSERT_TRUE(letter) << letter.error().what;
    EXPECT_EQ(letter->envelope.size, size);
    EXPECT_EQ(letter->states.size(), 3u);
    EXPECT_EQ(read_all(spool->open(letter->id)), body) << size;
    EXPECT_EQ(spool->load(letter->id), *letter);
  }
  EXPECT_EQ(spool->size().letters, 6u);
}

TEST(Spool, what_is_put_in_front_last_is_read_first) {
  const Folder folder;
  std::map<std::uint64_t, std::string> bytes;
  const auto check = [&](Spool& spool, const char* when) {
    for (const auto& [id, text] : bytes) EXPECT_EQ(read_all(spool.open({id})), text) << when << ' ' << text.size();
  };
  // The same sizes as above, and the most that goes in front.
  for (const bool restarted : {false, true}) {
    const auto spool = open_or_die(settings_in(folder));
    check(*spool, "restarted");
    for (const std::size_t size : {0ul, 1ul, 16384ul, 16385ul, 100000ul}) {
      for (const std::size_t front : {std::size_t{300}, spool::Draft::kMostInFront}) {
        const std::string body = body_of(size, size), header = body_of(front + restarted, front);
        const auto letter = tests::run_coroutine(keep(spool.get(), body, 1, header)).value();
        EXPECT_EQ(letter.envelope.size, size + front);
        bytes[letter.id.value] = header + body;
      }
    }
    check(*spool, "at once");
    // Half of the space goes, and what lives moves.
    for (int i = 0; i < 40; ++i) {
      const auto gone = keep_now(*spool, body_of(7, 60000), 1).value();
      ASSERT_TRUE(spool->change(delivered(gone.id)));
    }
    ASSERT_TRUE(spool->tidy());
    check(*spool, "moved");
  }
}

TEST(Spool, everything_is_there_after_a_restart) {
  const Folder folder;
  std::map<std::uint64_t, spool::QueuedLetter> before;
  std::map<std::uint64_t, std::string> bodies;
  for (int round = 0; round < 3; ++round) {
    const auto spool = open_or_die(settings_in(folder));
    EXPECT_EQ(all_of(*spool), before);
    for (const auto& [id, body] : bodies) EXPECT_EQ(read_all(spool->open({id})), body);
    for (std::size_t i = 0; i < 20; ++i) {
      const std::string body = body_of(i, i * 3000);
      const auto letter = keep_now(*spool, body, 2).value();
      bodies[letter.id.value] = body;
      auto changed = delivered(letter.id, 1);
      changed.held = i % 2 == 0;
      changed.rerouted = "mx.example.net";
      ASSERT_TRUE(spool->change(changed));
    }
    if (round == 1) ASSERT_TRUE(spool->tidy());
    before = all_of(*spool);
    EXPECT_EQ(before.size(), bodies.size());
  }
}

TEST(Spool, a_letter_of_which_nobody_waits_any_more_leaves) {
  const Folder folder;
  const auto spool = open_or_die(settings_in(folder));
  const auto letter = keep_now(*spool, "hello\r\n", 2).value();
  const auto open = spool->open(letter.id);
  ASSERT_TRUE(spool->change(delivered(letter.id, 0)));
  ASSERT_TRUE(spool->load(letter.id));
  EXPECT_EQ(spool->load(letter.id)->states[0].status, spool::RecipientStatus::Delivered);
  ASSERT_TRUE(tests::run_coroutine(spool->change_durably(delivered(letter.id, 1))));
  EXPECT_EQ(spool->load(letter.id).error().code, spool::StoreErrorCode::NotFound);
  EXPECT_EQ(spool->change(delivered(letter.id, 1)).error().code, spool::StoreErrorCode::NotFound);
  EXPECT_EQ(spool->size().letters, 0u);
  EXPECT_EQ(spool->size().bytes_live, 0u);
  EXPECT_EQ(read_all(open), "hello\r\n") << "who has opened it reads on";
  EXPECT_EQ(spool->open(letter.id)(), nullptr);
}

TEST(Spool, a_dropped_draft_leaves_nothing) {
  const Folder folder;
  const auto spool = open_or_die(settings_in(folder));
  {
    const auto draft = spool->begin();
    ASSERT_TRUE(tests::run_coroutine(draft->append(body_of(1, 100000))));
  }
  EXPECT_EQ(spool->size().letters, 0u);
  EXPECT_TRUE(all_of(*spool).empty());
}

TEST(Spool, an_index_that_is_gone_or_damaged_is_made_again) {
  for (const bool damaged : {false, true}) {
    const Folder folder;
    std::map<std::uint64_t, spool::QueuedLetter> before;
    {
      const auto spool = open_or_die(settings_in(folder));
      for (std::size_t i = 0; i < 50; ++i) {
        const auto letter = keep_now(*spool, body_of(i, 9000), 2).value();
        ASSERT_TRUE(spool->change(delivered(letter.id, 0)));
        if (i % 3 == 0) ASSERT_TRUE(spool->change(delivered(letter.id, 1)));
        if (i % 10 == 0) ASSERT_TRUE(spool->tidy());
      }
      before = all_of(*spool);
    }
    const std::string index = settings_in(folder).directory + "/index";
    if (damaged) {
      std::filesystem::resize_file(index + "/CURRENT", 3);
    } else {
      std::filesystem::remove_all(index);
    }
    std::string said;
    auto settings = settings_in(folder);
    settings.warn = [&](const std::string& line) { said += line; };
    const auto spool = open_or_die(settings);
    EXPECT_EQ(all_of(*spool), before);
    EXPECT_TRUE(said.contains("made again")) << said;
  }
}

TEST(Spool, two_processes_do_not_share_one) {
  const Folder folder;
  const auto spool = open_or_die(settings_in(folder));
  const auto second = open_spool(settings_in(folder));
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().what.contains("another process")) << second.error().what;
}

// RocksDB makes its files readable for all; what keeps others out is the mode of the directories.
TEST(Spool, nobody_else_can_read_it) {
  const Folder folder;
  const auto spool = open_or_die(settings_in(folder));
  (void)keep_now(*spool, "secret", 1).value();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(settings_in(folder).directory)) {
    struct stat status{};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    if (entry.is_directory()) EXPECT_EQ(status.st_mode & 0777, 0700u) << entry.path();
    if (entry.path().parent_path().filename() == "log") EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
  }
}

TEST(Spool, ids_grow_over_restarts_and_when_the_clock_is_set_back) {
  const Folder folder;
  std::uint64_t last = 0;
  for (const int hour : {10, 11, 5, 5, 12}) {
    auto settings = settings_in(folder);
    settings.now = [hour] { return std::chrono::system_clock::time_point(std::chrono::hours(hour + 500000)); };
    const auto spool = open_or_die(settings);
    for (int i = 0; i < 3; ++i) {
      const auto id = keep_now(*spool, "x", 1).value().id.value;
      EXPECT_GT(id, last);
      last = id;
    }
  }
}

TEST(Spool, traces_outlive_their_letter_until_they_are_forgotten) {
  const Folder folder;
  const auto at = [](int seconds) { return WallTime(Seconds(1900000000 + seconds)); };
  spool::LetterId id;
  {
    const auto spool = open_or_die(settings_in(folder));
    id = keep_now(*spool, "x", 1).value().id;
    spool->add_trace(id, at(1), "{\"first\":1}");
    spool->add_trace(id, at(1), "{\"second\":1}");
    spool->add_trace({id.value + 1}, at(1), "{\"other\":1}");
    ASSERT_TRUE(spool->tidy());
    spool->add_trace(id, at(5), "{\"third\":1}");
    ASSERT_TRUE(spool->change(delivered(id)));
    EXPECT_EQ(spool->trace(id).value(), (std::vector<std::string>{"{\"first\":1}", "{\"second\":1}", "{\"third\":1}"}));
  }
  const auto spool = open_or_die(settings_in(folder));
  EXPECT_EQ(spool->trace(id).value().size(), 3u);
  spool->forget_traces_before(at(5));
  EXPECT_EQ(spool->trace(id).value(), std::vector<std::string>{"{\"third\":1}"});
  ASSERT_TRUE(spool->tidy());
  EXPECT_EQ(spool->trace(id).value(), std::vector<std::string>{"{\"third\":1}"});
}

TEST(Spool, notes_are_kept) {
  const Folder folder;
  {
    const auto spool = open_or_die(settings_in(folder));
    EXPECT_EQ(spool->note("tls/example.org").value(), std::nullopt);
    ASSERT_TRUE(spool->put_note("tls/example.org", std::string("a\0b", 3)));
    ASSERT_TRUE(spool->put_note("tls/example.org", std::string("c\0d", 3)));
  }
  EXPECT_EQ(open_or_die(settings_in(folder))->note("tls/example.org").value(), std::string("c\0d", 3));
}

}  // namespace
}  // namespace postseal::journal
