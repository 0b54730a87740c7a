// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow/queue/stage_test.h"

namespace postseal::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

spool::QueuedLetter letter() {
  spool::QueuedLetter letter;
  letter.id = {77};
  letter.envelope = envelope_to({"a@one.test", "b@two.test", "c@sub.one.test"});
  letter.envelope.size = 5000;
  letter.states.resize(3);
  letter.states[0].explanation = "mx.one.test: Connection TIMED out";
  letter.states[0].code = {4, 4, 1};
  return letter;
}

std::string site_of(std::string_view destination) { return "mx." + std::string(destination) + ":25"; }

TEST(Selector, each_term_selects) {
  struct Case {
    std::vector<std::string> terms;
    std::vector<std::uint32_t> recipients;
  };
  const std::string id = spool::LetterId{77}.to_string(), other = spool::LetterId{78}.to_string();
  const Case cases[] = {
      {{"all"}, {0, 1, 2}},
      {{id}, {0, 1, 2}},
      {{other}, {}},
      {{other, id}, {0, 1, 2}},
      {{"domain=one.test"}, {0}},
      {{"domain=ONE.test"}, {0}},
      {{"domain=.one.test"}, {2}},
      {{"recipient=b@two.test"}, {1}},
      {{"mx=mx.two.test"}, {1}},
      {{"mx=.one.test"}, {0, 2}},
      {{"sender=sender@ours.test"}, {0, 1, 2}},
      {{"sender=@ours.test"}, {0, 1, 2}},
      {{"sender=.test"}, {0, 1, 2}},
      {{"sender=@theirs.test"}, {}},
      {{"sender=<>"}, {}},
      {{"reason=timed OUT"}, {0}},
      {{"reason=4.4.1"}, {0}},
      {{"older=1h"}, {0, 1, 2}},
      {{"older=1h", "younger=2h"}, {}},
      {{"older=2h"}, {0, 1, 2}},
      {{"younger=3h"}, {0, 1, 2}},
      {{"larger=4k"}, {0, 1, 2}},
      {{"larger=5k"}, {}},
      {{"smaller=5000"}, {}},
      {{"smaller=5001"}, {0, 1, 2}},
      {{"held"}, {}},
      {{"not-held"}, {0, 1, 2}},
      {{"domain=one.test", "reason=nothing of it"}, {}},
  };
  for (const auto& [terms, recipients] : cases) {
    const auto selector = parse_selector(terms);
    ASSERT_TRUE(selector) << terms[0] << ": " << selector.error();
    EXPECT_EQ(matching_recipients(*selector, letter(), kStart + std::chrono::hours(2), site_of), recipients)
        << terms[0];
  }
}

TEST(Selector, recipients_that_are_done_with_are_not_meant) {
  auto given = letter();
  given.states[1].status = spool::RecipientStatus::Delivered;
  EXPECT_THAT(matching_recipients({}, given, kStart, site_of), ElementsAre(0, 2));
}

TEST(Selector, mistakes_are_told_and_nothing_is_never_everything) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "\"all\""},
      {{"domain="}, "needs a value"},
      {{"domian=one.test"}, "no selector"},
      {{"one.test"}, "no letter id"},
      {{"older=soon"}, "no duration"},
      {{"larger=5x"}, "no size"},
      {{"larger=99999999999G"}, "no size"},
      {{"larger=-1"}, "no size"},
  };
  for (const auto& [terms, words] : cases) {
    const auto selector = parse_selector(terms);
    ASSERT_FALSE(selector) << words;
    EXPECT_THAT(selector.error(), HasSubstr(words));
  }
}

}  // namespace
}  // namespace postseal::queue
