// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "flow/queue/stage_test.h"

namespace postseal::queue {
namespace {

using spool::RecipientStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST(Queue, a_letter_goes_at_once_and_is_marked) {
  Stage stage;
  const auto id = stage.send(envelope_to({"a@one.test"}));
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Delivered);
  EXPECT_EQ(stage.state(id).attempts, 1u);
  EXPECT_EQ(stage.state(id).host, "mx.test");
  ASSERT_EQ(stage.courier.sent.size(), 1u);
  EXPECT_EQ(stage.courier.sent[0].site, "mx.one.test:25");
  EXPECT_THAT(stage.store.trace(id).value(), ElementsAre("{\"site\":\"mx.one.test:25\"}"));
  EXPECT_EQ(stage.queue->statistics().totals.letters, 0u);
}

TEST(Queue, recipients_at_one_site_go_together_whatever_their_domains) {
  Stage stage;
  stage.courier.sites = {{"one.test", "mx.big.test:25"}, {"two.test", "mx.big.test:25"}};
  stage.send(envelope_to({"a@one.test", "b@two.test", "c@other.test", "d@one.test"}));
  ASSERT_EQ(stage.courier.sent.size(), 2u);
  std::map<std::string, std::vector<std::string>> by_site;
  for (const auto& sent : stage.courier.sent) by_site[sent.site] = sent.recipients;
  EXPECT_THAT(by_site["mx.big.test:25"], UnorderedElementsAre("a@one.test", "b@two.test", "d@one.test"));
  EXPECT_THAT(by_site["mx.other.test:25"], ElementsAre("c@other.test"));
}

TEST(Queue, a_deferred_recipient_waits_by_itself_and_comes_back) {
  Stage stage;
  stage.courier.answer = [](const Job&, const std::string& recipient) {
    return recipient == "b@one.test" ? failed(DeliveryOutcome::Deferred) : delivered();
  };
  const auto id = stage.send(envelope_to({"a@one.test", "b@one.test"}));
  EXPECT_EQ(stage.state(id, 0).status, RecipientStatus::Delivered);
  const auto waits = stage.state(id, 1);
  EXPECT_EQ(waits.status, RecipientStatus::Waiting);
  EXPECT_EQ(waits.explanation, "greylisted");
  EXPECT_GE(waits.next_attempt, kStart + Seconds{225});
  EXPECT_LE(waits.next_attempt, kStart + Seconds{375});
  stage.pass(Seconds{200});
  EXPECT_EQ(stage.courier.sent.size(), 1u);
  stage.courier.answer = nullptr;
  stage.pass(Seconds{200});
  ASSERT_EQ(stage.courier.sent.size(), 2u);
  EXPECT_THAT(stage.courier.sent[1].recipients, ElementsAre("b@one.test"));
  EXPECT_EQ(stage.state(id, 1).status, RecipientStatus::Delivered);
}

TEST(Queue, attempts_grow_rarer_up_to_the_longest_pause) {
  Stage stage;
  stage.courier.answer = [](const Job&, const std::string&) { return failed(DeliveryOutcome::Deferred); };
  const auto id = stage.send(envelope_to({"a@one.test"}));
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 9; ++i) {
    const auto pause = stage.state(id).next_attempt - stage.clock.now();
    pauses.push_back(pause.count());
    stage.pass(pause);
  }
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    const double plain = std::min(300.0 * std::exp2(static_cast<double>(i)), 4 * 3600.0);
    EXPECT_GE(static_cast<double>(pauses[i]), plain * 0.74) << i;
    EXPECT_LE(static_cast<double>(pauses[i]), std::min(plain * 1.26, 4 * 3600.0)) << i;
  }
}

TEST(Queue, restart_keeps_the_schedule) {
  Stage stage;
  stage.courier.answer = [](const Job&, const std::string&) { return failed(DeliveryOutcome::Deferred); };
  const auto id = stage.send(envelope_to({"a@one.test"}));
  const auto due = stage.state(id).next_attempt;
  stage.restart();
  EXPECT_EQ(stage.courier.sent.size(), 1u) << "not before its time";
  stage.pass(due - stage.clock.now() - Seconds{1});
  EXPECT_EQ(stage.courier.sent.size(), 1u);
  stage.pass(Seconds{1});
  EXPECT_EQ(stage.courier.sent.size(), 2u);
  EXPECT_EQ(stage.state(id).attempts, 2u);
}

TEST(Queue, what_was_under_way_at_a_crash_goes_again) {
  Stage stage;
  stage.courier.silent_sites = {"mx.one.test:25"};
  const auto id = stage.send(envelope_to({"a@one.test"}));
  ASSERT_EQ(stage.courier.sent.size(), 1u);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Waiting);
  stage.courier.silent_sites.clear();
  stage.restart();
  EXPECT_EQ(stage.courier.sent.size(), 2u);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Delivered);
}

