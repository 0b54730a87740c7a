// SPDX-License-Identifier: Apache-2.0
#include "protocol/dns/answer.h"

#include <gtest/gtest.h>

namespace postseal::dns {
namespace {

TEST(Answer, every_state_is_either_known_or_unknown_and_never_both) {
  struct Row {
    AnswerState state;
    bool found, absent, unknown;
  };
  for (const Row& row : {Row{AnswerState::Found, true, false, false}, Row{AnswerState::NoData, false, true, false},
                         Row{AnswerState::NxDomain, false, true, false}, Row{AnswerState::Bogus, false, false, true},
                         Row{AnswerState::Failed, false, false, true}}) {
    RawAnswer answer;
    answer.state = row.state;
    EXPECT_EQ(answer.found(), row.found) << to_string(row.state);
    EXPECT_EQ(answer.absent(), row.absent) << to_string(row.state);
    EXPECT_EQ(answer.unknown(), row.unknown) << to_string(row.state);
  }
}

TEST(Answer, an_answer_that_nobody_filled_in_is_unknown) {
  const RawAnswer answer;
  EXPECT_TRUE(answer.unknown());
  EXPECT_FALSE(answer.secure);
}

TEST(Answer, people_read_one_word_per_state) {
  struct Row {
    AnswerState state;
    bool secure;
    Failure failure;
    const char* words;
  };
  for (const Row& row : {Row{AnswerState::Found, true, Failure::None, "secure"},
                         Row{AnswerState::Found, false, Failure::None, "insecure"},
                         Row{AnswerState::NoData, true, Failure::None, "nodata"},
                         Row{AnswerState::NoData, false, Failure::None, "insecure nodata"},
                         Row{AnswerState::NxDomain, true, Failure::None, "nxdomain"},
                         Row{AnswerState::NxDomain, false, Failure::None, "insecure nxdomain"},
                         Row{AnswerState::Bogus, false, Failure::None, "bogus"},
                         Row{AnswerState::Failed, false, Failure::Timeout, "error (timeout)"},
                         Row{AnswerState::Failed, false, Failure::ServFail, "error (servfail)"},
                         Row{AnswerState::Failed, false, Failure::None, "error"}}) {
    EXPECT_EQ(describe(row.state, row.secure, row.failure), row.words);
  }
}

}  // namespace
}  // namespace postseal::dns
