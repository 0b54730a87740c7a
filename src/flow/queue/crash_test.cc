// SPDX-License-Identifier: Apache-2.0
// The process dies at every step that it can die at (A37), and starts again: nothing is lost, nothing goes more than
// twice, nobody is given up without a notification.
#include <gtest/gtest.h>

#include "flow/queue/stage_test.h"

namespace postseal::queue {
namespace {

using spool::RecipientStatus;

RecipientResult some_of_each(const Job&, const std::string& recipient) {
  if (recipient.starts_with("bad")) return failed(DeliveryOutcome::Bounced, Scope::Recipient, "no such user");
  return delivered();
}

struct Told {
  std::map<std::string, int> sent, told;
};

Told count(Stage& stage) {
  Told told;
  for (const auto& sent : stage.courier.sent) {
    for (const auto& recipient : sent.recipients) ++told.sent[recipient];
  }
  for (const auto& letter : stage.store.all()) {
    if (letter.envelope.from) continue;
    const std::string text = stage.store.bytes(letter.id);
    for (const char* bad : {"bad1@one.test", "bad2@two.test"}) told.told[bad] += text.contains(bad) ? 1 : 0;
  }
  return told;
}

/// False: it was all over before that many steps.
bool dies_after(int steps) {
  Stage stage;
  stage.courier.answer = some_of_each;
  stage.commit(envelope_to({"good1@one.test", "bad1@one.test"}));
  stage.commit(envelope_to({"bad2@two.test", "good2@three.test"}));
  bool died = true;
  for (int i = 0; i < steps && died; ++i) died = stage.io->poll_one() > 0;
  stage.restart();
  stage.pass(Seconds{600});

  EXPECT_EQ(stage.queue->statistics().totals.letters, 0u);
  for (const auto& letter : stage.store.all()) {
    for (std::size_t i = 0; i < letter.states.size(); ++i) {
      const std::string address = letter.envelope.recipients[i].mailbox.to_string();
      const bool bad = address.starts_with("bad");
      EXPECT_EQ(letter.states[i].status, bad ? RecipientStatus::Bounced : RecipientStatus::Delivered) << address;
    }
  }
  auto told = count(stage);
  for (const char* bad : {"bad1@one.test", "bad2@two.test"}) {
    EXPECT_GE(told.told[bad], 1) << bad << " was given up in silence";
    EXPECT_LE(told.told[bad], 2) << bad;
  }
  for (const char* good : {"good1@one.test", "good2@three.test"}) EXPECT_LE(told.sent[good], 2) << good;
  return died;
}

TEST(Crash, at_every_step_loses_nothing_and_gives_nobody_up_in_silence) {
  int steps = 0;
  while (dies_after(steps) && !::testing::Test::HasFailure()) ++steps;
  EXPECT_GT(steps, 10);
}

}  // namespace
}  // namespace postseal::queue
