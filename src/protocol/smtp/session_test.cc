// SPDX-License-Identifier: Apache-2.0
// Greeting, EHLO and HELO, STARTTLS, QUIT, and every way in which a session ends.
#include "protocol/smtp/play_test.h"

namespace postseal::smtp {
namespace {

struct Script {
  std::string about, text;
};

void play_all(const std::vector<Script>& scripts, const ClientSettings& settings = {.helo_name = "me.test"}) {
  for (const Script& script : scripts) {
    SCOPED_TRACE(script.about);
    Play(settings, letter({"b@there.test"}))(script.text);
  }
}

// RFC 5321 §3.1, §4.3.2
TEST(Greeting, only_220_opens_a_session) {
  play_all({
      {"220", "T: greeting\nS: 220 mx.test\nC: EHLO me.test\nT: EHLO\n"},
      {"220 in several lines", "S: 220-mx.test\nS: 220 hello\nC: EHLO me.test\n"},
      {"554", "S: 554 no SMTP here\nE: end greeting-refused 554\nT: none\n"},
      {"421", "S: 421 too busy\nE: end greeting-refused 421\n"},
      {"450", "S: 450 not now\nE: end greeting-refused 450\n"},
      {"250 is no greeting", "S: 250 ok\nE: end out-of-step 250\n"},
      {"354 is no greeting", "S: 354 ok\nE: end out-of-step 354\n"},
      {"not SMTP", "S: SSH-2.0-OpenSSH\nE: end garbage\n"},
      {"HTTP", "S: HTTP/1.1 400 Bad Request\nE: end garbage\n"},
      {"closed at once", "X: close\nE: end peer-closed\n"},
      {"closed in the middle of the line", "S= 220 mx\nX: close\nE: end peer-closed\n"},
      {"nothing in time", "X: timeout\nE: end timed-out\n"},
  });
}

// RFC 5321 §3.1: after a refusal the server waits for QUIT.
TEST(Greeting, a_refused_client_can_still_say_quit) {
  play_all({
      {"554", "S: 554 no\nE: end greeting-refused 554\nX: quit\nC: QUIT\nS: 221 bye\nE: quitted\n"},
      {"closed instead", "S: 554 no\nE: end greeting-refused 554\nX: quit\nC: QUIT\nX: close\nE: quitted\n"},
      {"421 closes by itself", "S: 421 no\nE: end greeting-refused 421\nX: quit\nE: quitted\n"},
  });
}

// RFC 5321 §3.2, §4.1.1.1
TEST(Hello, helo_is_for_servers_that_do_not_know_ehlo) {
  auto falls_back = [](std::string code) {
    return Script{code, "S: 220 x\nC: EHLO me.test\nS: " + code + " what?\nC: HELO me.test\nS: 250 x\nE: ready helo\n"};
  };
  auto refused = [](std::string code) {
    return Script{code, "S: 220 x\nC: EHLO me.test\nS: " + code + " no\nE: end hello-refused " + code + "\n"};
  };
  play_all({falls_back("500"), falls_back("502"), falls_back("504"), falls_back("550")});
  play_all({refused("421"), refused("450"), refused("501"), refused("554")});
  play_all({
      {"HELO refused too",
       "S: 220 x\nC: EHLO me.test\nS: 502 no\nC: HELO me.test\nS: 550 no\nE: end hello-refused 550\n"},
      {"354 is no answer to EHLO", "S: 220 x\nC: EHLO me.test\nS: 354 go\nE: end hello-refused 354\n"},
  });
}

TEST(Hello, helo_offers_nothing) {
  Play play;
  play("S: 220 x\nC: EHLO me.test\nS: 500 what?\nC: HELO me.test\nS: 250-x\\r\\n250 STARTTLS\nE: ready helo\n");
  EXPECT_EQ(play.client.capabilities(), Capabilities{});
}

// RFC 2033 §4.1
TEST(Hello, lmtp_says_lhlo_and_nothing_else) {
  play_all({{"LHLO", "S: 220 x\nC: LHLO me.test\nS: 250 x\nE: ready\n"},
            {"no HELO", "S: 220 x\nC: LHLO me.test\nS: 500 x\nE: end hello-refused 500\n"}},
           {.dialect = Dialect::Lmtp, .helo_name = "me.test"});
}

TEST(Hello, a_name_that_would_break_the_command_is_never_sent) {
  for (const std::string& name : {std::string("me.test\r\nMAIL FROM:<>"), std::string(), std::string(5000, 'x')}) {
    Play({.helo_name = name})("S: 220 x\nE: end hello-refused\n");
  }
}

// RFC 3207 §4, §4.2
TEST(StartTls, ehlo_is_said_again_and_what_was_offered_before_is_forgotten) {
  Play play;
  play(R"(
S: 220 x
C: EHLO me.test
S: 250-x\r\n250-STARTTLS\r\n250-PIPELINING\r\n250-REQUIRETLS\r\n250 SIZE 10
E: ready
X: begin-tls
C: STARTTLS
T: STARTTLS
S: 220 go
E: handshake-due
T: STARTTLS
)");
  EXPECT_EQ(play.client.capabilities(), Capabilities{}) << "already before the handshake";
  play(R"(
X: tls
C: EHLO me.test
S: 250-x\r\n250 8BITMIME
E: ready
)");
  EXPECT_EQ(play.client.capabilities(), (Capabilities{.ehlo = true, .eight_bit_mime = true}));
}

constexpr std::string_view kOffered =
    "S: 220 x\nC: EHLO me.test\nS: 250-x\\r\\n250 STARTTLS\nE: ready\nX: begin-tls\nC: STARTTLS\n";

std::vector<Script> after_starttls(std::vector<Script> scripts) {
  for (Script& script : scripts) script.text = std::string(kOffered) + script.text;
  return scripts;
}

// RFC 3207 §4
TEST(StartTls, A02_anything_but_220_is_a_refusal) {
  play_all(after_starttls({
      {"454", "S: 454 TLS not available\nE: end starttls-refused 454\n"},
      {"502", "S: 502 what?\nE: end starttls-refused 502\n"},
      {"354", "S: 354 go\nE: end starttls-refused 354\n"},
      {"250", "S: 250 ok\nE: end starttls-refused 250\n"},
      {"421", "S: 421 bye\nE: end starttls-refused 421\n"},
      {"closed", "X: close\nE: end peer-closed\n"},
  }));
}

// RFC 3207 §6
TEST(StartTls, A03_plaintext_behind_the_220_is_an_attack) {
  play_all(after_starttls({
      {"whole replies in one segment", "S= 220 go\\r\\n250-x\\r\\n250 AUTH PLAIN\\r\\n\nE: end starttls-injection\n"},
      {"a part of a line", "S= 220 go\\r\\n2\nE: end starttls-injection\n"},
      {"one octet, not even a reply", "S= 220 go\\r\\n\\0\nE: end starttls-injection\n"},
      {"a later segment", "S: 220 go\nE: handshake-due\nS: 250 AUTH PLAIN\nE: end starttls-injection\n"},
      {"a later segment, before the event is taken",
       "S= 220 go\\r\\n\nE: handshake-due\nS= x\nE: end starttls-injection\n"},
  }));
}

TEST(StartTls, A03_a_reply_begun_before_the_command_is_no_answer_to_it) {
  Play()("S: 220 x\nC: EHLO me.test\nS= 250-x\\r\\n250 STARTTLS\\r\\n22\nE: ready\nX: begin-tls\nE: end out-of-step\n");
}

TEST(StartTls, what_the_session_was_used_for_before_tls_does_not_count_after_it) {  // RFC 3207 §4.2, RFC 9422 §4.1
  const std::string hello = "C: EHLO me.test\nS: 250-x\\r\\n250-STARTTLS\\r\\n250 LIMITS MAILMAX=1\nE: ready\n";
  const std::string mail = "X: begin\nC: MAIL FROM:<a@here.test>\nS: 450 no\nE: done refused(MAIL 450) not-reusable\n";
  play_all({{"one before, one after", "S: 220 x\n" + hello + mail +
                                          "X: begin-tls\nC: STARTTLS\nS: 220 go\nE: handshake-due\nX: tls\n" + hello +
                                          mail}});
}

TEST(StartTls, closing_during_the_handshake_ends_the_session) {
  play_all(after_starttls({{"closed", "S: 220 go\nE: handshake-due\nX: close\nE: end peer-closed\n"}}));
}

TEST(SessionEnds, answers_that_nothing_asked_for) {
  std::string hello(kPlainHello);
  play_all({
      {"the greeting and more", "S= 220 x\\r\\n250 x\\r\\n\nE: end out-of-step 250\n"},
      {"EHLO's reply twice, in one segment",
       "S: 220 x\nC: EHLO me.test\nS= 250 x\\r\\n250 x\\r\\n\nE: end out-of-step 250\n"},
      {"while idle", hello + "S: 250 ok\nE: end out-of-step 250\n"},
      {"421 while idle, RFC 5321 §3.8", hello + "S: 421 idle too long\nE: end service-closing 421\n"},
      {"451 while idle", hello + "S: 451 idle too long\nE: end service-closing 451\n"},
      {"closed while idle", hello + "X: close\nE: end peer-closed\n"},
      {"a reply before DATA's is taken", hello + "X: begin\nC: MAIL FROM:<a@here.test>\nS= 250 ok\\r\\n250 ok\\r\\n\n"
                                                 "E: end out-of-step 250 refused(local 451 4.4.2)\n"},
  });
}

TEST(SessionEnds, a_reply_begun_before_mail_is_no_answer_to_it) {
  play_all(
      {{"half a reply", std::string(kPlainHello) + "S= 25\nX: begin\nE: end out-of-step refused(local 451 4.4.2)\n"}});
}

TEST(SessionEnds, hostile_replies) {
  std::string hello(kPlainHello);
  play_all({
      {"a line without end", "S= " + std::string(5000, '2') + "\nE: end garbage\n"},
      {"code 199", "S: 199 x\nE: end garbage\n"},
      {"code 600", "S: 600 x\nE: end garbage\n"},
      {"mixed codes", "S= 220-x\\r\\n554 x\\r\\n\nE: end garbage\n"},
      {"in a transaction",
       hello + "X: begin\nC: MAIL FROM:<a@here.test>\nS: hello\nE: end garbage refused(local 451 4.4.2)\n"},
  });
}

TEST(SessionEnds, nothing_happens_after_the_end) {
  std::string end = "S: 421 no\nE: end greeting-refused 421\n";
  play_all({
      {"more bytes", end + "S: 220 x\nS: 250 x\n"},
      {"closed", end + "X: close\n"},
      {"timeout", end + "X: timeout\n"},
      {"STARTTLS", end + "X: begin-tls\nX: tls\n"},
      {"a body", end + "X: last x\\r\\n\nX: abort\n"},
      {"quit", end + "X: quit\nE: quitted\n"},
  });
}

TEST(SessionEnds, a_transaction_begun_too_late_gets_its_outcomes) {
  play_all({
      {"the end is known",
       "S: 421 no\nE: end greeting-refused 421\nX: begin\nE: end peer-closed refused(local 451 4.4.2)\n"},
  });
  // The end came between the driver's last look and begin().
  Client client({.helo_name = "me.test"});
  client.receive("220 x\r\n");
  client.take_output();
  client.receive("250 x\r\n");
  ASSERT_EQ(show(*client.next_event()), "ready");
  client.receive("421 idle\r\n");
  client.begin(letter({"b@there.test"}));
  EXPECT_EQ(show(*client.next_event()), "end service-closing 421 refused(local 451 4.4.2)");
  EXPECT_FALSE(client.next_event());
  EXPECT_EQ(client.take_output(), "");
}

// RFC 5321 §4.1.1.10
TEST(Quit, any_end_is_a_good_end) {
  std::string hello(kPlainHello);
  play_all({
      {"221", hello + "X: quit\nC: QUIT\nS: 221 bye\nE: quitted\n"},
      {"250", hello + "X: quit\nC: QUIT\nS: 250 bye\nE: quitted\n"},
      {"421", hello + "X: quit\nC: QUIT\nS: 421 bye\nE: quitted\n"},
      {"closed", hello + "X: quit\nC: QUIT\nX: close\nE: quitted\n"},
      {"timeout", hello + "X: quit\nC: QUIT\nX: timeout\nE: quitted\n"},
      {"garbage", hello + "X: quit\nC: QUIT\nS: bye\nE: quitted\n"},
      {"not asked of a server that speaks out of turn", hello + "S= 25\nX: quit\nE: quitted\n"},
  });
}

}  // namespace
}  // namespace postseal::smtp
