// SPDX-License-Identifier: Apache-2.0
// The dialogue outside of a transaction: greeting, EHLO, the small commands, TLS, the end.
#include "protocol/smtpd/play_test.h"

namespace postseal::smtpd {
namespace {

// RFC 5321 §4.1.1.1, §4.1.4; RFC 2034 §4; RFC 9422 §3, §4
TEST(Session, EHLO_lists_what_is_offered_and_HELO_does_not) {
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
C: HELO me.test
S: 250 mx.test
C: helo [192.0.2.7]
S: 250 mx.test
C: EHLO
S: 501 5.5.2 Say a host name, or an address in brackets such as [192.0.2.1]
C: EHLO a b
S* 501 5.5.2
C: EHLO \xc3\xa4.test
S: 501 5.5.2 Only addresses have characters outside ASCII
)");
  EXPECT_EQ(play.server.session().helo, "[192.0.2.7]");
}

// RFC 5321 §4.1.1, §4.5.1, §3.5.3, §4.2.4
TEST(Session, the_small_commands_answer) {
  Play play;
  hello(play);
  play(R"(
C: NOOP
S: 250 2.0.0 Still here
C: noop anything at all
S: 250 2.0.0 Still here
C: NOOP \x09 
S: 250 2.0.0 Still here
C: RSET
S: 250 2.0.0 Forgotten
C: RSET now
S: 501 5.5.4 This command has no argument
C: VRFY postmaster
S* 252 2.5.2
C: VRFY
S* 501 5.5.4
C: EXPN staff
S* 502 5.5.1
C: HELP
S* 214 2.0.0
C: XYZZY
S: 500 5.5.1 No such command
C:
S* 500 5.5.1
C: XCLIENT ADDR=192.0.2.9
S* 500 5.5.1
C: AUTH PLAIN AGEAYg==
S: 502 5.5.1 This is not offered
C: DATA
S* 503 5.5.1
C: QUIT now
S* 501 5.5.4
C: QUIT
S: 221 2.0.0 Bye
E: over quit
T: none
C: NOOP
)");
  EXPECT_FALSE(play.server.wants_input());
}

// RFC 5321 §4.1.4
TEST(Session, MAIL_before_EHLO_is_out_of_order) {
  Play play;
  play("S* 220\nC: MAIL FROM:<a@here.test>\nS: 503 5.5.1 Say EHLO first");
}

// RFC 5321 §2.3.8, §4.5.3.1.4, §4.5.3.1.9 (A20, A21)
TEST(Session, A21_a_command_is_one_clean_line) {
  Play play;
  hello(play);
  for (const char* bad : {"C= RSET\\nNOOP\\r\\n", "C= RSET\\rNOOP\\r\\n", "C= RSET\\r\\r\\n", "C= \\nRSET\\r\\n",
                          "C= RS\\0ET\\r\\n", "C= NOOP \\x7f\\r\\n", "C= MAIL FROM:<a\\x01@b.test>\\r\\n",
                          "C= MAIL FROM:<a@here.test>\\nRCPT TO:<b@there.test>\\r\\n", "C= HELO a\\x0bb\\r\\n"}) {
    play(bad)("S: 500 5.5.2 A command has no control characters and ends with CR and LF together");
  }
  play("C= RSET\\n")("C= \\r\\n")("S* 500 5.5.2");
  play("C= N\\xf6\\xf6p\\r\\n")("S: 500 5.5.1 No such command");
  play("C= NOOP \\xf6\\r\\n")("S* 501 5.5.2");
}

TEST(Session, A20_long_lines_are_swallowed_and_refused_once) {
  Play play;
  hello(play);
  play("C: NOOP " + std::string(505, 'x'))("S* 250");
  play("C: NOOP " + std::string(506, 'x'))("S: 500 5.5.2 This line is too long");
  play("C: MAIL FROM:<a@here.test> SIZE=" + std::string(2100, '1'))("S: 500 5.5.2 This line is too long");
  for (int i = 0; i < 100; ++i) play("C= " + std::string(1000, 'x'));
  play("C= \\r")("C= \\n")("S: 500 5.5.2 This line is too long");
  play("C: NOOP")("S* 250");
}

TEST(Session, A20_a_line_without_end_ends_the_session) {
  Play play;
  hello(play);
  std::string block(65536, 'x');
  int blocks = 0;
  for (; blocks < 1000 && play.server.wants_input(); ++blocks) play.send(block);
  EXPECT_LT(blocks, 20);
  play("S* 500 5.5.2\nS* 421 4.7.0\nE: over a command line without end");
}

// A18
TEST(Session, A18_whoever_speaks_another_protocol_is_sent_away_at_the_first_line) {
  for (const char* first :
       {"GET / HTTP/1.1", "POST /x HTTP/1.1", "PUT /x HTTP/1.0", "CONNECT a:25 HTTP/1.1", "PRI * HTTP/2.0"}) {
    Play play;
    play("S* 220")("C= " + std::string(first) + "\\r\\nMAIL FROM:<a@here.test>\\r\\nHost: mx.test\\r\\n\\r\\n");
    play("S: 500 5.5.1 This is SMTP\nS* 421 4.7.0\nE: over not SMTP");
  }
  Play tls;
  tls("S* 220")("C= \\x16\\x03\\x01\\x02\\0\\x01");
  tls("S* 500 5.5.1\nS* 421 4.7.0\nE: over a TLS ClientHello where commands are spoken");
}

// RFC 5321 §4.3.1 (A18)
TEST(Session, who_speaks_before_the_greeting_is_not_listened_to) {
  Server server(relay(), *IpAddress::parse("192.0.2.1"));
  server.receive("EHLO me.test\r\n");
  auto event = server.next_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(show(*event), "over spoke before the greeting");
  EXPECT_EQ(server.take_output(), "554 5.5.1 The server speaks first\r\n");
}

// RFC 3207 §4, §4.2 (A05)
TEST(Session, A05_STARTTLS_forgets_everything) {
  Play play;
  hello(play);
  play.agree()(R"(
C: MAIL FROM:<a@here.test>
S* 250
C: RCPT TO:<b@there.test>
S* 250
C: STARTTLS now
S* 501 5.5.4
C: STARTTLS
S: 220 2.0.0 Begin TLS
E: handshake-due
T: none
X: tls
T: greeting
C: RCPT TO:<c@there.test>
S* 503 5.5.1
C: DATA
S* 503 5.5.1
C: MAIL FROM:<a@here.test>
S: 503 5.5.1 Say EHLO first
C: EHLO me.test
S* 250-mx.test
S* 250-PIPELINING
S* 250-SIZE
S* 250-ENHANCEDSTATUSCODES
S* 250-8BITMIME
S* 250-DSN
S* 250-SMTPUTF8
S* 250-CHUNKING
S* 250-REQUIRETLS
S* 250 LIMITS
C: STARTTLS
S* 503 5.5.1
C: MAIL FROM:<a@here.test> REQUIRETLS
S* 250
)");
  EXPECT_EQ(play.server.protocol_name(), "ESMTPS");
}

TEST(Session, STARTTLS_needs_EHLO_and_a_server_that_has_it) {
  Play play;
  play("S* 220\nC: STARTTLS\nS* 503 5.5.1");
  ServerSettings without = relay();
  without.tls_available = false;
  Play other(without);
  hello(other);
  other("C: STARTTLS\nS: 454 4.7.0 TLS cannot be had now");
}

// RFC 3207 §6 (A04, pitfall 16)
TEST(Session, A04_plaintext_behind_STARTTLS_ends_the_session) {
  for (const char* injected :
       {"STARTTLS\\r\\nMAIL FROM:<evil@here.test>\\r\\n", "STARTTLS\\r\\nx", "STARTTLS\\r\\n\\r\\n"}) {
    Play play;
    hello(play);
    play("C= " + std::string(injected))("E: over plaintext behind STARTTLS: an attack");
  }
  Play later;
  hello(later);
  later("C: STARTTLS\nS* 220\nE: handshake-due\nC= RSET\\r\\n\nE: over plaintext behind STARTTLS: an attack");
}

TEST(Session, implicit_TLS_begins_with_the_greeting_inside) {
  ServerSettings settings = submission();
  settings.implicit_tls = true;
  Server server(settings, *IpAddress::parse("192.0.2.1"));
  server.tls_established(tls_facts());
  EXPECT_EQ(server.take_output(), "220 mx.test ESMTP\r\n");
  std::string ehlo = "EHLO me.test\r\n";
  server.receive(ehlo);
  EXPECT_FALSE(server.next_event());
  std::string offered = server.take_output();
  EXPECT_EQ(offered.find("STARTTLS"), std::string::npos);
  EXPECT_NE(offered.find("250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\r\n"), std::string::npos);
}

// RFC 3207 §4; RFC 4954 §6; RFC 6409 §4.3
TEST(Session, a_submission_server_hears_little_before_TLS_and_AUTH) {
  Play play(submission());
  hello(play);
  for (const char* command :
       {"MAIL FROM:<a@here.test>", "RCPT TO:<a@here.test>", "DATA", "RSET", "VRFY a", "EXPN a", "HELP"}) {
    play("C: " + std::string(command))("S: 530 5.7.0 Say STARTTLS first");
  }
  play("C: NOOP\nS* 250\nC: AUTH PLAIN\nS: 538 5.7.11 AUTH needs TLS\nC: BDAT 3\nC= abc\nS* 530 5.7.0");
  play("C: STARTTLS\nS* 220\nE: handshake-due\nX: tls\nC: EHLO me.test");
  play.said();
  play("T: greeting");
  for (const char* command : {"MAIL FROM:<a@here.test>", "RCPT TO:<a@here.test>", "DATA", "VRFY a", "HELP"}) {
    play("C: " + std::string(command))("S: 530 5.7.0 Say AUTH first");
  }
  play("C: RSET\nS* 250\nC: AUTH PLAIN AGEAYg==\nE: auth PLAIN [\\0a\\0b]\nX: authenticated a@here.test\nS* 235");
  play("T: command\nC: MAIL FROM:<a@here.test>\nE: mail <a@here.test>\nX: accept\nS* 250");
  EXPECT_EQ(play.server.protocol_name(), "ESMTPSA");
}

TEST(Session, a_relay_that_requires_TLS_says_so) {
  ServerSettings settings = relay();
  settings.tls_required = true;
  Play play(settings);
  hello(play);
  play("C: MAIL FROM:<a@here.test>\nS: 530 5.7.0 Say STARTTLS first");
}

// A23
TEST(Session, A23_errors_without_end_end_the_session) {
  ServerSettings settings = relay();
  settings.limits.errors = 3;
  Play play(settings);
  hello(play);
  play("C: X\nS* 500\nC: X\nS* 500\nC: X\nS* 500\nS: 421 4.7.0 Too many errors; closing\nE: over too many errors");
}

TEST(Session, A23_commands_without_a_message_end_the_session) {
  for (const char* command : {"NOOP", "RSET", "VRFY a", "HELP", "EHLO me.test", "BDAT 0"}) {
    Play play;
    hello(play);
    for (int i = 0; i < 100 && play.server.wants_input(); ++i) {
      play("C: " + std::string(command));
      play.said();
    }
    EXPECT_FALSE(play.server.wants_input()) << command;
    EXPECT_EQ(play.happened().size(), 1) << command;
  }
}

// RFC 5321 §3.8, §4.5.3.2.7
TEST(Session, ends_with_421_when_time_has_passed_or_the_server_stops) {
  Play late;
  hello(late);
  late("X: timeout\nS: 421 4.4.2 Nothing came; closing\nE: over timed out");
  Play stopped;
  hello(stopped);
  stopped("X: stop\nS: 421 4.3.2 The server is being stopped; closing\nE: over the server is being stopped");
  Play closed;
  hello(closed);
  closed("X: close\nE: over closed by the client");
  EXPECT_EQ(limit(Timer::Command), std::chrono::minutes(5));
}

TEST(Session, a_message_under_way_is_finished_before_the_server_stops) {
  Play play;
  up_to_data(play);
  play(
      "X: stop\nC= a\\r\\n.\\r\\n\nE: piece a\\r\\n\nE: end 3\nX: accept\nS* 250 2.0.0\nS* 421 4.3.2\nE: over the "
      "server is being stopped");
}

// A whole message is not lost because its sender has hung up in a hurry.
TEST(Session, what_came_before_the_end_of_the_stream_is_carried_out) {
  Play play;
  hello(play);
  std::string all = "MAIL FROM:<a@here.test>\r\nRCPT TO:<b@there.test>\r\nNOOP\r\nNOO";
  play.server.receive(all);
  play.server.peer_closed();
  play(
      "E: mail <a@here.test>\nX: accept\nS* 250\nE: rcpt <b@there.test>\nX: accept\nS* 250\nS* 250 2.0.0 Still "
      "here\nE: over closed by the client");
}

// A38
TEST(Session, A38_XCLIENT_is_heard_from_configured_peers_only_and_once) {
  ServerSettings settings = relay();
  settings.xclient = true;
  Play play(settings);
  hello(play);
  play(R"(
C: XCLIENT ADDR=nonsense
S* 501 5.5.4
C: XCLIENT NAME=a.test
S* 501 5.5.4
C: XCLIENT NAME=a.test ADDR=IPV6:2001:db8::7 PROTO=ESMTP
S: 220 mx.test ESMTP
C: MAIL FROM:<a@here.test>
S* 503 5.5.1
C: EHLO me.test
S* 250-
S* 250-PIPE
S* 250-SIZE
S* 250-START
S* 250-ENH
S* 250-8BIT
S* 250-DSN
S* 250-SMTPUTF8
S* 250-CHUNK
S* 250 LIMITS
C: XCLIENT ADDR=192.0.2.9
S* 500 5.5.1
)");
  EXPECT_EQ(play.server.session().peer.to_string(), "2001:db8::7");
}

TEST(Session, A38_XCLIENT_shows_an_IPv4_address_as_one_however_it_is_written) {
  ServerSettings settings = relay();
  settings.xclient = true;
  Play play(settings);
  hello(play);
  play("C: XCLIENT ADDR=IPV6:::ffff:192.0.2.9\nS* 220");
  EXPECT_EQ(play.server.session().peer.to_string(), "192.0.2.9");
}

// The driver made a mistake: the session fails closed.
TEST(Session, an_answer_that_nobody_waits_for_ends_the_session) {
  for (const char* call :
       {"X: accept", "X: refuse 550 No", "X: tls", "X: challenge x", "X: authenticated a@b.test", "X: denied"}) {
    Play play;
    hello(play);
    play(call);
    play.said();
    ASSERT_EQ(play.happened().size(), 1) << call;
    EXPECT_FALSE(play.server.wants_input());
  }
}

// RFC 3848 §1, RFC 6531 §4.3
TEST(Session, the_protocol_has_its_registered_name) {
  Play play;
  play("S* 220\nC: HELO me.test\nS* 250");
  EXPECT_EQ(play.server.protocol_name(), "SMTP");
  play("C: EHLO me.test");
  play.said();
  EXPECT_EQ(play.server.protocol_name(), "ESMTP");
  play("C: MAIL FROM:<\\xc3\\xa4@here.test> SMTPUTF8\nE: mail <\xc3\xa4@here.test> utf8\nX: accept\nS* 250");
  EXPECT_EQ(play.server.protocol_name(), "UTF8SMTP");
}

}  // namespace
}  // namespace postseal::smtpd
