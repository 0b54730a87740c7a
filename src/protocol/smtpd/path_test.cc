// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/path.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/smtpd/replies.h"

namespace postseal::smtpd {
namespace {

// RFC 5321 §4.1.1.2, §4.1.2
TEST(Path, stands_in_angle_brackets_behind_its_keyword) {
  const std::tuple<std::string, std::string, std::string> good[] = {
      {"FROM:<>", "", ""},
      {"from:<a@b.test>", "a@b.test", ""},
      {"FROM: <a@b.test>", "a@b.test", ""},
      {"FROM:<a@b.test>  SIZE=1", "a@b.test", "SIZE=1"},
      {"FROM:<\"a>b\"@b.test> X", "\"a>b\"@b.test", "X"},
      {"FROM:<\"a\\\">b\"@b.test>", "\"a\\\">b\"@b.test", ""},
  };
  for (const auto& [text, path, parameters] : good) {
    auto split = split_path(text, "FROM:");
    ASSERT_TRUE(split) << text;
    EXPECT_EQ(split->path, path);
    EXPECT_EQ(split->parameters, parameters);
  }
  for (const char* bad :
       {"", "FROM", "FROM:", "FROM:a@b.test", "FROM:<a@b.test", "TO:<a@b.test>", "FROM :<a@b.test>",
        "FROM:<a@b.test>SIZE=1", "FROM:<a@b.test>>", "FROM:x<a@b.test>", "<a@b.test>", "FROM:<\"a@b.test>"}) {
    EXPECT_FALSE(split_path(bad, "FROM:")) << bad;
  }
}

std::string_view refusal(std::string_view path) {
  auto parsed = parse_path(path, reply::kBadRecipient);
  return parsed ? "accepted" : parsed.error();
}

// RFC 5321 §4.1.1.3, §C, §4.5.3.1 (A20, A36)
TEST(Path, A36_a_source_route_is_dropped_and_nothing_else_is_taken_for_one) {
  const std::pair<std::string, std::string> good[] = {
      {"a@b.test", "a@b.test"},
      {"@x.test:a@b.test", "a@b.test"},
      {"@x.test,@y.test:a@b.test", "a@b.test"},
      {"a%c.test@b.test", "a%c.test@b.test"},
      {"c.test!a@b.test", "c.test!a@b.test"},
      {"\"a@c.test\"@b.test", "\"a@c.test\"@b.test"},
      {"a@[192.0.2.1]", "a@[192.0.2.1]"},
  };
  for (const auto& [text, mailbox] : good) {
    auto parsed = parse_path(text, reply::kBadRecipient);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_string(), mailbox);
  }
  for (const char* bad : {"a", "@b.test", "a@", "a@b@c.test", "@x.test:", "@x.test,y.test:a@b.test", "@:a@b.test",
                          "@x.test a@b.test", "@x.test:@y.test:a@b.test", "a b@c.test", "a@b_c.test", "a@b..test",
                          "\"a\"b@c.test", "a@[192.0.2]", "a@b.test@", ".a@b.test"}) {
    EXPECT_EQ(refusal(bad), reply::kBadRecipient) << bad;
  }
  std::string long_path = "a@" + std::string(63, 'b') + "." + std::string(63, 'b') + "." + std::string(63, 'b') + "." +
                          std::string(62, 'b');
  EXPECT_EQ(refusal(long_path), reply::kPathTooLong);
}

}  // namespace
}  // namespace postseal::smtpd
