// SPDX-License-Identifier: Apache-2.0
// What each extension changes in an envelope, and what is refused here because the peer cannot take it.
#include <functional>

#include "protocol/smtp/play_test.h"

namespace postseal::smtp {
namespace {

/// "250-x" and a line for each keyword.
std::string hello(const std::vector<std::string_view>& keywords) {
  std::string script = "S: 220 x\nC: EHLO me.test\nS= 250-x\\r\\n";
  for (std::string_view keyword : keywords) script += "250-" + std::string(keyword) + "\\r\\n";
  return script + "250 END\\r\\n\nE: ready\n";
}

struct ParameterCase {
  std::string about;
  std::vector<std::string_view> offered;
  std::function<void(Transaction&)> change;
  std::string mail, rcpt;
};

const std::string kMail = "MAIL FROM:<a@here.test>", kRcpt = "RCPT TO:<b@there.test>";

TEST(Extensions, parameters_are_sent_where_offered_and_needed) {
  auto everything = [](Transaction& t) {
    t.size = 1234;
    t.eight_bit = t.utf8_headers = t.requiretls = true;
    t.dsn = {.envelope_id = "id+2B1", .ret = "HDRS", .notify = "SUCCESS,FAILURE"};
  };
  const ParameterCase cases[] = {
      {"nothing offered, nothing needed", {}, [](Transaction& t) { t.size = 10; }, kMail, kRcpt},
      {"null reverse-path", {}, [](Transaction& t) { t.from.reset(); }, "MAIL FROM:<>", kRcpt},
      {"RFC 1870 §6.1", {"SIZE"}, [](Transaction& t) { t.size = 10; }, kMail + " SIZE=10", kRcpt},
      {"size not known", {"SIZE 100"}, [](Transaction&) {}, kMail, kRcpt},
      {"size at the limit", {"SIZE 100"}, [](Transaction& t) { t.size = 100; }, kMail + " SIZE=100", kRcpt},
      {"RFC 1870 §4: 0 is no limit", {"SIZE 0"}, [](Transaction& t) { t.size = 100; }, kMail + " SIZE=100", kRcpt},
      {"RFC 6152 §3", {"8BITMIME"}, [](Transaction& t) { t.eight_bit = true; }, kMail + " BODY=8BITMIME", kRcpt},
      {"7-bit needs no word", {"8BITMIME"}, [](Transaction&) {}, kMail, kRcpt},
      {"RFC 6531 §3.4, header",
       {"SMTPUTF8", "8BITMIME"},
       [](Transaction& t) { t.utf8_headers = t.eight_bit = true; },
       kMail + " BODY=8BITMIME SMTPUTF8",
       kRcpt},
      {"RFC 6531 §3.4, recipient",
       {"SMTPUTF8"},
       [](Transaction& t) { t.recipients = {box("\xc3\xa4@there.test")}; },
       kMail + " SMTPUTF8",
       "RCPT TO:<\xc3\xa4@there.test>"},
      {"RFC 6531 §3.4, sender",
       {"SMTPUTF8"},
       [](Transaction& t) { t.from = box("\xc3\xa4@here.test"); },
       "MAIL FROM:<\xc3\xa4@here.test> SMTPUTF8",
       kRcpt},
      {"ASCII needs no SMTPUTF8", {"SMTPUTF8"}, [](Transaction&) {}, kMail, kRcpt},
      {"RFC 3461 §4.2, for one recipient",
       {"DSN"},
       [](Transaction& t) {
         t.dsn.notify = "NEVER";
         t.recipient_dsn = {{"DELAY", "rfc822;a+2Bb@there.test"}};
       },
       kMail,
       kRcpt + " NOTIFY=DELAY ORCPT=rfc822;a+2Bb@there.test"},
      {"without DSN neither",
       {},
       [](Transaction& t) { t.recipient_dsn = {{"DELAY", "rfc822;a@there.test"}}; },
       kMail,
       kRcpt},
      {"RFC 3461 §4",
       {"DSN"},
       [&](Transaction& t) {
         everything(t);
         t.requiretls = t.utf8_headers = t.eight_bit = false;
       },
       kMail + " RET=HDRS ENVID=id+2B1",
       kRcpt + " NOTIFY=SUCCESS,FAILURE"},
      {"RFC 3461 §5.2.1: DSN not offered",
       {},
       [](Transaction& t) { t.dsn = {.envelope_id = "1", .ret = "FULL", .notify = "NEVER"}; },
       kMail,
       kRcpt},
      {"RFC 8689: offered but not asked for", {"REQUIRETLS"}, [](Transaction&) {}, kMail, kRcpt},
      {"RFC 8689 §4.2.1", {"REQUIRETLS"}, [](Transaction& t) { t.requiretls = true; }, kMail + " REQUIRETLS", kRcpt},
      {"all",
       {"SIZE", "8BITMIME", "SMTPUTF8", "REQUIRETLS", "DSN"},
       everything,
       kMail + " SIZE=1234 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS ENVID=id+2B1",
       kRcpt + " NOTIFY=SUCCESS,FAILURE"},
  };
  for (const ParameterCase& c : cases) {
    SCOPED_TRACE(c.about);
    Transaction transaction = letter({"b@there.test"});
    c.change(transaction);
    Play({.helo_name = "me.test"},
         transaction)(hello(c.offered))("X: begin\nC: " + c.mail + "\nS: 250 ok\nC: " + c.rcpt + "\n");
  }
}

struct RefusalCase {
  std::string about;
  std::vector<std::string_view> offered;
  std::function<void(Transaction&)> change;
  std::string refusal;
};

TEST(Extensions, what_the_peer_cannot_take_is_refused_for_all_and_the_session_stays_usable) {
  const RefusalCase cases[] = {
      {"RFC 1870 §4: too large", {"SIZE 100"}, [](Transaction& t) { t.size = 101; }, "552 5.3.4"},
      {"RFC 6152 §3: no 8BITMIME", {}, [](Transaction& t) { t.eight_bit = true; }, "554 5.6.3"},
      {"8-bit over BDAT needs it as well", {"CHUNKING"}, [](Transaction& t) { t.eight_bit = true; }, "554 5.6.3"},
      {"RFC 6531 §3.2: header", {"8BITMIME"}, [](Transaction& t) { t.utf8_headers = t.eight_bit = true; }, "550 5.6.9"},
      {"RFC 6531 §3.2: sender", {}, [](Transaction& t) { t.from = box("\xc3\xa4@here.test"); }, "553 5.6.7"},
      {"X05, RFC 8689 §4.2.1: no REQUIRETLS", {"STARTTLS"}, [](Transaction& t) { t.requiretls = true; }, "550 5.7.30"},
      {"a parameter that would end the line",
       {"DSN"},
       [](Transaction& t) { t.dsn.envelope_id = "1\r\nRSET"; },
       "501 5.5.4"},
      {"the same on RCPT", {"DSN"}, [](Transaction& t) { t.dsn.notify = "NEVER\r\nRSET"; }, "501 5.5.4"},
      {"in ORCPT",
       {"DSN"},
       [](Transaction& t) { t.recipient_dsn.assign(t.recipients.size(), {"", "rfc822;a\r\nRSET"}); },
       "501 5.5.4"},
      {"NUL", {"DSN"}, [](Transaction& t) { t.dsn.ret = std::string(1, '\0'); }, "501 5.5.4"},
      {"endless", {"DSN"}, [](Transaction& t) { t.dsn.envelope_id = std::string(2000, 'x'); }, "501 5.5.4"},
  };
  for (const RefusalCase& c : cases) {
    SCOPED_TRACE(c.about);
    Transaction transaction = letter({"b@there.test", "c@there.test"});
    c.change(transaction);
    Play({.helo_name = "me.test", .use_chunking = true}, transaction)(hello(c.offered))(
        "X: begin\nE: done refused(local " + c.refusal + ") refused(local " + c.refusal + ")\n")
        .with(letter({"b@there.test"}))("X: begin\nC: MAIL FROM:<a@here.test>\n");
  }
}

TEST(Extensions, helo_servers_take_plain_messages_only) {
  std::string helo = "S: 220 x\nC: EHLO me.test\nS: 502 no\nC: HELO me.test\nS: 250 x\nE: ready helo\n";
  Transaction eight_bit = letter({"b@there.test"});
  eight_bit.eight_bit = true;
  Play({.helo_name = "me.test"}, eight_bit)(helo)("X: begin\nE: done refused(local 554 5.6.3)\n");
  Play({.helo_name = "me.test"}, letter({"b@there.test"}))(helo)("X: begin\nC: MAIL FROM:<a@here.test>\n");
}

// RFC 6531 §3.2
TEST(Extensions, an_internationalized_recipient_does_not_hold_up_the_others) {
  Play({.helo_name = "me.test"}, letter({"\xc3\xa4@there.test", "b@there.test"}))(hello({}))(
      "X: begin\nC: MAIL FROM:<a@here.test>\nS: 250 ok\nC: RCPT TO:<b@there.test>\nS: 550 no\n"
      "E: done refused(local 553 5.6.7) refused(RCPT 550)\n");
}

// RFC 9422 §4
TEST(Limits, recipients_over_rcptmax_wait_for_the_next_transaction) {
  Play({.helo_name = "me.test"}, letter({"b@there.test", "c@there.test"}))(hello({"LIMITS RCPTMAX=1"}))(
      "X: begin\nC: MAIL FROM:<a@here.test>\nS: 250 ok\nC: RCPT TO:<b@there.test>\nS: 250 ok\nC: DATA\nS: 354 go\n"
      "E: body-due\nX: last x\\r\\n\nC= x\\r\\n.\\r\\n\nS: 250 ok\nE: done accepted(message 250) refused(local 452 "
      "4.5.3)\n");
}

TEST(Limits, domains_over_rcptdomainmax_are_counted_over_the_session) {
  Play play({.helo_name = "me.test"}, letter({"b@there.test", "c@other.test", "d@there.test"}));
  play(hello({"PIPELINING", "LIMITS RCPTDOMAINMAX=1"}))(
      "X: begin\nC: MAIL FROM:<a@here.test>\nC: RCPT TO:<b@there.test>\nC: RCPT TO:<d@there.test>\nC: DATA\nS: 450 no\n"
      "S: 503 no\nS: 503 no\nS: 503 no\nE: done refused(MAIL 450) refused(local 452 4.5.3) refused(MAIL 450)\n");
  play.with(letter({"c@other.test"}))("X: begin\nE: done refused(local 452 4.5.3)\n");
}

TEST(Limits, after_mailmax_messages_the_session_is_used_up) {
  Play play({.helo_name = "me.test"}, letter({"b@there.test"}));
  play(hello({"LIMITS MAILMAX=2"}))(
      "X: begin\nC: MAIL FROM:<a@here.test>\nS: 450 no\nE: done refused(MAIL 450)\n"
      "X: begin\nC: MAIL FROM:<a@here.test>\nS: 450 no\nE: done refused(MAIL 450) not-reusable\n"
      "X: begin\nE: done refused(local 452 4.5.3) not-reusable\nX: quit\nC: QUIT\nS: 221 bye\nE: quitted\n");
}

}  // namespace
}  // namespace postseal::smtp
