// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/log_witness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow/queue/stage_test.h"

namespace postseal::queue {
namespace {

using ::testing::HasSubstr;

std::string log_of(observe::Metrics& metrics, const std::function<void(LogWitness&)>& act) {
  ::testing::internal::CaptureStderr();
  {
    observe::Log log(observe::LogFormat::Json, observe::Level::Info);
    LogWitness witness(log, metrics);
    act(witness);
  }
  return ::testing::internal::GetCapturedStderr();
}

spool::QueuedLetter letter() {
  spool::QueuedLetter letter;
  letter.id = {77};
  letter.envelope = envelope_to({"a@one.test"});
  letter.states.resize(1);
  return letter;
}

TEST(LogWitness, each_attempt_is_a_line_with_desired_and_actual_security) {
  observe::Metrics metrics;
  auto result = delivered(Security::Dane);
  result.desired = "dane";
  result.proof = "DANE-EE 3 1 1";
  const auto given = letter();
  const auto log = log_of(metrics, [&](LogWitness& witness) {
    witness.attempted({.letter = given, .result = result, .site = "mx.one.test:25", .attempts = 1});
  });
  for (const char* part : {"\"event\":\"attempt\"", "\"letter\":\"000000000002d\"", "\"to\":\"a@one.test\"",
                           "\"outcome\":\"delivered\"", "\"desired\":\"dane\"", "\"actual\":\"DANE-EE 3 1 1\""}) {
    EXPECT_THAT(log, HasSubstr(part));
  }
  EXPECT_THAT(metrics.expose(), HasSubstr("{outcome=\"delivered\"} 1"));
  EXPECT_THAT(metrics.expose(), HasSubstr("{proof=\"dane\"} 1"));
}

TEST(LogWitness, a_downgrade_is_a_warning_and_a_number) {
  observe::Metrics metrics;
  const auto log = log_of(metrics, [&](LogWitness& witness) {
    witness.downgraded(Domain::parse("one.test").value(), Security::Dane, kStart, Security::Plaintext, false);
  });
  EXPECT_THAT(log, HasSubstr("downgrade"));
  EXPECT_THAT(log, HasSubstr("\"before\":\"dane\""));
  EXPECT_THAT(log, HasSubstr("\"seen\":\"2027-01-15\""));
  EXPECT_THAT(metrics.expose(), HasSubstr("downgrades_total 1"));
}

TEST(LogWitness, a_reply_cannot_write_a_line_of_its_own) {
  observe::Metrics metrics;
  const auto given = letter();
  const auto result = failed(DeliveryOutcome::Deferred, Scope::Recipient, "no\r\n{\"event\":\"forged\"}");
  const auto log = log_of(metrics, [&](LogWitness& witness) {
    witness.attempted({.letter = given, .result = result, .site = "mx.one.test:25"});
  });
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
}

}  // namespace
}  // namespace postseal::queue
