// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/chronicle.h"

#include <gtest/gtest.h>

#include "edge/journal/spool_fixture.h"

namespace postseal::journal {
namespace {

class ChronicleTest : public testing::Test {
 protected:
  ChronicleTest() { open(); }
  void open() {
    chronicle.reset();
    chronicle = std::move(*Chronicle::open(folder_.path() + "/chronicle"));
  }
  static WallTime at(std::int64_t second) { return WallTime(Seconds(second)); }
  std::vector<std::string> trace(std::uint64_t id) { return chronicle->trace({id}).value(); }

 private:
  Folder folder_;

 protected:
  std::unique_ptr<Chronicle> chronicle;
};

using Lines = std::vector<std::string>;

TEST_F(ChronicleTest, lines_are_read_in_their_order_wherever_they_are) {
  chronicle->add_trace({7}, at(10), "first");
  chronicle->add_trace({8}, at(10), "another letter's");
  ASSERT_TRUE(chronicle->flush());
  chronicle->add_trace({7}, at(10), "second");
  chronicle->add_trace({7}, at(9), "from before");
  EXPECT_EQ(trace(7), (Lines{"from before", "first", "second"}));
  open();
  EXPECT_EQ(trace(7), (Lines{"from before", "first", "second"}));
  EXPECT_EQ(trace(8), (Lines{"another letter's"}));
}

TEST_F(ChronicleTest, more_than_fits_into_one_batch_is_written) {
  const std::string line(3000, 'x');
  for (std::uint64_t id = 1; id <= 200; ++id) chronicle->add_trace({id}, at(10), line);
  ASSERT_TRUE(chronicle->flush());
  for (std::uint64_t id = 1; id <= 200; ++id) EXPECT_EQ(trace(id), (Lines{line}));
}

TEST_F(ChronicleTest, says_once_that_a_flush_is_worth_it) {
  const std::string line(100'000, 'x');
  int said = 0;
  for (std::uint64_t id = 1; id <= 30; ++id) said += chronicle->add_trace({id}, at(10), line) ? 1 : 0;
  EXPECT_EQ(said, 1);
}

TEST_F(ChronicleTest, what_nobody_writes_down_does_not_fill_the_memory) {
  const std::string line(std::size_t{1} << 20, 'x');
  for (std::uint64_t id = 1; id <= 100; ++id) chronicle->add_trace({id}, at(10), line);
  std::size_t kept = 0;
  for (std::uint64_t id = 1; id <= 100; ++id) kept += trace(id).size();
  EXPECT_GE(kept, 60u);
  EXPECT_LE(kept, 64u);
}

}  // namespace
}  // namespace postseal::journal
