// SPDX-License-Identifier: Apache-2.0
// MAIL, RCPT, DATA: order, refusals, limits.
#include "protocol/smtpd/play_test.h"

namespace postseal::smtpd {
namespace {

// RFC 5321 §3.3, §4.1.1.4, §D.1
TEST(Transaction, a_message_is_taken) {
  Play play;
  hello(play);
  play(R"(
C: MAIL FROM:<a@here.test> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=1+2B1
E: mail <a@here.test> size 100 8bit ret HDRS envid 1+2B1
T: none
X: accept
S: 250 2.1.0 Ok
C: RCPT TO:<b@there.test> NOTIFY=delay,failure ORCPT=rfc822;B@there.test
E: rcpt <b@there.test> notify DELAY,FAILURE orcpt rfc822;B@there.test
X: accept
S: 250 2.1.5 Ok
C: RCPT TO:<c@there.test>
E: rcpt <c@there.test>
X: refuse 550 Nobody of that name
S: 550 5.0.0 Nobody of that name
C: DATA
E: message-due
X: accept
S: 354 End with a line that has only a dot
T: message
C= Subject: x\r\n\r\n..dot\r\nbody\r\n.\r\n
E: piece Subject: x\r\n\r\n.dot\r\nbody\r\n
E: end 26
T: none
X: accept Queued as 1
S: 250 2.0.0 Queued as 1
T: command
C: QUIT
S: 221 2.0.0 Bye
E: over quit
)");
}

// RFC 5321 §4.5.5, §4.5.1 (A36)
TEST(Transaction, A36_the_null_sender_and_postmaster_have_their_forms) {
  Play play;
  hello(play);
  play(R"(
C: MAIL FROM:<>
E: mail <>
X: accept
S* 250
C: RCPT TO:<Postmaster>
E: rcpt <postmaster@mx.test>
X: accept
S* 250
C: RCPT TO:<>
S* 501 5.1.3
C: RCPT TO:<nobody>
S: 501 5.1.3 This is not an address
C: RCPT TO:<@a.test,@b.test:c@d.test>
E: rcpt <c@d.test>
X: refuse 550 5.7.1 No relaying
S: 550 5.7.1 No relaying
C: RCPT TO:<a%c.test@mx.test>
E: rcpt <a%c.test@mx.test>
X: refuse 550 5.1.1 Nobody
S: 550 5.1.1 Nobody
C: RCPT TO:<"a@b.test"@mx.test>
E: rcpt <"a@b.test"@mx.test>
X: refuse 550 5.1.1 Nobody
S: 550 5.1.1 Nobody
C: RCPT TO:a@b.test
S* 501 5.5.2
C: RSET
S* 250
C: MAIL FROM:<postmaster>
S* 501 5.1.7
C: MAIL FROM:a@b.test
S* 501 5.5.2
C: MAIL TO:<a@b.test>
S* 501 5.5.2
C: MAIL
S* 501 5.5.2
)");
}

// RFC 5321 §4.1.4, §3.3
TEST(Transaction, commands_out_of_order_are_refused_and_change_nothing) {
  Play play;
  hello(play);
  play.agree()(R"(
C: RCPT TO:<b@there.test>
S: 503 5.5.1 Say MAIL first
C: DATA
S: 503 5.5.1 Say MAIL first
C: MAIL FROM:<a@here.test>
S* 250
C: MAIL FROM:<z@here.test>
S: 503 5.5.1 A message is on its way already; RSET forgets it
C: DATA
S: 503 5.5.1 Say RCPT first
C: RCPT TO:<b@there.test>
S* 250
C: MAIL FROM:<z@here.test>
S* 503
C: EHLO again.test
S* 250-
S* 250-
S* 250-
S* 250-
S* 250-
S* 250-
S* 250-
S* 250-
S* 250-
S* 250 LIMITS
C: RCPT TO:<b@there.test>
S: 503 5.5.1 Say MAIL first
C: MAIL FROM:<a@here.test>
S* 250
C: RSET
S* 250
C: DATA
S: 503 5.5.1 Say MAIL first
)");
}

TEST(Transaction, a_refused_sender_begins_nothing_and_refused_recipients_are_remembered) {
  Play play;
  hello(play);
  play(R"(
C: MAIL FROM:<a@here.test>
E: mail <a@here.test>
X: refuse 451 Later
S: 451 4.0.0 Later
C: RCPT TO:<b@there.test>
S* 503
C: MAIL FROM:<a@here.test>
E: mail <a@here.test>
X: accept Go on
S: 250 2.1.0 Go on
C: RCPT TO:<b@there.test>
E: rcpt <b@there.test>
X: refuse 550 No
S* 550
C: DATA
S: 554 5.5.1 No recipient was taken
C: RCPT TO:<c@there.test>
E: rcpt <c@there.test>
X: accept
S* 250
C: DATA
E: message-due
X: refuse 452 No room
S: 452 4.0.0 No room
C: DATA
E: message-due
X: accept
S* 354
C= .\r\n
E: end 0
X: refuse 554 Empty
S: 554 5.0.0 Empty
C: DATA
S* 503
)");
}

TEST(Transaction, a_refusal_with_421_ends_the_session) {
  Play play;
  hello(play);
  play(
      "C: MAIL FROM:<a@here.test>\nE: mail <a@here.test>\nX: refuse 421 Too many of you\nS: 421 4.0.0 Too many of "
      "you\nE: over refused with 421");
}

// RFC 5321 §4.1.1.11
TEST(Transaction, parameters_need_EHLO_and_have_to_be_known) {
  Play helo;
  helo("S* 220\nC: HELO me.test\nS* 250\nC: MAIL FROM:<a@here.test> SIZE=1\nS: 555 5.5.4 Parameters need EHLO");
  Play play;
  hello(play);
  play(R"(
C: MAIL FROM:<a@here.test> X=1
S: 555 5.5.4 No such parameter
C: MAIL FROM:<a@here.test> SIZE=1 SIZE=2
S: 501 5.5.4 A parameter stands there twice
C: MAIL FROM:<a@here.test> SIZE=52428801
S: 552 5.3.4 The message is larger than we take
C: MAIL FROM:<a@here.test> REQUIRETLS
S: 555 5.5.4 No such parameter
C: MAIL FROM:<a@here.test> AUTH=<>
S: 555 5.5.4 No such parameter
)");
}

// RFC 6531 §3.4, §3.5
TEST(Transaction, addresses_outside_ASCII_need_SMTPUTF8) {
  Play play;
  hello(play);
  play(R"(
C: MAIL FROM:<\xc3\xa4@here.test>
S: 553 5.6.7 This sender needs SMTPUTF8
C: MAIL FROM:<a@here.test>
E: mail <a@here.test>
X: accept
S* 250
C: RCPT TO:<\xc3\xa4@there.test>
S: 553 5.6.7 This recipient needs SMTPUTF8
C: RSET
S* 250
C: MAIL FROM:<a@here.test> SMTPUTF8
E: mail <a@here.test> utf8
X: accept
S* 250
C: RCPT TO:<b@b\xc3\xbccher.test>
E: rcpt <b@xn--bcher-kva.test>
X: accept
S* 250
C: RCPT TO:<\xff@there.test>
S* 501 5.1.3
)");
}

// RFC 5321 §4.5.3.1.10 (A23)
TEST(Transaction, A23_more_recipients_than_the_limit_are_told_so_and_the_rest_stays) {
  ServerSettings settings = relay();
  settings.limits.recipients = 2;
  settings.limits.errors = 2;
  Play play(settings);
  hello(play);
  play.agree()(R"(
C: MAIL FROM:<a@here.test>
S* 250
C: RCPT TO:<a@there.test>
S* 250
C: RCPT TO:<b@there.test>
S* 250
C: RCPT TO:<c@there.test>
S* 452 4.5.3
C: RCPT TO:<d@there.test>
S* 452 4.5.3
C: RCPT TO:<e@there.test>
S* 452 4.5.3
C: RCPT TO:<f@there.test>
S* 452 4.5.3
S* 421 4.7.0
E: over too many errors
)");
}

// RFC 9422 §4.1 (A23)
TEST(Transaction, A23_a_session_has_so_many_transactions) {
  ServerSettings settings = relay();
  settings.limits.transactions = 1;
  Play play(settings);
  hello(play);
  play.agree()(
      "C: MAIL FROM:<a@here.test>\nS* 250\nC: RSET\nS* 250\nC: MAIL FROM:<a@here.test>\nS* 421 4.5.3\nE: over too many "
      "messages");
}

TEST(Transaction, A23_a_message_that_is_taken_gives_new_credit_for_idle_commands) {
  ServerSettings settings = relay();
  settings.limits.idle_commands = 3;
  Play play(settings);
  up_to_data(play);
  play(
      "C= .\\r\\n\nE: end 0\nX: accept\nS* 250\nC: NOOP\nS* 250\nC: NOOP\nS* 250\nC: NOOP\nS* 250\nC: NOOP\nS* 421 "
      "4.7.0\nE: over too many commands without a message");
}

// RFC 2920 §3.1 (A19)
TEST(Transaction, A19_nothing_may_be_sent_behind_DATA_before_the_go_ahead) {
  for (const char* command : {"DATA\\r\\nSubject: x\\r\\n\\r\\n.\\r\\n", "DATA\\r\\nx"}) {
    Play play;
    hello(play);
    play.agree()("C: MAIL FROM:<a@here.test>\nS* 250\nC: RCPT TO:<b@there.test>\nS* 250");
    play("C= " + std::string(command))("S* 554 5.5.1\nS* 421 4.7.0\nE: over spoke on behind DATA without waiting");
  }
}

// RFC 2920 §3.2, §3.1
TEST(Transaction, a_group_of_commands_is_answered_in_order) {
  Play play;
  hello(play);
  play(R"(
C= RSET\r\nMAIL FROM:<a@here.test>\r\nRCPT TO:<b@there.test>\r\nRCPT TO:<c@there.test>\r\nDATA\r\n
S* 250 2.0.0
E: mail <a@here.test>
X: accept
S: 250 2.1.0 Ok
E: rcpt <b@there.test>
X: refuse 550 No
S: 550 5.0.0 No
E: rcpt <c@there.test>
X: accept
S: 250 2.1.5 Ok
E: message-due
X: accept
S* 354
C= a\r\n.\r\nRSET\r\nQUIT\r\n
E: piece a\r\n
E: end 3
X: accept
S: 250 2.0.0 Ok
S: 250 2.0.0 Forgotten
S: 221 2.0.0 Bye
E: over quit
)");
}

}  // namespace
}  // namespace postseal::smtpd
