// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/replies.h"

#include <gtest/gtest.h>

#include <string>

namespace postseal::smtpd::reply {
namespace {

using namespace std::string_literals;

// RFC 2034 §4, RFC 5321 §4.2.1
TEST(Replies, a_refusal_has_its_status_on_every_line) {
  EXPECT_EQ(format({.code = 550, .status = EnhancedStatus{5, 1, 1}, .lines = {"No such user"}}),
            "550 5.1.1 No such user");
  EXPECT_EQ(format({.code = 550, .status = EnhancedStatus{5, 1, 1}, .lines = {"5.1.1 No such user"}}),
            "550 5.1.1 No such user");
  EXPECT_EQ(format({.code = 550, .status = {}, .lines = {"5.7.1 No", "5.7.1 relaying", "here"}}),
            "550-5.7.1 No\r\n550-5.7.1 relaying\r\n550 5.7.1 here");
  EXPECT_EQ(format({.code = 451, .status = EnhancedStatus{5, 1, 1}, .lines = {}}), "451 4.0.0 Refused");
  EXPECT_EQ(format({.code = 250, .status = {}, .lines = {"a mistake on our side"}}), "451 4.0.0 a mistake on our side");
}

// A21; RFC 5321 §4.5.3.1.5
TEST(Replies, A21_nothing_in_a_text_ends_its_line) {
  EXPECT_EQ(format({.code = 550, .status = {}, .lines = {"a\r\n250 b\0c\x7f\xc3\xa4"s}}), "550 5.0.0 a??250 b?c???");
  EXPECT_EQ(accepted(kMessageOk, "a\r\nb\xff"), "250 2.0.0 a??b?");
  EXPECT_LE(accepted(kMessageOk, std::string(5000, 'x')).size(), 510);
}

TEST(Replies, words_of_acceptance_may_bring_a_status) {
  EXPECT_EQ(accepted(kMailOk, ""), "250 2.1.0 Ok");
  EXPECT_EQ(accepted(kMessageOk, "Queued as 1"), "250 2.0.0 Queued as 1");
  EXPECT_EQ(accepted(kMessageOk, "2.6.0 Queued as 1"), "250 2.6.0 Queued as 1");
  EXPECT_EQ(accepted(kMessageOk, "5.0.0 Odd"), "250 2.0.0 5.0.0 Odd");
}

}  // namespace
}  // namespace postseal::smtpd::reply
