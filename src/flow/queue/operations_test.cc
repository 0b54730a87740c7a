// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "flow/queue/stage_test.h"

namespace postseal::queue {
namespace {

using namespace std::chrono_literals;
using spool::RecipientStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Selector select(std::vector<std::string> terms) { return parse_selector(terms).value(); }

/// Three letters that wait: to one, to two, to both.
struct Waiting : Stage {
  Waiting() {
    courier.answer = [](const Job&, const std::string& recipient) {
      return recipient == "sender@ours.test" ? delivered() : failed(DeliveryOutcome::Deferred);
    };
    one = send(envelope_to({"a@one.test"}));
    two = send(envelope_to({"b@two.test"}));
    both = send(envelope_to({"c@one.test", "d@two.test"}));
    courier.sent.clear();
    courier.answer = nullptr;
  }
  spool::LetterId one, two, both;
};

TEST(Operations, list_goes_by_pages_in_the_order_of_ids) {
  Waiting stage;
  const auto first = stage.ask(stage.queue->list(select({"all"}), 2, {}));
  ASSERT_EQ(first.letters.size(), 2u);
  EXPECT_EQ(first.letters[0].letter.id, stage.one);
  const auto second = stage.ask(stage.queue->list(select({"all"}), 2, first.next));
  ASSERT_EQ(second.letters.size(), 1u);
  EXPECT_EQ(second.letters[0].letter.id, stage.both);
  EXPECT_EQ(second.next, spool::LetterId{});
}

TEST(Operations, list_selects_recipients_by_site) {
  Waiting stage;
  const auto listing = stage.ask(stage.queue->list(select({"mx=mx.two.test", "reason=grey"}), 10, {}));
  ASSERT_EQ(listing.letters.size(), 2u);
  EXPECT_THAT(listing.letters[0].matching, ElementsAre(0));
  EXPECT_THAT(listing.letters[1].matching, ElementsAre(1));
  EXPECT_EQ(listing.letters[1].groups.size(), 2u);
}

TEST(Operations, list_of_many_lets_others_work) {
  Stage stage;
  stage.witness.quiet = true;
  stage.courier.answer = [](const Job&, const std::string&) { return failed(DeliveryOutcome::Deferred); };
  for (int i = 0; i < 3000; ++i) stage.commit(envelope_to({"a@one.test"}));
  stage.run();
  std::optional<Listing> listing;
  boost::asio::co_spawn(*stage.io, stage.queue->list(select({"held"}), 10, {}),
                        [&](std::exception_ptr, Listing found) { listing = std::move(found); });
  int steps = 0;
  while (!listing && stage.io->poll_one() > 0) ++steps;
  EXPECT_GE(steps, 30);
}

TEST(Operations, show_says_where_each_group_stands) {
  Waiting stage;
  const auto shown = stage.queue->show(stage.both);
  ASSERT_TRUE(shown);
  ASSERT_EQ(shown->groups.size(), 2u);
  EXPECT_EQ(shown->groups[0].state, Scheduler::GroupStatus::State::Waiting);
  EXPECT_GT(shown->groups[0].due, kStart);
  EXPECT_FALSE(stage.queue->show({12345}));
}

TEST(Operations, flush_makes_due_what_is_meant) {
  Waiting stage;
  EXPECT_EQ(stage.ask(stage.queue->flush(select({"domain=one.test"}))).letters, 2u);
  EXPECT_EQ(stage.state(stage.one).status, RecipientStatus::Delivered);
  EXPECT_EQ(stage.state(stage.both, 0).status, RecipientStatus::Delivered);
  EXPECT_EQ(stage.state(stage.both, 1).status, RecipientStatus::Waiting);
  EXPECT_EQ(stage.ask(stage.queue->flush(select({"all"}))).letters, 2u);
  EXPECT_EQ(stage.queue->statistics().totals.letters, 0u);
}

TEST(Operations, held_letters_are_not_tried_nor_expired_also_after_a_restart) {
  Waiting stage;
  EXPECT_EQ(stage.ask(stage.queue->hold(select({stage.one.to_string()}))).letters, 1u);
  stage.restart();
  stage.pass(stage.settings.lifetime + 1h);
  stage.pass(1s);
  EXPECT_EQ(stage.state(stage.one).status, RecipientStatus::Waiting);
  EXPECT_EQ(stage.ask(stage.queue->list(select({"held"}), 10, {})).letters.size(), 1u);
  EXPECT_EQ(stage.ask(stage.queue->release(select({"held"}))).letters, 1u);
  stage.run();
  EXPECT_EQ(stage.state(stage.one).status, RecipientStatus::Delivered);
}

TEST(Operations, what_the_store_took_late_never_undoes_what_was_said_later) {
  Waiting stage;
  stage.observed.refuses_changes = true;
  stage.ask(stage.queue->hold(select({"all"})));
  stage.observed.refuses_changes = false;
  stage.ask(stage.queue->release(select({"all"})));
  stage.pass(1s);
  EXPECT_EQ(stage.queue->statistics().changes_owed, 0u);
  EXPECT_FALSE(stage.letter(stage.one).held) << "it would be held for ever after a restart";
}

TEST(Operations, who_is_deleted_while_his_notification_fails_stays_deleted) {
  Stage stage;
  stage.courier.answer = [](const Job&, const std::string& recipient) {
    return recipient == "a@one.test" ? failed(DeliveryOutcome::Bounced) : failed(DeliveryOutcome::Deferred);
  };
  stage.courier.silent_sites = {"mx.one.test:25"};
  const auto id = stage.send(envelope_to({"a@one.test", "b@two.test"}));
  stage.observed.at_commit = [&] {
    stage.store.fail_with(spool::StoreError{spool::StoreErrorCode::ReadOnly, "read-only"});
    boost::asio::co_spawn(*stage.io, stage.queue->remove(select({"recipient=a@one.test"})), boost::asio::detached);
  };
  stage.courier.free_all();
  stage.run();
  EXPECT_EQ(stage.state(id, 0).status, RecipientStatus::Deleted);
}

TEST(Operations, delete_forgets_the_recipients_meant_and_tells_nobody) {
  Waiting stage;
  const auto tally = stage.ask(stage.queue->remove(select({"domain=two.test"})));
  EXPECT_EQ(tally.letters, 2u);
  EXPECT_EQ(tally.recipients, 2u);
  EXPECT_EQ(stage.state(stage.two).status, RecipientStatus::Deleted);
  EXPECT_EQ(stage.state(stage.both, 0).status, RecipientStatus::Waiting);
  EXPECT_EQ(stage.state(stage.both, 1).status, RecipientStatus::Deleted);
  EXPECT_EQ(stage.queue->statistics().totals.groups, 2u);
  EXPECT_EQ(stage.store.all().size(), 3u);
  stage.pass(1h);
  EXPECT_EQ(stage.courier.sent.size(), 2u);
}

TEST(Operations, bounce_tells_the_sender_the_reason) {
  Waiting stage;
  EXPECT_EQ(stage.ask(stage.queue->bounce(select({"domain=two.test"}), "wrong\r\naddress")).recipients, 2u);
  EXPECT_EQ(stage.state(stage.two).status, RecipientStatus::Bounced);
  EXPECT_EQ(stage.state(stage.both, 0).status, RecipientStatus::Waiting);
  ASSERT_EQ(stage.store.all().size(), 5u);
  EXPECT_THAT(stage.store.bytes(stage.store.all()[3].id), HasSubstr("by the operator: wrong address"));
  EXPECT_EQ(stage.queue->statistics().totals.groups, 2u);
}

TEST(Operations, reroute_sends_whole_letters_to_another_next_hop_and_back) {
  Waiting stage;
  EXPECT_EQ(stage.ask(stage.queue->reroute(select({"domain=two.test"}), "relay.test:2525")).letters, 2u);
  stage.run();
  const auto shown = stage.queue->show(stage.both);
  ASSERT_TRUE(shown);
  ASSERT_EQ(shown->groups.size(), 1u);
  EXPECT_EQ(shown->groups[0].destination, ">relay.test:2525");
  stage.ask(stage.queue->reroute(select({stage.two.to_string()}), ""));
  stage.restart();
  stage.pass(1h);
  EXPECT_EQ(stage.courier.sent_to("mx.relay.test:2525:25"), 1u);
  EXPECT_EQ(stage.courier.sent_to("mx.two.test:25"), 1u);
  EXPECT_EQ(stage.state(stage.both, 1).status, RecipientStatus::Delivered);
}

TEST(Operations, reroute_to_nonsense_is_refused) {
  Waiting stage;
  const auto tally = stage.ask(stage.queue->reroute(select({"all"}), "no such thing!"));
  EXPECT_EQ(tally.letters, 0u);
  EXPECT_FALSE(tally.problem.empty());
}

TEST(Operations, what_is_under_way_is_never_sent_twice_by_a_reroute) {
  Stage stage;
  stage.courier.silent_sites = {"mx.one.test:25"};
  stage.courier.answer = [](const Job& job, const std::string&) {
    return job.rerouted.empty() ? failed(DeliveryOutcome::Deferred) : delivered();
  };
  const auto id = stage.send(envelope_to({"a@one.test", "b@two.test"}));
  ASSERT_EQ(stage.courier.sent.size(), 2u);
  stage.ask(stage.queue->reroute(select({"all"}), "relay.test"));
  stage.pass(1h);
  EXPECT_EQ(stage.courier.sent.size(), 2u) << "the attempt at one.test has not ended";
  stage.courier.free_all();
  stage.run();
  stage.pass(1h);
  ASSERT_EQ(stage.courier.sent.size(), 3u);
  EXPECT_THAT(stage.courier.sent[2].recipients, ElementsAre("a@one.test", "b@two.test"));
  EXPECT_EQ(stage.state(id, 0).status, RecipientStatus::Delivered);
  EXPECT_EQ(stage.state(id, 1).status, RecipientStatus::Delivered);
}

TEST(Operations, delete_under_way_lets_the_attempt_end_and_says_what_came_of_it) {
  Stage stage;
  stage.courier.silent_sites = {"mx.one.test:25"};
  const auto id = stage.send(envelope_to({"a@one.test", "b@one.test"}));
  stage.ask(stage.queue->remove(select({"recipient=a@one.test"})));
  EXPECT_EQ(stage.state(id, 0).status, RecipientStatus::Deleted);
  stage.courier.free_all();
  stage.run();
  EXPECT_EQ(stage.state(id, 0).status, RecipientStatus::Delivered) << "it has gone";
  EXPECT_EQ(stage.state(id, 1).status, RecipientStatus::Delivered);
  EXPECT_EQ(stage.queue->statistics().totals.letters, 0u);
}

}  // namespace
}  // namespace postseal::queue
