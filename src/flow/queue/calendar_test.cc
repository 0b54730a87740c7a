// SPDX-License-Identifier: Apache-2.0
// What age brings, and what senders are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow/queue/stage_test.h"
#include "flow/queue/times.h"

namespace postseal::queue {
namespace {

using namespace std::chrono_literals;
using spool::RecipientStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

RecipientResult greylisted(const Job&, const std::string&) { return failed(DeliveryOutcome::Deferred); }
/// The sender's own mail goes; nobody else's.
RecipientResult unreachable(const Job&, const std::string& recipient) {
  if (recipient == "sender@ours.test") return delivered(Security::Local);
  return failed(DeliveryOutcome::Deferred, Scope::Site, "mx.one.test: no answer");
}

/// Walks on until there, in steps that no retry escapes.
void walk(Stage& stage, Seconds time) {
  for (const WallTime end = stage.clock.now() + time; stage.clock.now() < end;) {
    stage.pass(std::min<Seconds>(300s, end - stage.clock.now()));
  }
}

std::vector<spool::QueuedLetter> notifications(Stage& stage) {
  std::vector<spool::QueuedLetter> all;
  for (auto& letter : stage.store.all()) {
    if (!letter.envelope.from) all.push_back(letter);
  }
  return all;
}

TEST(Calendar, a_longer_lifetime_saves_also_those_whose_last_attempt_had_been_called_for) {
  Stage stage;
  stage.courier.answer = greylisted;
  auto settings = stage.settings;
  settings.connections = 0;
  stage.queue->apply(settings);
  const auto id = stage.send(envelope_to({"a@one.test"}));
  stage.pass(settings.lifetime + 1s);
  settings.connections = 10;
  settings.lifetime *= 2;
  stage.queue->apply(settings);
  stage.run();
  EXPECT_EQ(stage.courier.sent_to("mx.one.test:25"), 1u);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Waiting);
  walk(stage, settings.lifetime);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Bounced);
}

TEST(Calendar, after_its_lifetime_a_letter_gets_one_more_attempt_with_a_fresh_look_and_then_bounces) {
  Stage stage;
  stage.courier.answer = greylisted;
  auto envelope = envelope_to({"a@one.test"});
  const auto id = stage.send(envelope);
  walk(stage, stage.settings.lifetime - 1s);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Waiting);
  for (const auto& sent : stage.courier.sent) EXPECT_FALSE(sent.letter == id && sent.fresh);
  const auto before = stage.courier.sent.size();
  stage.courier.answer = [](const Job&, const std::string& recipient) {
    return recipient == "sender@ours.test" ? delivered()
                                           : failed(DeliveryOutcome::Deferred, Scope::Recipient, "still no");
  };
  stage.pass(1s);
  ASSERT_GE(stage.courier.sent.size(), before + 1);
  EXPECT_TRUE(stage.courier.sent[before].fresh);
  const auto state = stage.state(id);
  EXPECT_EQ(state.status, RecipientStatus::Bounced);
  EXPECT_EQ(state.code, (EnhancedStatus{4, 2, 1})) << "RFC 3463 §3.5: the code of the problem itself";
  ASSERT_EQ(notifications(stage).size(), 2u) << "the warning, the bounce";
  const auto bounce = notifications(stage).back();
  EXPECT_EQ(bounce.envelope.recipients[0].mailbox, mailbox("sender@ours.test"));
  const std::string text = stage.store.bytes(bounce.id);
  EXPECT_THAT(text, HasSubstr("still no"));
  EXPECT_THAT(text, HasSubstr("Action: failed"));
  EXPECT_THAT(text, HasSubstr("Subject: hello"));
  EXPECT_THAT(text, Not(HasSubstr("\r\nbody\r\n")));
}

TEST(Calendar, the_last_attempt_may_still_deliver) {
  Stage stage;
  stage.courier.answer = unreachable;
  const auto id = stage.send(envelope_to({"a@one.test"}));
  walk(stage, stage.settings.lifetime - 1s);
  stage.courier.answer = nullptr;
  stage.pass(1s);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Delivered);
}

