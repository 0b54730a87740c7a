// SPDX-License-Identifier: Apache-2.0
// BDAT: RFC 3030.
#include "protocol/smtp/play_test.h"

namespace postseal::smtp {
namespace {

const ClientSettings kChunks{.helo_name = "me.test", .use_chunking = true};

constexpr std::string_view kHello = "S: 220 x\nC: EHLO me.test\nS: 250-x\\r\\n250 CHUNKING\nE: ready\n";
constexpr std::string_view kEnvelope =
    "X: begin\nC: MAIL FROM:<a@here.test>\nS: 250 ok\nC: RCPT TO:<b@there.test>\nS: 250 ok\n";
constexpr std::string_view kPipelinedHello2 =
    "S: 220 x\nC: EHLO me.test\nS: 250-x\\r\\n250-PIPELINING\\r\\n250 CHUNKING\nE: ready\n"
    "X: begin\nC: MAIL FROM:<a@here.test>\nC: RCPT TO:<b@there.test>\n";

// RFC 3030 §2
TEST(Chunking, octets_go_as_they_are_and_each_chunk_is_answered) {
  Play(kChunks, letter({"b@there.test"}))(kHello)(kEnvelope)(R"(
E: body-due
X: body .a\r\n.\r\n
C= BDAT 7\r\n.a\r\n.\r\n
T: data block
S: 250 7 octets
E: body-due
X: last b
C= BDAT 3 LAST\r\nb\r\n
T: DATA termination
S: 250 ok
E: done accepted(message 250)
)");
}

TEST(Chunking, only_where_it_is_offered_and_asked_for) {
  Play({.helo_name = "me.test"}, letter({"b@there.test"}))(kHello)(kEnvelope)("C: DATA\n");
  Play(kChunks, letter({"b@there.test"}))(kPlainHello)(kEnvelope)("C: DATA\n");
}

TEST(Chunking, an_empty_last_chunk_ends_the_message) {
  Play(kChunks, letter({"b@there.test"}))(kHello)(kEnvelope)(
      "E: body-due\nX: body x\\r\\n\nC= BDAT 3\\r\\nx\\r\\n\nS: 250 ok\nE: body-due\nX: last\nC= BDAT 0 LAST\\r\\n\n"
      "S: 250 ok\nE: done accepted(message 250)\n");
}

TEST(Chunking, no_chunk_ends_between_cr_and_lf) {
  Play(kChunks, letter({"b@there.test"}))(kHello)(kEnvelope)(
      "E: body-due\nX: body x\\r\nC= BDAT 1\\r\\nx\nS: 250 ok\nE: body-due\nX: body \\n.\nC= BDAT 3\\r\\n\\r\\n.\n"
      "S: 250 ok\nE: body-due\nX: body \\r\nE: body-due\nX: last \\n\nC= BDAT 2 LAST\\r\\n\\r\\n\n");
}

TEST(Chunking, an_empty_piece_is_no_chunk) {
  Play(kChunks, letter({"b@there.test"}))(kHello)(kEnvelope)("E: body-due\nX: body \nE: body-due\n");
}

// RFC 3030 §4.2, RFC 2920
TEST(Chunking, with_pipelining_a_few_chunks_are_in_flight) {
  Play(kChunks, letter({"b@there.test"}))(kPipelinedHello2)(R"(
S: 250 ok\r\n250 ok
E: body-due
X: body 1\r\n
C= BDAT 3\r\n1\r\n
E: body-due
X: body 2\r\n
C= BDAT 3\r\n2\r\n
E: body-due
X: body 3\r\n
C= BDAT 3\r\n3\r\n
E: body-due
X: body 4\r\n
C= BDAT 3\r\n4\r\n
S: 250 ok
E: body-due
X: last 5\r\n
C= BDAT 3 LAST\r\n5\r\n
S: 250 ok\r\n250 ok\r\n250 ok
S: 250 ok
E: done accepted(message 250)
)");
}

TEST(Chunking, no_octet_leaves_before_a_recipient_is_accepted) {
  Play(kChunks, letter({"b@there.test"}))(kPipelinedHello2)(
      "S: 250 ok\nS: 550 no\nE: done refused(RCPT 550)\nX: begin\nC: RSET\nC: MAIL FROM:<a@here.test>\nC: RCPT "
      "TO:<b@there.test>\n");
}

// RFC 3030 §2
TEST(Chunking, a_refused_chunk_ends_the_message_and_rset_follows) {
  std::string again = "X: begin\nC: RSET\nS: 250 ok\nC: MAIL FROM:<a@here.test>\n";
  Play(kChunks, letter({"b@there.test"}))(kHello)(kEnvelope)(
      "E: body-due\nX: body x\\r\\n\nC= BDAT 3\\r\\nx\\r\\n\nS: 552 5.3.4 big\nE: done refused(message 552 5.3.4)\n" + again);
  Play(kChunks, letter({"b@there.test"}))(kHello)(kEnvelope)(
      "E: body-due\nX: last x\\r\\n\nC= BDAT 3 LAST\\r\\nx\\r\\n\nS: 451 later\nE: done refused(message 451)\n" + again);
}

TEST(Chunking, what_is_in_flight_behind_a_refused_chunk_changes_nothing) {
  Play(kChunks, letter({"b@there.test"}))(kPipelinedHello2)(
      "S: 250 ok\\r\\n250 ok\nE: body-due\nX: body 1\\r\\n\nC= BDAT 3\\r\\n1\\r\\n\nE: body-due\nX: last 2\\r\\n\n"
      "C= BDAT 3 LAST\\r\\n2\\r\\n\nS: 452 full\nS: 250 ok\nE: done refused(message 452)\n"
      "X: begin\nC: RSET\nC: MAIL FROM:<a@here.test>\nC: RCPT TO:<b@there.test>\n");
}

TEST(Chunking, doubt_begins_with_the_last_chunk) {
  Play(kChunks, letter({"b@there.test"}))(kHello)(kEnvelope)(
      "E: body-due\nX: body x\\r\\n\nC= BDAT 3\\r\\nx\\r\\n\nX: close\nE: end peer-closed refused(local 451 4.4.2)\n");
  Play(kChunks, letter({"b@there.test"}))(kHello)(kEnvelope)(
      "E: body-due\nX: last x\\r\\n\nC= BDAT 3 LAST\\r\\nx\\r\\n\nX: close\nE: end peer-closed refused(local 451 4.4.2) in-doubt\n");
}

TEST(Chunking, there_is_no_doubt_about_a_message_of_which_a_chunk_was_refused) {
  Play(kChunks, letter({"b@there.test"}))(kPipelinedHello2)(
      "S: 250 ok\\r\\n250 ok\nE: body-due\nX: body 1\\r\\n\nC= BDAT 3\\r\\n1\\r\\n\nE: body-due\nX: last 2\\r\\n\n"
      "C= BDAT 3 LAST\\r\\n2\\r\\n\nS: 452 full\nX: close\nE: end peer-closed refused(message 452)\n");
}

TEST(Chunking, bare_line_ends_are_refused_here_too) {
  Play(kChunks, letter({"b@there.test"}))(kHello)(
      kEnvelope)("E: body-due\nX: body x\\ny\\r\\n\nE: end message-broken refused(local 451 4.3.0)\n");
}

}  // namespace
}  // namespace postseal::smtp
