// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/outcome.h"

#include <gtest/gtest.h>

#include "protocol/smtp/timer.h"

namespace postseal::smtp {
namespace {

// RFC 5321 §4.2.1, §4.5.3.1.10
TEST(Outcome, worth_another_try) {
  struct Case {
    std::string about;
    Stage stage;
    Reply reply;
    bool expected;
  };
  const Case cases[] = {
      {"4xx", Stage::Rcpt, {450, {}, {}}, true},
      {"5xx", Stage::Rcpt, {550, {}, {}}, false},
      {"552 to RCPT: too many recipients", Stage::Rcpt, {552, {}, {}}, true},
      {"552 to RCPT, said in full", Stage::Rcpt, {552, EnhancedStatus{5, 5, 3}, {}}, true},
      {"552 to RCPT: mailbox full", Stage::Rcpt, {552, EnhancedStatus{5, 2, 2}, {}}, false},
      {"552 to the message: too big", Stage::Body, {552, {}, {}}, false},
      {"our own 552", Stage::Local, local_reply(552, {5, 3, 4}, "too big"), false},
      {"our own 452", Stage::Local, local_reply(452, {4, 5, 3}, "too many"), true},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(worth_another_try({.accepted = false, .stage = c.stage, .reply = c.reply}), c.expected) << c.about;
  }
  EXPECT_FALSE(worth_another_try({.accepted = true, .stage = Stage::Body, .reply = {250, {}, {}}}));
}

TEST(Outcome, our_own_reply_reads_like_a_servers) {
  EXPECT_EQ(local_reply(550, {5, 7, 30}, "REQUIRETLS support required").to_string(),
            "550 5.7.30 REQUIRETLS support required");
}

// RFC 5321 §4.5.3.2
TEST(Timer, no_shorter_than_the_standard_says) {
  using std::chrono::minutes;
  EXPECT_EQ(limit(Timer::Greeting), minutes(5));
  EXPECT_EQ(limit(Timer::Mail), minutes(5));
  EXPECT_EQ(limit(Timer::Rcpt), minutes(5));
  EXPECT_EQ(limit(Timer::DataInitiation), minutes(2));
  EXPECT_EQ(limit(Timer::DataBlock), minutes(3));
  EXPECT_EQ(limit(Timer::DataTermination), minutes(10));
  for (Timer timer : {Timer::Ehlo, Timer::StartTls, Timer::Quit}) EXPECT_EQ(limit(timer), minutes(5));
}

}  // namespace
}  // namespace postseal::smtp
