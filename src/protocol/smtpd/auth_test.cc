// SPDX-License-Identifier: Apache-2.0
// AUTH: RFC 4954.
#include "protocol/smtpd/play_test.h"

namespace postseal::smtpd {
namespace {

void up_to_auth(Play& play) {
  hello(play);
  play("C: STARTTLS\nS* 220\nE: handshake-due\nX: tls\nC: EHLO me.test");
  play.said();
}

// RFC 4954 §4
TEST(Auth, responses_go_to_and_fro_in_base64) {
  Play play(submission());
  up_to_auth(play);
  play(R"(
C: AUTH login
E: auth LOGIN
T: none
X: challenge Username:
S: 334 VXNlcm5hbWU6
T: AUTH
C: YQ==
E: response [a]
X: challenge Password:
S: 334 UGFzc3dvcmQ6
C:
E: response []
X: denied
S: 535 5.7.8 No
T: greeting
C: AUTH PLAIN =
E: auth PLAIN []
X: denied
S* 535
C: auth plain AGEAYg==
E: auth PLAIN [\0a\0b]
X: authenticated a@here.test
S: 235 2.7.0 Welcome
C: AUTH PLAIN AGEAYg==
S: 503 5.5.1 We know who you are
)");
  EXPECT_EQ(play.server.session().user, "a@here.test");
}

// RFC 4954 §4: data with success is one more challenge.
TEST(Auth, the_last_message_of_SCRAM_wants_an_empty_answer) {
  Play play(submission());
  up_to_auth(play);
  play(R"(
C: AUTH SCRAM-SHA-256-PLUS
E: auth SCRAM-SHA-256-PLUS
X: authenticated a@here.test v=x
S: 334 dj14
)");
  EXPECT_EQ(play.server.session().user, "");
  play("C: *\nE: auth-cancelled\nS* 501 5.7.0");
  EXPECT_EQ(play.server.session().user, "");
  play(
      "C: AUTH SCRAM-SHA-256\nE: auth SCRAM-SHA-256\nX: authenticated a@here.test v=x\nS* 334\nC:\nS: 235 2.7.0 "
      "Welcome");
  EXPECT_EQ(play.server.session().user, "a@here.test");
}

TEST(Auth, can_be_cancelled_and_is_by_what_is_not_base64) {
  const std::pair<std::string, std::string> cases[] = {
      {"*", "501 5.7.0"},     {"YQ=", "501 5.5.2"}, {"Y Q==", "501 5.5.2"},      {"YQ==\\0", "501 5.5.2"},
      {"a\\nb", "501 5.5.2"}, {"=", "501 5.5.2"},   {"\\xc3\\xa4", "501 5.5.2"}, {std::string(12287, 'A'), "500 5.5.6"},
  };
  for (const auto& [line, refusal] : cases) {
    Play play(submission());
    up_to_auth(play);
    play("C: AUTH PLAIN\nE: auth PLAIN\nX: challenge\nS: 334 ")("C: " + line);
    EXPECT_EQ(play.happened(), std::vector<std::string>{"auth-cancelled"}) << line.substr(0, 20);
    play("S* " + refusal)("C: NOOP\nS* 250");
  }
}

TEST(Auth, a_line_has_12288_octets) {
  Play play(submission());
  up_to_auth(play);
  play("C: AUTH PLAIN " + std::string(12272, 'A'));
  EXPECT_EQ(play.happened().size(), 1);
  play("X: denied\nS* 535");
  play("C: AUTH PLAIN " + std::string(12276, 'A'))("S: 500 5.5.2 This line is too long");
}

TEST(Auth, what_is_wrong_with_the_command_is_said) {
  Play play(submission());
  up_to_auth(play);
  play(R"(
C: AUTH
S* 501 5.5.4
C: AUTH PLAIN a b
S* 501 5.5.4
C: AUTH PLAIN AGEAYg=
S: 501 5.5.2 This is not base64
C: AUTH CRAM-MD5
S: 504 5.5.4 This mechanism is not offered
C: AUTH PLAIN AGEAYg==
E: auth PLAIN [\0a\0b]
X: authenticated a@here.test
S* 235
C: MAIL FROM:<a@here.test> AUTH=b@here.test
E: mail <a@here.test> auth b@here.test
X: accept
S* 250
)");
}

TEST(Auth, needs_EHLO_inside_TLS_and_no_transaction) {
  ServerSettings settings = relay();
  settings.offer_auth = true;
  Play play(settings);
  up_to_auth(play);
  play.agree()("C: MAIL FROM:<a@here.test>\nS* 250\nC: AUTH PLAIN\nS: 503 5.5.1 Not while a message is on its way");
  Play before(settings);
  hello(before);
  before(
      "C: AUTH PLAIN AGEAYg==\nS: 538 5.7.11 AUTH needs TLS\nC: STARTTLS\nS* 220\nE: handshake-due\nX: tls\nC: AUTH "
      "PLAIN\nS: 503 5.5.1 Say EHLO first");
}

// RFC 5802 §6: not offered where there is nothing to bind to.
TEST(Auth, PLUS_is_offered_with_a_binding_only) {
  ServerSettings settings = submission();
  settings.implicit_tls = true;
  Server server(settings, *IpAddress::parse("192.0.2.1"));
  server.tls_established({.version = "TLSv1.2"});
  server.take_output();
  std::string lines = "EHLO me.test\r\nAUTH SCRAM-SHA-256-PLUS\r\n";
  server.receive(lines);
  EXPECT_FALSE(server.next_event());
  std::string said = server.take_output();
  EXPECT_NE(said.find("250-AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n"), std::string::npos);
  EXPECT_NE(said.find("504 5.5.4"), std::string::npos);
}

// A23
TEST(Auth, A23_guessing_ends_the_session) {
  Play play(submission());
  up_to_auth(play);
  for (int i = 0; i < 3; ++i) play("C: AUTH PLAIN AGEAYg==\nE: auth PLAIN [\\0a\\0b]\nX: denied\nS* 535");
  play("S: 421 4.7.0 Too many failed logins; closing\nE: over too many failed logins");
}

// RFC 3207 §4.2 (A05)
TEST(Auth, A05_nothing_said_before_TLS_counts_inside) {
  ServerSettings settings = submission();
  Play play(settings);
  up_to_auth(play);
  EXPECT_EQ(play.server.session().helo, "me.test");
  EXPECT_EQ(play.server.session().user, "");
}

}  // namespace
}  // namespace postseal::smtpd
