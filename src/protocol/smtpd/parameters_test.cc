// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/parameters.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/smtpd/replies.h"
#include "protocol/smtpd/xtext.h"

namespace postseal::smtpd {
namespace {

constexpr ParameterRules kRules{.message_size = 1000, .requiretls = true, .auth = true, .trusted = true};

std::string_view refusal_of_mail(std::string_view text, const ParameterRules& rules = kRules) {
  auto result = parse_mail_parameters(text, rules);
  return result ? std::string_view("accepted") : result.error();
}
std::string_view refusal_of_rcpt(std::string_view text, bool smtputf8 = false) {
  auto result = parse_recipient_parameters(text, smtputf8);
  return result ? std::string_view("accepted") : result.error();
}

struct Case {
  std::string text;
  std::string_view refusal = "accepted";
};

// RFC 5321 §4.1.1.11, §4.1.2; RFC 1870 §3, §6.1; RFC 6152 §3; RFC 6531 §3.4; RFC 3461 §4.3, §4.4; RFC 4954 §5;
// RFC 8689 §2
TEST(Parameters, of_MAIL) {
  const Case cases[] = {
      {""},
      {"SIZE=0"},
      {"size=1000"},
      {"SIZE=00000000000000001000"},
      {"SIZE=1001", reply::kTooLarge},
      {"SIZE=18446744073709551616", reply::kTooLarge},
      {"SIZE=99999999999999999999", reply::kTooLarge},
      {"SIZE=100000000000000000000", reply::kBadParameter},
      {"SIZE=9999999999999999999x", reply::kBadParameter},
      {"SIZE=", reply::kBadParameter},
      {"SIZE", reply::kBadParameter},
      {"SIZE=-1", reply::kBadParameter},
      {"SIZE=1k", reply::kBadParameter},
      {"SIZE=0x10", reply::kBadParameter},
      {"SIZE=1 SIZE=1", reply::kTwice},
      {"SIZE=1  BODY=7bit"},
      {"BODY=8BITMIME SMTPUTF8 RET=hdrs ENVID=QQ314159 AUTH=<> REQUIRETLS SIZE=1"},
      {"BODY=BINARYMIME", reply::kBadParameter},
      {"BODY", reply::kBadParameter},
      {"SMTPUTF8=1", reply::kBadParameter},
      {"SMTPUTF8 smtputf8", reply::kTwice},
      {"RET=FULL"},
      {"RET=ALL", reply::kBadParameter},
      {"RET", reply::kBadParameter},
      {"ENVID=a+2Bb"},
      {"ENVID=a+20b"},
      {"ENVID=" + std::string(100, 'a')},
      {"ENVID=" + std::string(101, 'a'), reply::kBadParameter},
      {"ENVID=", reply::kBadParameter},
      {"ENVID=a+2bb", reply::kBadParameter},
      {"ENVID=a+2", reply::kBadParameter},
      {"ENVID=a=b", reply::kBadParameter},
      {"ENVID=a+0D+0AX:", reply::kBadParameter},
      {"ENVID=a+00", reply::kBadParameter},
      {"ENVID=\xc3\xa4", reply::kBadParameter},
      {"AUTH=e+3Dmc2@b.test"},
      {"AUTH=", reply::kBadParameter},
      {"AUTH=nobody", reply::kBadParameter},
      {"AUTH=a+0D+0A@b.test", reply::kBadParameter},
      {"REQUIRETLS=1", reply::kBadParameter},
      {"HOLDFOR=1", reply::kUnknownParameter},
      {"X", reply::kUnknownParameter},
      {"NOTIFY=NEVER", reply::kUnknownParameter},
      {"=1", reply::kBadParameter},
      {"-X=1", reply::kBadParameter},
      {"SI ZE=1", reply::kUnknownParameter},
      {"SIZE_=1", reply::kBadParameter},
  };
  for (const Case& c : cases) EXPECT_EQ(refusal_of_mail(c.text), c.refusal) << c.text;
  EXPECT_EQ(refusal_of_mail("SIZE=99999999999", {.message_size = 0}), "accepted");
  EXPECT_EQ(refusal_of_mail("REQUIRETLS", {.requiretls = false}), reply::kUnknownParameter);
  EXPECT_EQ(refusal_of_mail("AUTH=<>", {.auth = false}), reply::kUnknownParameter);
}

TEST(Parameters, of_MAIL_arrive_as_they_were_given) {
  auto all =
      parse_mail_parameters("SIZE=7 BODY=8BITMIME SMTPUTF8 RET=full ENVID=a+2Bb AUTH=a@b.test REQUIRETLS", kRules);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size, 7);
  EXPECT_TRUE(all->eight_bit_mime && all->smtputf8 && all->requiretls);
  EXPECT_EQ(all->ret, "FULL");
  EXPECT_EQ(all->envelope_id, "a+2Bb");
  EXPECT_EQ(all->auth, "a@b.test");
  // RFC 4954 §5: who has not said who he is speaks for nobody.
  EXPECT_EQ(parse_mail_parameters("AUTH=a@b.test", {.auth = true, .trusted = false})->auth, "");
}

// RFC 3461 §4.1, §4.2; RFC 6533 §3
TEST(Parameters, of_RCPT) {
  const Case cases[] = {
      {""},
      {"NOTIFY=NEVER"},
      {"notify=success,Failure,DELAY"},
      {"NOTIFY=DELAY ORCPT=rfc822;a@b.test"},
      {"NOTIFY=NEVER,DELAY", reply::kBadParameter},
      {"NOTIFY=DELAY,DELAY", reply::kBadParameter},
      {"NOTIFY=DELAY,", reply::kBadParameter},
      {"NOTIFY=", reply::kBadParameter},
      {"NOTIFY", reply::kBadParameter},
      {"NOTIFY=SOMETIMES", reply::kBadParameter},
      {"NOTIFY=NEVER NOTIFY=NEVER", reply::kTwice},
      {"ORCPT=rfc822;a+2Bb@b.test"},
      {"ORCPT=rfc822;a+20b@b.test"},
      {"ORCPT=rfc822;", reply::kBadParameter},
      {"ORCPT=a@b.test", reply::kBadParameter},
      {"ORCPT=;a@b.test", reply::kBadParameter},
      {"ORCPT=rfc822;a+0D+0AX:y", reply::kBadParameter},
      {"ORCPT=utf-8;a+0D+0AX:y", reply::kBadParameter},
      {"ORCPT=rfc822;a+2b", reply::kBadParameter},
      {"ORCPT=rfc822;" + std::string(493, 'a')},
      {"ORCPT=rfc822;" + std::string(494, 'a'), reply::kBadParameter},
      {"ORCPT=utf-8;\\x{E4}@b.test"},
      {"ORCPT=utf-8;\xc3\xa4@b.test", reply::kBadParameter},
      {"SIZE=1", reply::kUnknownParameter},
  };
  for (const Case& c : cases) EXPECT_EQ(refusal_of_rcpt(c.text), c.refusal) << c.text;
  EXPECT_EQ(refusal_of_rcpt("ORCPT=utf-8;\xc3\xa4@b.test", true), "accepted");
  EXPECT_EQ(refusal_of_rcpt("ORCPT=rfc822;\xc3\xa4@b.test", true), reply::kBadParameter);
  EXPECT_EQ(refusal_of_rcpt("ORCPT=utf-8;\xff@b.test", true), reply::kBadParameter);
  EXPECT_EQ(refusal_of_rcpt("ORCPT=utf-8;\xc2\x85@b.test", true), reply::kBadParameter) << "a control character";
  EXPECT_EQ(parse_recipient_parameters("NOTIFY=success,Delay", false)->notify, "SUCCESS,DELAY");
}

// RFC 3461 §4
TEST(Parameters, xtext_decodes_capital_hex_only) {
  EXPECT_EQ(decode_xtext("a+2Bb+3Dc"), "a+b=c");
  EXPECT_EQ(decode_xtext(""), "");
  for (const char* bad : {"+", "+2", "+2b", "+GG", "a b", "a=b", "\x7f", "\xc3"})
    EXPECT_FALSE(decode_xtext(bad)) << bad;
}

}  // namespace
}  // namespace postseal::smtpd