TEST(Calendar, letters_that_were_never_tried_because_their_host_is_down_expire_too) {
  Stage stage;
  stage.settings.delay_warning = 0s;
  stage.restart();
  stage.courier.answer = unreachable;
  std::vector<spool::LetterId> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(stage.commit(envelope_to({"a@one.test"})));
  stage.run();
  walk(stage, stage.settings.lifetime - 1s);
  const auto before = stage.courier.sent_to("mx.one.test:25");
  stage.pass(1s);
  for (const auto id : ids) EXPECT_EQ(stage.state(id).status, RecipientStatus::Bounced);
  EXPECT_EQ(stage.courier.sent_to("mx.one.test:25"), before + 1) << "one finds out for all";
  EXPECT_EQ(notifications(stage).size(), 200u);
}

TEST(Calendar, what_a_letter_asks_for_is_tried_by_itself_at_the_end) {
  Stage stage;
  stage.settings.delay_warning = 0s;
  stage.restart();
  stage.courier.answer = unreachable;
  for (int i = 0; i < 3; ++i) {
    auto envelope = envelope_to({"a@one.test"});
    envelope.requiretls = true;
    stage.commit(envelope);
  }
  stage.run();
  walk(stage, stage.settings.lifetime - 1s);
  const auto before = stage.courier.sent_to("mx.one.test:25");
  stage.pass(1s);
  EXPECT_EQ(stage.courier.sent_to("mx.one.test:25"), before + 3);
}

TEST(Calendar, a_notification_lives_shorter_and_dies_silently) {
  Stage stage;
  stage.courier.answer = greylisted;
  auto envelope = envelope_to({"a@one.test"});
  envelope.from = std::nullopt;
  const auto id = stage.send(envelope);
  walk(stage, stage.settings.bounce_lifetime);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Bounced);
  EXPECT_EQ(stage.store.all().size(), 1u) << "a notification never causes another";
  EXPECT_EQ(stage.witness.count("double-bounce a@one.test"), 1u);
}

TEST(Calendar, the_sender_hears_once_that_it_takes_long) {
  Stage stage;
  stage.courier.answer = unreachable;
  const auto id = stage.send(envelope_to({"a@one.test"}));
  walk(stage, stage.settings.delay_warning - 1s);
  EXPECT_EQ(notifications(stage).size(), 0u);
  stage.pass(1s);
  ASSERT_EQ(notifications(stage).size(), 1u);
  EXPECT_TRUE(stage.state(id).delay_told);
  const std::string text = stage.store.bytes(notifications(stage)[0].id);
  EXPECT_THAT(text, HasSubstr("Action: delayed"));
  EXPECT_THAT(text, HasSubstr("Will-Retry-Until:"));
  EXPECT_THAT(text, HasSubstr("mx.one.test: no answer"));
  walk(stage, 24h);
  EXPECT_EQ(notifications(stage).size(), 1u);
  stage.restart();
  walk(stage, 24h);
  EXPECT_EQ(notifications(stage).size(), 1u) << "not again after a restart";
}

TEST(Calendar, a_warning_is_due_though_the_letter_itself_was_never_tried) {
  Stage stage;
  stage.courier.answer = unreachable;
  stage.send(envelope_to({"a@one.test"}));
  const auto second = stage.send(envelope_to({"b@one.test"}));
  walk(stage, stage.settings.delay_warning);
  EXPECT_TRUE(stage.state(second).delay_told);
}

