// SPDX-License-Identifier: Apache-2.0
// BDAT: RFC 3030 §2. What is refused is received all the same, so that it is never taken for commands.
#include "protocol/smtpd/play_test.h"

namespace postseal::smtpd {
namespace {

void envelope(Play& play) {
  hello(play);
  play.agree()("C: MAIL FROM:<a@here.test>\nS* 250\nC: RCPT TO:<b@there.test>\nS* 250");
}

TEST(Chunking, chunks_make_a_message) {
  Play play;
  hello(play);
  play(R"(
C: MAIL FROM:<a@here.test>
E: mail <a@here.test>
X: accept
S* 250
C: RCPT TO:<b@there.test>
E: rcpt <b@there.test>
X: accept
S* 250
C= BDAT 5\r\na\r\n.\r
E: message-due
X: accept
E: piece a\r\n.
S: 250 2.0.0 5 octets taken
C= BDAT 4\r\n\nb\r\n
E: piece \r\nb\r\n
S: 250 2.0.0 4 octets taken
C: BDAT 0
S: 250 2.0.0 0 octets taken
C= BDAT 7 LAST\r\n.\r\nQUIT
E: piece .\r\nQUIT\r\n
E: end 18
X: accept
S: 250 2.0.0 Ok
)");
}

// RFC 3030 §2 (A22)
TEST(Chunking, A22_a_message_may_be_one_chunk_or_end_with_an_empty_one) {
  Play play;
  envelope(play);
  play("C= BDAT 3 LAST\\r\\na\\r\\n\nE: piece a\\r\\n\nE: end 3\nX: accept\nS* 250 2.0.0");
  play("C: MAIL FROM:<a@here.test>\nS* 250\nC: RCPT TO:<b@there.test>\nS* 250");
  play("C= BDAT 3\\r\\na\\r\\n\nS* 250\nE: piece a\\r\\n\nC: BDAT 0 LAST\nE: end 3\nX: accept\nS* 250 2.0.0");
  play("C: MAIL FROM:<a@here.test>\nS* 250\nC: RCPT TO:<b@there.test>\nS* 250");
  play("C: BDAT 0 LAST\nE: end 0\nX: refuse 554 Empty\nS* 554\nC: MAIL FROM:<a@here.test>\nS* 250");
}

TEST(Chunking, the_missing_last_line_end_is_supplied) {
  Play play;
  envelope(play);
  play("C= BDAT 1 LAST\\r\\na\nE: piece a\\r\\n\nE: end 3\nX: accept\nS* 250");
}

// A22: commands in a refused chunk stay text.
TEST(Chunking, A22_a_refused_chunk_is_received_and_thrown_away) {
  Play early;
  early("S* 220\nC= BDAT 6\\r\\nQUIT\\r\\nNOOP\\r\\n\nS: 503 5.5.1 Say MAIL first\nS* 250 2.0.0 Still here");
  Play play;
  hello(play);
  play("C= BDAT 6 LAST\\r\\nQUIT\\r\\n\nS: 503 5.5.1 Say MAIL first");
  play(
      "C: MAIL FROM:<a@here.test>\nE: mail <a@here.test>\nX: accept\nS* 250\nC= BDAT 6 LAST\\r\\nQUIT\\r\\n\nS: 503 "
      "5.5.1 Say RCPT first");
  play("C: RCPT TO:<b@there.test>\nE: rcpt <b@there.test>\nX: refuse 550 No\nS* 550");
  play(
      "C= BDAT 6\\r\\nQUIT\\r\\nBDAT 6 LAST\\r\\nQUIT\\r\\n\nS: 554 5.5.1 No recipient was taken\nS: 554 5.5.1 No "
      "recipient was taken");
  play("C: RCPT TO:<c@there.test>\nE: rcpt <c@there.test>\nX: accept\nS* 250");
  play(
      "C= BDAT 6\\r\\nQUIT\\r\\nBDAT 6 LAST\\r\\nQUIT\\r\\n\nE: message-due\nX: refuse 452 No room\nS* 452\nS: 503 "
      "5.5.1 Say MAIL first");
  play("C: NOOP\nS* 250");
}

// A22
TEST(Chunking, A22_a_size_that_nobody_can_know_ends_the_session) {
  for (const char* size : {"18446744073709551616", "-1", "0x10", "LAST", "", "1 2", "ten", "6\x01", "6\xc3\xa4"}) {
    Play play;
    envelope(play);
    play("C= BDAT " + std::string(size) + "\\r\\nMAIL FROM:<evil@here.test>\\r\\n");
    play("S* 501 5.5.4\nS* 421 4.7.0\nE: over BDAT without a size");
  }
}

// A22
TEST(Chunking, A22_what_may_be_meant_as_BDAT_ends_the_session_too) {
  const std::string blanks(2100, ' ');
  for (const std::string& line :
       {std::string("BDAT\t6"), std::string(" BDAT 6"), std::string("\tbdat 6"), std::string("BDAT6"),
        std::string("bdat:6"), "BDAT" + blanks + "6", blanks + "BDAT 6", "BDAT 6" + blanks}) {
    for (const std::size_t first : {line.size() + 2, std::size_t{2060}}) {
      Play play;
      envelope(play);
      const std::string text = line + "\r\nMAIL FROM:<evil@here.test>\r\n";
      play.send(text.substr(0, first));
      if (play.server.wants_input()) play.send(text.substr(std::min(first, text.size())));
      play("S* 501 5.5.4\nS* 421 4.7.0\nE: over BDAT without a size");
    }
  }
  Play play;
  envelope(play);
  play("C: BDATA 6\nS* 500 5.5.1\nC: \nS* 500\nC:   BDA\nS* 500\nC: NOOP\nS* 250");
}

// RFC 1870 §6.3, §3 (A22)
TEST(Chunking, A22_a_chunk_beyond_the_limit_is_refused_without_being_kept) {
  ServerSettings settings = relay();
  settings.limits.message_size = 10;
  Play play(settings);
  envelope(play);
  play("C= BDAT 6\\r\\nabcd\\r\\n\nE: piece abcd\\r\\n\nS* 250");
  play("C: BDAT 5\nE: aborted larger than we take\nC= QUIT\\r\nS: 552 5.3.4 The message is larger than we take");
  play("C= BDAT 3 LAST\\r\\nx\\r\\n\nS: 503 5.5.1 Say MAIL first");
  Play huge(settings);
  envelope(huge);
  huge("C: BDAT 18446744073709551615");
  std::string block(1024 * 1024, 'x');
  int blocks = 0;
  for (; blocks < 1000 && huge.server.wants_input(); ++blocks) huge.send(block);
  EXPECT_LT(blocks, 100);
  huge("S* 421 4.7.0\nE: over a message without end");
}

// RFC 3030 §2 (A22)
TEST(Chunking, A22_once_begun_a_message_goes_on_with_BDAT) {
  Play play;
  envelope(play);
  play(R"(
C= BDAT 3\r\na\r\n
E: piece a\r\n
S* 250
C: DATA
S: 503 5.5.1 A message has begun with BDAT; it goes on and ends with BDAT
C: MAIL FROM:<a@here.test>
S* 503 5.5.1
C: RCPT TO:<c@there.test>
S: 503 5.5.1 A message has begun with BDAT; it goes on and ends with BDAT
C: NOOP
S* 250
C= BDAT 3 LAST\r\nb\r\n
E: piece b\r\n
E: end 6
X: accept
S* 250
)");
}

TEST(Chunking, A22_RSET_and_hanging_up_drop_what_has_come) {
  Play reset;
  envelope(reset);
  reset(
      "C= BDAT 3\\r\\na\\r\\n\nE: piece a\\r\\n\nS* 250\nC: RSET\nE: aborted the client has given it up\nS* 250\nC= "
      "BDAT 0 LAST\\r\\n\nS* 503");
  Play closed;
  envelope(closed);
  closed(
      "C= BDAT 30\\r\\na\\r\\n\nE: piece a\\r\\n\nX: close\nE: aborted closed by the client\nE: over closed by the "
      "client");
}

// RFC 5321 §2.3.8 (A19, A22): without BINARYMIME a chunk has lines, as DATA has.
TEST(Chunking, A19_a_chunk_that_is_not_clean_is_refused_with_its_message) {
  Play play;
  envelope(play);
  play(
      "C= BDAT 3\\r\\na\\nb\nE: aborted The message has an LF without its CR\nS: 554 5.6.0 The message has an LF "
      "without its CR");
  play("C= BDAT 3 LAST\\r\\na\\r\\n\nS: 503 5.5.1 Say MAIL first");
  play("C: MAIL FROM:<a@here.test>\nS* 250\nC: RCPT TO:<b@there.test>\nS* 250");
  play(
      "C= BDAT 2 LAST\\r\\na\\r\nE: piece a\nE: aborted The message has a CR without its LF\nS: 554 5.6.0 The message "
      "has a CR without its LF");
  play("C: MAIL FROM:<a@here.test>\nS* 250");
}

}  // namespace
}  // namespace postseal::smtpd