TEST(Queue, a_host_that_is_down_waits_as_a_whole_and_one_letter_goes_first_afterwards) {
  Stage stage;
  stage.courier.answer = [](const Job&, const std::string&) {
    return failed(DeliveryOutcome::Deferred, Scope::Site, "mx.down.test: no answer");
  };
  std::vector<spool::LetterId> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(stage.commit(envelope_to({"a@down.test"})));
  stage.run();
  EXPECT_EQ(stage.courier.sent.size(), 1u) << "one found out for all";
  EXPECT_EQ(stage.state(ids[1]).attempts, 0u) << "the others are not touched";
  stage.pass(Seconds{400});
  EXPECT_EQ(stage.courier.sent.size(), 2u) << "a single letter goes first";
  stage.courier.answer = nullptr;
  stage.pass(Seconds{900});
  EXPECT_EQ(stage.courier.sent.size(), 52u);
  EXPECT_EQ(stage.queue->statistics().totals.letters, 0u);
}

TEST(Queue, one_hostile_destination_with_ten_thousand_letters_does_not_delay_another) {
  Stage stage;
  stage.witness.quiet = true;
  stage.courier.silent_sites = {"mx.hostile.test:25"};
  for (int i = 0; i < 10'000; ++i) stage.commit(envelope_to({"a@hostile.test"}));
  stage.run();
  const auto id = stage.send(envelope_to({"b@good.test"}));
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Delivered);
  EXPECT_LE(stage.courier.most_under_way["mx.hostile.test:25"], stage.settings.connections_per_site);
}

TEST(Queue, routes_are_looked_up_a_bounded_number_at_once) {
  Stage stage;
  for (int i = 0; i < 500; ++i) {
    const std::string name = "d" + std::to_string(i) + ".test";
    stage.courier.unrouted.insert(name);
    stage.commit(envelope_to({"a@" + name}));
  }
  stage.run();
  EXPECT_EQ(stage.courier.most_routing, 200u);
  for (int i = 0; i < 5; ++i) {
    stage.courier.free_all();
    stage.run();
  }
  EXPECT_EQ(stage.courier.sent.size(), 500u);
  EXPECT_EQ(stage.courier.most_routing, 200u);
}

TEST(Queue, many_letters_for_one_site_share_one_worker) {
  Stage stage;
  for (int d = 0; d < 10; ++d) stage.courier.sites["d" + std::to_string(d) + ".test"] = "mx.shared.test:25";
  for (int i = 0; i < 100; ++i) stage.commit(envelope_to({"a@d" + std::to_string(i % 10) + ".test"}));
  stage.run();
  EXPECT_EQ(stage.courier.sent.size(), 100u);
  EXPECT_EQ(stage.courier.most_under_way["mx.shared.test:25"], 1u);
}

TEST(Queue, a_bug_of_the_courier_defers_and_is_said_loudly) {
  Stage stage;
  stage.courier.throws = true;
  const auto id = stage.send(envelope_to({"a@one.test"}));
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Waiting);
  EXPECT_GT(stage.state(id).next_attempt, kStart);
  EXPECT_EQ(stage.witness.count("wrong "), 1u);
}

TEST(Queue, accepted_may_be_called_from_other_threads) {
  Stage stage;
  auto one = stage.letter(stage.send(envelope_to({"x@one.test"})));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&stage] {
      for (int i = 0; i < 100; ++i) stage.commit(envelope_to({"a@one.test"}));
    });
  }
  for (auto& thread : threads) thread.join();
  stage.run();
  EXPECT_EQ(stage.courier.sent.size(), 401u);
}

TEST(Queue, stop_waits_for_what_is_under_way_and_begins_nothing) {
  Stage stage;
  stage.courier.silent_sites = {"mx.one.test:25"};
  const auto id = stage.send(envelope_to({"a@one.test"}));
  bool stopped = false;
  boost::asio::co_spawn(*stage.io, stage.queue->stop(Deadline::in(std::chrono::seconds(20))),
                        [&](std::exception_ptr) { stopped = true; });
  stage.run();
  EXPECT_FALSE(stopped);
  const auto later = stage.send(envelope_to({"b@two.test"}));
  stage.courier.free_all();
  stage.run();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Delivered);
  EXPECT_EQ(stage.state(later).status, RecipientStatus::Waiting);
}

TEST(Queue, what_the_store_cannot_take_is_offered_again_and_not_sent_again) {
  Stage stage;
  stage.observed.refuses_changes = true;
  const auto id = stage.send(envelope_to({"a@one.test"}));
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Waiting) << "as a crash would find it";
  EXPECT_EQ(stage.queue->statistics().changes_owed, 1u);
  stage.pass(Seconds{3600});
  EXPECT_EQ(stage.courier.sent.size(), 1u);
  stage.observed.refuses_changes = false;
  stage.pass(Seconds{1});
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Delivered);
  EXPECT_EQ(stage.queue->statistics().changes_owed, 0u);
  EXPECT_EQ(stage.courier.sent.size(), 1u);
}

}  // namespace
}  // namespace postseal::queue