TEST(Calendar, who_does_not_want_to_hear_hears_nothing) {
  struct Case {
    const char* notify;
    std::size_t told;
  };
  for (const auto& [notify, told] : {Case{"NEVER", 0}, {"FAILURE", 1}, {"DELAY", 1}, {"FAILURE,DELAY", 2}, {"", 2}}) {
    Stage stage;
    stage.courier.answer = unreachable;
    auto envelope = envelope_to({"a@one.test"});
    envelope.recipients[0].notify = notify;
    const auto id = stage.send(envelope);
    walk(stage, stage.settings.lifetime);
    EXPECT_EQ(stage.state(id).status, RecipientStatus::Bounced) << notify;
    EXPECT_EQ(notifications(stage).size(), told) << notify;
  }
}

TEST(Notification, is_on_stable_storage_before_its_recipient_is_marked) {
  Stage stage;
  stage.courier.answer = [](const Job&, const std::string& recipient) {
    if (recipient == "b@one.test") return failed(DeliveryOutcome::Bounced, Scope::Recipient, "no such user");
    return delivered();
  };
  stage.send(envelope_to({"a@one.test", "b@one.test"}));
  EXPECT_THAT(stage.observed.events,
              ElementsAre("mark 0 delivered", "commit to sender@ours.test", "mark 1 bounced", "mark 0 delivered"))
      << "what is delivered first; and the notification goes on its own way";
}

TEST(Notification, that_cannot_be_kept_leaves_the_recipient_waiting) {
  Stage stage;
  stage.courier.answer = [](const Job&, const std::string&) { return failed(DeliveryOutcome::Bounced); };
  const auto id = stage.commit(envelope_to({"a@one.test"}));
  stage.store.fail_with(spool::StoreError{spool::StoreErrorCode::NoSpace, "disk full"});
  stage.run();
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Waiting);
  EXPECT_GT(stage.state(id).next_attempt, kStart);
  EXPECT_GE(stage.witness.count("store "), 1u);
  stage.store.fail_with(std::nullopt);
  stage.pass(stage.settings.first_retry);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Bounced);
  EXPECT_EQ(notifications(stage).size(), 1u);
}

TEST(Notification, of_several_recipients_is_one) {
  Stage stage;
  stage.courier.answer = [](const Job&, const std::string& recipient) {
    return recipient == "sender@ours.test" ? delivered()
                                           : failed(DeliveryOutcome::Bounced, Scope::Recipient, "no such user");
  };
  stage.send(envelope_to({"a@one.test", "b@one.test", "c@one.test"}));
  ASSERT_EQ(notifications(stage).size(), 1u);
  const auto notification = notifications(stage)[0];
  EXPECT_EQ(notification.states[0].status, RecipientStatus::Delivered) << "it went like any other letter";
  EXPECT_EQ(notification.envelope.recipients.size(), 1u);
  for (const char* address : {"a@one.test", "b@one.test", "c@one.test"}) {
    EXPECT_THAT(stage.store.bytes(notification.id), HasSubstr(address));
  }
}

TEST(Notification, of_success_goes_to_who_asked_unless_the_next_server_took_over) {
  for (const bool passed_on : {false, true}) {
    Stage stage;
    stage.courier.answer = [passed_on](const Job&, const std::string&) {
      auto result = delivered();
      result.dsn_passed_on = passed_on;
      return result;
    };
    auto envelope = envelope_to({"a@one.test", "b@one.test"});
    envelope.recipients[0].notify = "SUCCESS,FAILURE";
    stage.send(envelope);
    EXPECT_EQ(notifications(stage).size(), passed_on ? 0u : 1u);
    if (passed_on) continue;
    EXPECT_THAT(stage.store.bytes(notifications(stage)[0].id), HasSubstr("Action: relayed"));
    EXPECT_THAT(stage.store.bytes(notifications(stage)[0].id), Not(HasSubstr("b@one.test")));
  }
}

TEST(Notification, of_a_requiretls_letter_requires_tls) {
  Stage stage;
  stage.courier.answer = [](const Job&, const std::string& recipient) {
    return recipient == "sender@ours.test" ? delivered() : failed(DeliveryOutcome::Bounced);
  };
  auto envelope = envelope_to({"a@one.test"});
  envelope.requiretls = true;
  stage.send(envelope);
  ASSERT_EQ(notifications(stage).size(), 1u);
  EXPECT_TRUE(notifications(stage)[0].envelope.requiretls);
  EXPECT_THAT(stage.store.bytes(notifications(stage)[0].id), Not(HasSubstr("Subject: hello")));
}

