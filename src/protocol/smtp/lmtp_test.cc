// SPDX-License-Identifier: Apache-2.0
// LMTP: RFC 2033 §4.
#include "protocol/smtp/play_test.h"

namespace postseal::smtp {
namespace {

const ClientSettings kLmtp{.dialect = Dialect::Lmtp, .helo_name = "me.test"};

constexpr std::string_view kEnvelope = R"(
S: 220 x
C: LHLO me.test
S: 250-x\r\n250-CHUNKING\r\n250 PIPELINING
E: ready
X: begin
C: MAIL FROM:<a@here.test>
C: RCPT TO:<b@there.test>
C: RCPT TO:<c@there.test>
C: RCPT TO:<d@there.test>
)";

Play play(ClientSettings settings = kLmtp) {
  return Play(std::move(settings), letter({"b@there.test", "c@there.test", "d@there.test"}));
}

// RFC 2033 §4.2
TEST(Lmtp, each_accepted_recipient_has_its_own_reply) {
  play()(kEnvelope)(R"(
C: DATA
S: 250 ok\r\n250 ok\r\n550 5.1.1 no\r\n250 ok\r\n354 go
E: body-due
X: last x\r\n
C= x\r\n.\r\n
S: 250 2.0.0 ok
S: 452 4.2.2 full
E: done accepted(message 250 2.0.0) refused(RCPT 550 5.1.1) refused(message 452 4.2.2)
)");
}

TEST(Lmtp, those_without_a_reply_are_in_doubt) {
  play()(kEnvelope)(R"(
C: DATA
S: 250 ok\r\n250 ok\r\n550 5.1.1 no\r\n250 ok\r\n354 go
E: body-due
X: last x\r\n
C= x\r\n.\r\n
S: 250 2.0.0 ok
X: close
E: end peer-closed accepted(message 250 2.0.0) refused(RCPT 550 5.1.1) refused(local 451 4.4.2) in-doubt
)");
}

// RFC 2033 §4.2: DATA without a recipient has to be refused; where it is not, nobody knows how many replies follow.
TEST(Lmtp, data_accepted_without_recipients_gives_the_stream_up) {
  play()(kEnvelope)(R"(
C: DATA
S: 250 ok\r\n550 no\r\n550 no\r\n550 no\r\n354 go
E: done refused(RCPT 550) refused(RCPT 550) refused(RCPT 550) not-reusable
X: quit
E: quitted
)");
}

// RFC 2033 §4.3
TEST(Lmtp, the_last_chunk_has_a_reply_for_each_recipient) {
  play({.dialect = Dialect::Lmtp, .helo_name = "me.test", .use_chunking = true})(kEnvelope)(R"(
S: 250 ok\r\n250 ok\r\n550 no\r\n250 ok
E: body-due
X: body x\r\n
C= BDAT 3\r\nx\r\n
S: 250 ok
E: body-due
X: last y\r\n
C= BDAT 3 LAST\r\ny\r\n
S: 250 ok\r\n554 no
E: done accepted(message 250) refused(RCPT 550) refused(message 554)
)");
}

}  // namespace
}  // namespace postseal::smtp
