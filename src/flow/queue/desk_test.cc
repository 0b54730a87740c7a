// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/desk.h"

#include <gtest/gtest.h>

#include "flow/queue/stage_test.h"

namespace postseal::queue {
namespace {

spool::QueuedLetter letter_of(std::uint64_t id) {
  spool::QueuedLetter letter;
  letter.id = {id};
  letter.envelope = envelope_to({"a@one.test"});
  letter.states.resize(1);
  return letter;
}

TEST(Desk, letters_that_come_and_go_leave_nothing_behind) {
  tests::MemoryStore store;
  Desk desk(store, 10);
  desk.put(letter_of(1));  // stays, and is the oldest
  for (std::uint64_t id = 2; id < 1000; ++id) {
    desk.put(letter_of(id));
    const auto letter = desk.get({id});
    ASSERT_TRUE(letter);
    spool::RecipientState gone;
    gone.status = spool::RecipientStatus::Delivered;
    ASSERT_TRUE(desk.apply(*letter, {{id}, {{0, gone}}, std::nullopt, std::nullopt}));
  }
  EXPECT_LE(desk.known(), 25u);
  EXPECT_TRUE(desk.get({1}));
}

}  // namespace
}  // namespace postseal::queue
