// SPDX-License-Identifier: Apache-2.0
// Whole transactions. RFC 5321 §3.3, §4.1.1; RFC 2920; RFC 3030; RFC 2033.
#include "protocol/smtp/play_test.h"

namespace postseal::smtp {
namespace {

// RFC 5321 §2.1
TEST(Transaction, without_pipelining_each_command_waits_for_its_reply) {
  Play play({.helo_name = "me.test"}, letter({"b@there.test", "c@there.test"}));
  play(kPlainHello)(R"(
X: begin
C: MAIL FROM:<a@here.test>
T: MAIL
S: 250 ok
C: RCPT TO:<b@there.test>
T: RCPT
S: 250 ok
C: RCPT TO:<c@there.test>
S: 251 will forward
C: DATA
T: DATA initiation
S: 354 go
E: body-due
T: data block
X: body Subject: x\r\n\r\n
C= Subject: x\r\n\r\n
E: body-due
X: last hello\r\n
C= hello\r\n.\r\n
T: DATA termination
S: 250 2.0.0 queued
E: done accepted(message 250 2.0.0) accepted(message 250 2.0.0)
T: none
X: quit
C: QUIT
T: QUIT
S: 221 bye
E: quitted
)");
}

// RFC 2920 §3.1
TEST(Transaction, with_pipelining_the_envelope_and_data_are_one_group) {
  Play play({.helo_name = "me.test"}, letter({"b@there.test", "c@there.test"}));
  play(kPipelinedHello)(R"(
X: begin
C: MAIL FROM:<a@here.test>
C: RCPT TO:<b@there.test>
C: RCPT TO:<c@there.test>
C: DATA
S: 250 ok\r\n250 ok\r\n550 5.1.1 nobody\r\n354 go
E: body-due
X: last x\r\n
C= x\r\n.\r\n
S: 250 ok
E: done accepted(message 250) refused(RCPT 550 5.1.1)
)");
}

}  // namespace
}  // namespace postseal::smtp
