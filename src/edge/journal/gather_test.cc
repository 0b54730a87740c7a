// SPDX-License-Identifier: Apache-2.0
// Commits that share a sync while the threads that commit are at work.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/journal/spool_fixture.h"

namespace postseal::journal {
namespace {

namespace asio = boost::asio;
using std::chrono::hours;

/// Sessions that commit in a loop which this test turns.
struct Sessions {
  explicit Sessions(Spool& store) : spool(store) {}
  void commit(std::size_t size = 100) {
    asio::co_spawn(context, keep(&spool, body_of(size, size), 1), [this](std::exception_ptr error, auto kept) {
      if (error || !kept) return;
      ++answered;
    });
    context.restart();
    context.poll();
  }
  Spool& spool;
  asio::io_context context;
  int answered = 0;
};

SpoolSettings patient(const Folder& folder) {
  auto settings = settings_in(folder);
  settings.gather_for = hours(1);
  return settings;
}

TEST(Gathering, letters_share_one_sync_while_their_threads_are_at_work) {
  const Folder folder;
  const auto spool = open_or_die(patient(folder));
  const auto before = spool->syncs();
  Sessions sessions(*spool);
  for (int i = 0; i < 200; ++i) sessions.commit();
  EXPECT_EQ(sessions.answered, 0);
  spool->nobody_else_comes();
  sessions.context.run();
  EXPECT_EQ(sessions.answered, 200);
  EXPECT_EQ(spool->syncs() - before, 1u);
}

TEST(Gathering, who_comes_alone_does_not_wait) {
  const Folder folder;
  const auto spool = open_or_die(patient(folder));
  Sessions sessions(*spool);
  for (int i = 1; i <= 20; ++i) {
    sessions.commit();
    spool->nobody_else_comes();
    sessions.context.run();
    EXPECT_EQ(sessions.answered, i);
  }
}

TEST(Gathering, nobody_waits_for_ever_for_threads_that_stay_at_work) {
  const Folder folder;
  auto settings = settings_in(folder);
  settings.gather_for = std::chrono::milliseconds(1);
  const auto spool = open_or_die(settings);
  EXPECT_TRUE(keep_now(*spool, body_of(1, 100)));
}

TEST(Gathering, a_piece_of_a_large_letter_holds_up_nobody) {
  const Folder folder;
  const auto spool = open_or_die(patient(folder));
  Sessions sessions(*spool);
  sessions.commit();
  sessions.commit(100'000);  // its first piece takes the small one with it; the end of it waits for company again
  while (sessions.answered == 0) sessions.context.run_one();
  spool->nobody_else_comes();
  while (sessions.answered == 1) {
    sessions.context.run_one();
    spool->nobody_else_comes();
  }
  EXPECT_EQ(sessions.answered, 2);
}

TEST(Gathering, a_store_that_closes_keeps_what_waits) {
  const Folder folder;
  {
    asio::io_context context;
    const auto spool = open_or_die(patient(folder));
    asio::co_spawn(context, keep(spool.get(), body_of(1, 100), 1), [](std::exception_ptr, auto) {});
    context.poll();
  }
  EXPECT_EQ(open_or_die(patient(folder))->size().letters, 1u);
}

}  // namespace
}  // namespace postseal::journal
