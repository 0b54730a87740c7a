// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/capabilities.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace postseal::smtp {
namespace {

Capabilities offered(std::initializer_list<std::string> keywords) {
  Reply reply{.code = 250, .status = {}, .lines = {"mx.test hello"}};
  reply.lines.insert(reply.lines.end(), keywords);
  return parse_capabilities(reply);
}

Capabilities with(auto change) {
  Capabilities expected{.ehlo = true};
  change(expected);
  return expected;
}

TEST(Capabilities, each_keyword_counts_in_any_case) {
  EXPECT_EQ(offered({}), with([](auto&) {}));
  EXPECT_EQ(offered({"STARTTLS"}), with([](auto& c) { c.starttls = true; }));
  EXPECT_EQ(offered({"starttls"}), with([](auto& c) { c.starttls = true; }));
  EXPECT_EQ(offered({"Pipelining"}), with([](auto& c) { c.pipelining = true; }));
  EXPECT_EQ(offered({"8bitmime"}), with([](auto& c) { c.eight_bit_mime = true; }));
  EXPECT_EQ(offered({"SMTPUTF8"}), with([](auto& c) { c.smtputf8 = true; }));
  EXPECT_EQ(offered({"DSN"}), with([](auto& c) { c.dsn = true; }));
  EXPECT_EQ(offered({"ENHANCEDSTATUSCODES"}), with([](auto& c) { c.enhanced_status_codes = true; }));
  EXPECT_EQ(offered({"CHUNKING"}), with([](auto& c) { c.chunking = true; }));
  EXPECT_EQ(offered({"REQUIRETLS"}), with([](auto& c) { c.requiretls = true; }));
}

TEST(Capabilities, what_is_not_the_keyword_is_nothing) {
  EXPECT_EQ(offered({"XXXXXXXX", "STARTTLSX", "START TLS", "", "-STARTTLS", "XSTARTTLS"}), with([](auto&) {}));
}

// RFC 5321 §4.1.1.1
TEST(Capabilities, the_first_line_is_a_greeting) {
  EXPECT_EQ(parse_capabilities(Reply{250, {}, {"STARTTLS"}}), with([](auto&) {}));
  EXPECT_EQ(parse_capabilities(Reply{250, {}, {}}), with([](auto&) {}));
}

// RFC 1870 §4
TEST(Capabilities, size) {
  auto size = [](std::optional<std::uint64_t> limit) {
    return with([=](auto& c) {
      c.size_offered = true;
      c.size = limit;
    });
  };
  EXPECT_EQ(offered({"SIZE 1000"}), size(1000));
  EXPECT_EQ(offered({"size  1000 x"}), size(1000));
  EXPECT_EQ(offered({"SIZE"}), size({}));
  EXPECT_EQ(offered({"SIZE 0"}), size({}));
  EXPECT_EQ(offered({"SIZE -1"}), size({}));
  EXPECT_EQ(offered({"SIZE 1k"}), size({}));
  EXPECT_EQ(offered({"SIZE 18446744073709551615"}), size(18446744073709551615U));
  EXPECT_EQ(offered({"SIZE 18446744073709551616"}), size({})) << "2^64 does not wrap round to a small limit";
}

// RFC 9422 §3, §4
TEST(Capabilities, limits) {
  EXPECT_EQ(offered({"LIMITS MAILMAX=100 RCPTMAX=20 RCPTDOMAINMAX=1"}), with([](auto& c) {
              c.mail_max = 100;
              c.rcpt_max = 20;
              c.rcpt_domain_max = 1;
            }));
  EXPECT_EQ(offered({"limits rcptmax=999999"}), with([](auto& c) { c.rcpt_max = 999999; }));
  EXPECT_EQ(offered({"LIMITS", "LIMITS RCPTMAX", "LIMITS RCPTMAX=", "LIMITS RCPTMAX=0", "LIMITS RCPTMAX=01",
                     "LIMITS RCPTMAX=1000000", "LIMITS RCPTMAX=-1", "LIMITS OTHER=1", "LIMITS =1"}),
            with([](auto&) {}));
}

}  // namespace
}  // namespace postseal::smtp
