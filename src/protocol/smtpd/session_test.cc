// SPDX-License-Identifier: Apache-2.0
// The dialogue outside of a transaction, and the way through a plain one.
#include "protocol/smtpd/play_test.h"

namespace postseal::smtpd {
namespace {

// RFC 5321 §3.3, §4.1.1.4; D.1 has such a dialogue
TEST(Session, a_message_is_taken) {
  Play play;
  play(R"(
T: greeting
S: 220 mx.test ESMTP
C: EHLO me.test
S: 250-mx.test
S: 250-PIPELINING
S: 250-SIZE 52428800
S: 250-STARTTLS
S: 250-ENHANCEDSTATUSCODES
S: 250-8BITMIME
S: 250-DSN
S: 250-SMTPUTF8
S: 250-CHUNKING
S: 250 LIMITS MAILMAX=1000 RCPTMAX=1000
T: command
C: MAIL FROM:<a@here.test> SIZE=100 BODY=8BITMIME
E: mail <a@here.test> size 100 8bit
T: none
X: accept
S: 250 2.1.0 Ok
C: RCPT TO:<b@there.test>
E: rcpt <b@there.test>
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
C: QUIT
S: 221 2.0.0 Bye
E: over quit
T: none
)");
}

}  // namespace
}  // namespace postseal::smtpd