TEST(Downgrade, is_flagged_and_the_letter_goes) {
  Stage stage;
  stage.send(envelope_to({"a@one.test"}));
  stage.courier.answer = [](const Job&, const std::string&) { return delivered(Security::Plaintext); };
  const auto id = stage.send(envelope_to({"a@one.test"}));
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Delivered);
  EXPECT_EQ(stage.witness.count("downgrade one.test dane plaintext"), 1u);
  ASSERT_EQ(stage.queue->statistics().downgrades.size(), 1u);
  EXPECT_EQ(stage.queue->statistics().downgrades[0].before, Security::Dane);
  EXPECT_FALSE(stage.courier.sent[1].must_have_tls) << "flagging asks for nothing";
  stage.send(envelope_to({"b@one.test"}));
  EXPECT_EQ(stage.witness.count("downgrade"), 1u) << "once a day";
}

TEST(Downgrade, is_deferred_by_local_rule_also_after_a_restart) {
  Stage stage;
  stage.settings.remembered_tls = settings::RememberedTls::Defer;
  stage.restart();
  stage.send(envelope_to({"a@one.test"}));
  EXPECT_FALSE(stage.courier.sent[0].must_have_tls);
  for (int i = 0; i < 60; ++i) stage.pass(1s);  // it is saved once a minute
  stage.restart();
  stage.courier.answer = [](const Job& job, const std::string&) {
    auto result = failed(DeliveryOutcome::Deferred, Scope::Destination, "it had TLS, and now shows none");
    result.tls_missing = job.recipients[0].must_have_tls;
    return result;
  };
  const auto id = stage.send(envelope_to({"a@one.test"}));
  EXPECT_TRUE(stage.courier.sent[1].must_have_tls);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Waiting);
  EXPECT_EQ(stage.witness.count("downgrade one.test dane plaintext deferred"), 1u);
}

TEST(Downgrade, says_nothing_of_mail_that_asked_for_less_or_went_elsewhere) {
  Stage stage;
  stage.send(envelope_to({"a@one.test"}));
  stage.courier.answer = [](const Job&, const std::string&) { return delivered(Security::Plaintext); };
  auto weak = envelope_to({"a@one.test"});
  weak.tls_required_no = true;
  stage.send(weak);
  EXPECT_EQ(stage.witness.count("downgrade"), 0u);
}

TEST(Calendar, other_lifetimes_count_at_once_when_the_settings_change) {
  Stage stage;
  stage.courier.answer = greylisted;
  const auto id = stage.send(envelope_to({"a@one.test"}));
  walk(stage, 2h);
  stage.settings.lifetime = 1h;
  stage.queue->apply(stage.settings);
  stage.pass(1s);
  EXPECT_EQ(stage.state(id).status, RecipientStatus::Bounced);
}

TEST(Times, looks_come_for_the_warning_and_then_for_the_end) {
  const settings::QueueSettings settings;
  spool::QueuedLetter letter;
  letter.envelope = envelope_to({"a@one.test"});
  letter.states.resize(1);
  EXPECT_EQ(next_look(letter, settings), kStart + 4h);
  letter.states[0].delay_told = true;
  EXPECT_EQ(next_look(letter, settings), kStart + 5 * 24h);
  letter.envelope.from = std::nullopt;
  letter.states[0].delay_told = false;
  EXPECT_EQ(next_look(letter, settings), kStart + 2 * 24h) << "nobody is warned of a notification";
  auto none = settings;
  none.delay_warning = 0s;
  letter.envelope.from = mailbox("sender@ours.test");
  EXPECT_EQ(next_look(letter, none), kStart + 5 * 24h);
}

}  // namespace
}  // namespace postseal::queue
