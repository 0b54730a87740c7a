// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/arrivals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "flow/queue/stage_test.h"

namespace postseal::queue {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;

struct Hall {
  explicit Hall(milliseconds apart)
      : arrivals(io.get_executor(), apart,
                 [this](spool::QueuedLetter letter) { admitted.push_back(letter.id.value); }) {}
  void put(std::uint64_t id) {
    spool::QueuedLetter letter;
    letter.id.value = id;
    arrivals.put(std::move(letter));
  }
  boost::asio::io_context io;
  std::vector<std::uint64_t> admitted;
  Arrivals arrivals;
};

TEST(Arrivals, the_first_letter_is_fetched_at_once_and_those_that_follow_closely_together) {
  Hall hall(hours(1));
  hall.put(1);
  EXPECT_EQ(hall.io.poll(), 1u);
  EXPECT_THAT(hall.admitted, ElementsAre(1));
  hall.put(2);
  hall.put(3);
  EXPECT_EQ(hall.io.poll(), 0u);
  hall.arrivals.fetch();
  EXPECT_THAT(hall.admitted, ElementsAre(1, 2, 3));
}

TEST(Arrivals, those_that_follow_are_fetched_without_being_asked_for) {
  Hall hall(milliseconds(1));
  hall.put(1);
  hall.io.poll();
  hall.put(2);
  hall.io.restart();
  hall.io.run();  // returns when nothing is looked for any more
  EXPECT_THAT(hall.admitted, ElementsAre(1, 2));
  hall.put(3);
  hall.io.restart();
  hall.io.poll();
  EXPECT_THAT(hall.admitted, ElementsAre(1, 2, 3));
}

TEST(Arrivals, of_several_threads_each_letter_comes_once_and_in_its_order) {
  constexpr std::uint64_t kThreads = 4, kEach = 500;
  Hall hall(milliseconds(0));
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&hall, thread] {
      for (std::uint64_t i = 0; i < kEach; ++i) hall.put(thread * kEach + i);
    });
  while (hall.admitted.size() < kThreads * kEach) {
    hall.io.restart();
    hall.io.run();
  }
  for (auto& thread : threads) thread.join();
  std::vector<std::uint64_t> next(kThreads, 0);
  for (const auto id : hall.admitted) EXPECT_EQ(id % kEach, next[id / kEach]++);
}

// Who was told 250 and asks, finds his letter.
TEST(Arrivals, whoever_looks_at_the_queue_sees_every_letter_that_was_accepted) {
  Stage stage;
  stage.arrivals_apart = hours(1);
  stage.settings.connections = 0;
  stage.restart();
  const auto accept = [&] { return stage.send(envelope_to({"a@one.test"})); };
  accept();
  accept();
  EXPECT_EQ(stage.queue->statistics().totals.letters, 2u);
  accept();
  EXPECT_EQ(stage.ask(stage.queue->list({}, 10, {})).letters.size(), 3u);
  EXPECT_EQ(stage.queue->show(accept())->groups.size(), 1u);
  accept();
  EXPECT_EQ(stage.ask(stage.queue->flush({})).letters, 5u);
  accept();
  EXPECT_EQ(stage.ask(stage.queue->hold({})).letters, 6u);
}

}  // namespace
}  // namespace postseal::queue
