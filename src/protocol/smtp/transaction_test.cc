// SPDX-License-Identifier: Apache-2.0
// Whole transactions over DATA. RFC 5321 §3.3, §4.1.1, §4.5.3.2; RFC 2920.
#include "protocol/smtp/play_test.h"

namespace postseal::smtp {
namespace {

struct Script {
  std::string about, text;
};

constexpr std::string_view kEnvelope =
    "X: begin\nC: MAIL FROM:<a@here.test>\nC: RCPT TO:<b@there.test>\nC: RCPT TO:<c@there.test>\nC: DATA\n";

void play_pipelined(const std::vector<Script>& scripts) {
  for (const Script& script : scripts) {
    SCOPED_TRACE(script.about);
    Play({.helo_name = "me.test"},
         letter({"b@there.test", "c@there.test"}))(kPipelinedHello)(std::string(kEnvelope) + script.text);
  }
}

void play_lock_step(const std::vector<Script>& scripts) {
  for (const Script& script : scripts) {
    SCOPED_TRACE(script.about);
    Play({.helo_name = "me.test"},
         letter({"b@there.test", "c@there.test"}))(kPlainHello)("X: begin\nC: MAIL FROM:<a@here.test>\n" + script.text);
  }
}

// RFC 5321 §2.1
TEST(Transaction, without_pipelining_each_command_waits_for_its_reply) {
  play_lock_step({{"all", R"(
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
)"}});
}

// RFC 2920 §3.1
TEST(Transaction, with_pipelining_the_envelope_and_data_are_one_group) {
  play_pipelined({{"one refused", R"(
S: 250 ok\r\n250 ok\r\n550 5.1.1 nobody\r\n354 go
E: body-due
X: last x\r\n
C= x\r\n.\r\n
S: 250 ok
E: done accepted(message 250) refused(RCPT 550 5.1.1)
)"}});
}

// RFC 2920 §3.1: a client must not fill both directions at once.
TEST(Transaction, many_recipients_go_out_in_bounded_groups) {
  Transaction transaction = letter({});
  for (int i = 0; i < 200; ++i) transaction.recipients.push_back(box("r" + std::to_string(i) + "@there.test"));
  Client client({.helo_name = "me.test"});
  client.receive("220 x\r\n");
  client.take_output();
  client.receive("250-x\r\n250 PIPELINING\r\n");
  ASSERT_EQ(show(*client.next_event()), "ready");
  client.begin(std::move(transaction));
  std::size_t asked = 0, answered = 0;
  bool data = false;
  while (!data) {
    std::string sent = client.take_output();
    ASSERT_FALSE(sent.empty());
    for (std::size_t at = sent.find('\n'); at != std::string::npos; at = sent.find('\n', at + 1)) ++asked;
    EXPECT_LE(asked - answered, 64U);
    data = sent.find("DATA\r\n") != std::string::npos;
    if (data) break;
    client.receive("250 ok\r\n");
    ++answered;
  }
  while (answered + 1 < asked) {
    client.receive("250 ok\r\n");
    ++answered;
  }
  EXPECT_EQ(asked, 202U);
  client.receive("354 go\r\n");
  EXPECT_EQ(show(*client.next_event()), "body-due");
}

TEST(Transaction, a_refused_sender_refuses_all) {
  play_lock_step(
      {{"no RCPT is sent", "S: 553 5.1.8 bad sender\nE: done refused(MAIL 553 5.1.8) refused(MAIL 553 5.1.8)\n"}});
  play_pipelined({
      {"the rest of the group is answered and changes nothing",
       "S: 451 later\nS: 503 no\nS: 503 no\nS: 503 no\nE: done refused(MAIL 451) refused(MAIL 451)\n"},
      {"even if the server goes on",
       "S: 451 later\nS: 250 ok\nS: 250 ok\nS: 354 go\nC= .\\r\\n\nS: 250 ok\nE: done refused(MAIL 451) refused(MAIL "
       "451)\n"},
  });
}

// RFC 5321 §3.3; RFC 2920 §3.1
TEST(Transaction, no_message_goes_out_when_all_recipients_are_refused) {
  play_lock_step({{"no DATA, and RSET before the next", R"(
S: 250 ok
C: RCPT TO:<b@there.test>
S: 550 5.1.1 no
C: RCPT TO:<c@there.test>
S: 450 4.2.1 later
E: done refused(RCPT 550 5.1.1) refused(RCPT 450 4.2.1)
X: begin
C: RSET
S: 250 ok
C: MAIL FROM:<a@here.test>
S: 250 ok
C: RCPT TO:<b@there.test>
)"}});
  play_pipelined({
      {"DATA refused, as it should be",
       "S: 250 ok\nS: 550 no\nS: 550 no\nS: 554 no valid recipients\nE: done refused(RCPT 550) refused(RCPT 550)\nX: "
       "begin\nC: RSET\nC: MAIL FROM:<a@here.test>\nC: RCPT TO:<b@there.test>\nC: RCPT TO:<c@there.test>\nC: DATA\n"},
      {"DATA accepted: a lone dot, and its answer changes nothing",
       "S: 250 ok\nS: 550 no\nS: 550 no\nS: 354 go\nC= .\\r\\n\nT: DATA termination\nS: 250 ok\nE: done refused(RCPT "
       "550) refused(RCPT 550)\n"},
      {"the dot refused",
       "S: 250 ok\nS: 550 no\nS: 550 no\nS: 354 go\nC= .\\r\\n\nS: 554 no\nE: done refused(RCPT 550) refused(RCPT "
       "550)\nX: quit\nC: QUIT\n"},
  });
}

TEST(Transaction, a_refused_data_is_for_the_recipients_accepted) {
  play_pipelined(
      {{"one each",
        "S: 250 ok\nS: 250 ok\nS: 550 no\nS: 452 4.3.1 full\nE: done refused(DATA 452 4.3.1) refused(RCPT 550)\n"}});
}

TEST(Transaction, a_refused_message_leaves_the_session_usable_without_rset) {
  play_pipelined(
      {{"554",
        "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\nE: body-due\nX: last x\\r\\n\nC= x\\r\\n.\\r\\n\n"
        "S: 554 5.7.1 spam\nE: done refused(message 554 5.7.1) refused(message 554 5.7.1)\n"
        "X: begin\nC: MAIL FROM:<a@here.test>\nC: RCPT TO:<b@there.test>\nC: RCPT TO:<c@there.test>\nC: DATA\n"}});
}

// RFC 5321 §4.1.1.5
TEST(Transaction, a_refused_rset_ends_the_session) {
  play_pipelined(
      {{"502",
        "S: 250 ok\nS: 550 no\nS: 550 no\nS: 554 no\nE: done refused(RCPT 550) refused(RCPT 550)\n"
        "X: begin\nC: RSET\nC: MAIL FROM:<a@here.test>\nC: RCPT TO:<b@there.test>\nC: RCPT TO:<c@there.test>\nC: DATA\n"
        "S: 502 no\nE: end out-of-step 502 refused(local 451 4.4.2) refused(local 451 4.4.2)\n"}});
}

TEST(Transaction, codes_that_answer_nothing_end_the_session) {
  play_lock_step({
      {"354 to MAIL", "S: 354 go\nE: end out-of-step 354 refused(local 451 4.4.2) refused(local 451 4.4.2)\n"},
      {"354 to RCPT",
       "S: 250 ok\nC: RCPT TO:<b@there.test>\nS: 354 go\nE: end out-of-step 354 refused(local 451 4.4.2) refused(local "
       "451 4.4.2)\n"},
  });
  play_pipelined({
      {"250 to DATA",
       "S: 250 ok\nS: 250 ok\nS: 550 no\nS: 250 ok\nE: end out-of-step 250 refused(local 451 4.4.2) refused(RCPT "
       "550)\n"},
      {"354 to the end mark",
       "S: 250 ok\nS: 250 ok\nS: 550 no\nS: 354 go\nE: body-due\nX: last x\\r\\n\nC= x\\r\\n.\\r\\n\nS: 354 go\n"
       "E: end out-of-step 354 refused(local 451 4.4.2) refused(RCPT 550) in-doubt\n"},
  });
}

// RFC 5321 §3.8
TEST(Transaction, a_421_ends_the_session_wherever_it_comes) {
  play_lock_step({{"to MAIL", "S: 421 bye\nE: end service-closing 421 refused(MAIL 421) refused(MAIL 421)\n"}});
  play_pipelined({
      {"to RCPT", "S: 250 ok\nS: 550 no\nS: 421 bye\nE: end service-closing 421 refused(RCPT 550) refused(RCPT 421)\n"},
      {"to DATA",
       "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 421 bye\nE: end service-closing 421 refused(DATA 421) refused(DATA 421)\n"},
      {"to the end mark: an answer, so that nothing is in doubt",
       "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\nE: body-due\nX: last x\\r\\n\nC= x\\r\\n.\\r\\n\nS: 421 4.3.2 bye\n"
       "E: end service-closing 421 refused(message 421 4.3.2) refused(message 421 4.3.2)\n"},
  });
}

TEST(Transaction, a_refusal_in_the_middle_of_the_message_is_about_the_message) {
  std::string body =
      "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\nE: body-due\nX: body x\\r\\n\nC= x\\r\\n\nE: body-due\n";
  play_pipelined({
      {"552",
       body +
           "S: 552 5.3.4 too big\nE: end service-closing 552 refused(message 552 5.3.4) refused(message 552 5.3.4)\n"},
      {"421", body + "S: 421 bye\nE: end service-closing 421 refused(message 421) refused(message 421)\n"},
      {"an acceptance of half a letter is none",
       body + "S: 250 ok\nE: end out-of-step 250 refused(local 451 4.4.2) refused(local 451 4.4.2)\n"},
  });
}

TEST(Transaction, one_whose_session_ends_behind_the_answer_keeps_it_and_is_the_last) {
  play_pipelined({{"421 in the same segment",
                   "S: 250 ok\nS: 250 ok\nS: 550 no\nS: 354 go\nE: body-due\nX: last x\\r\\n\nC= x\\r\\n.\\r\\n\n"
                   "S= 250 ok\\r\\n421 bye\\r\\n\nE: done accepted(message 250) refused(RCPT 550) not-reusable\n"
                   "E: end service-closing 421\n"}});
}

TEST(Transaction, a_5xx_that_nothing_asked_for_bounces_nobody) {
  play_lock_step({{"two answers to MAIL",
                   "S= 250 ok\\r\\n550 no\\r\\n\nE: end service-closing 550 refused(local 451 4.4.2) refused(local 451 "
                   "4.4.2)\n"}});
}

// RFC 5321 §4.5.3.2.6
TEST(Transaction, after_the_end_mark_silence_means_doubt) {
  std::string mark = "S: 250 ok\nS: 250 ok\nS: 550 no\nS: 354 go\nE: body-due\nX: last x\\r\\n\nC= x\\r\\n.\\r\\n\n";
  std::string rest = " refused(local 451 4.4.2) refused(RCPT 550)";
  play_pipelined({
      {"closed", mark + "X: close\nE: end peer-closed" + rest + " in-doubt\n"},
      {"no answer", mark + "X: timeout\nE: end timed-out" + rest + " in-doubt\n"},
      {"garbage", mark + "S: ok\nE: end garbage" + rest + " in-doubt\n"},
      {"half an answer", mark + "S= 250 o\nX: close\nE: end peer-closed" + rest + " in-doubt\n"},
  });
  std::string before =
      "S: 250 ok\nS: 250 ok\nS: 550 no\nS: 354 go\nE: body-due\nX: body x\\r\\n\nC= x\\r\\n\nE: body-due\n";
  play_pipelined({
      {"closed before it", before + "X: close\nE: end peer-closed" + rest + "\n"},
      {"no room to send", before + "X: timeout\nE: end timed-out" + rest + "\n"},
  });
}

TEST(Transaction, an_end_mark_that_was_not_taken_leaves_no_doubt) {
  Client client({.helo_name = "me.test"});
  for (std::string_view reply : {"220 x\r\n", "250 x\r\n"}) {
    client.receive(reply);
    client.take_output();
  }
  client.next_event();
  client.begin(letter({"b@there.test"}));
  for (std::string_view reply : {"250 x\r\n", "250 x\r\n", "354 x\r\n"}) {
    client.take_output();
    client.receive(reply);
  }
  ASSERT_EQ(show(*client.next_event()), "body-due");
  client.body("x\r\n", true);
  client.peer_closed();
  EXPECT_EQ(show(*client.next_event()), "end peer-closed refused(local 451 4.4.2)");
  EXPECT_EQ(client.take_output(), "") << "nothing goes out after the end";
}

// RFC 5321 §4.1.1.4
TEST(Transaction, half_a_letter_is_never_ended) {
  std::string body =
      "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\nE: body-due\nX: body x\\r\\n\nC= x\\r\\n\nE: body-due\n";
  std::string broken = "E: end message-broken refused(local 451 4.3.0) refused(local 451 4.3.0)\nX: quit\nE: quitted\n";
  play_pipelined({
      {"the source broke", body + "X: abort\n" + broken},
      {"a bare LF", body + "X: body a\\nb\\r\\n\n" + broken},
      {"a bare CR", body + "X: last a\\rb\\r\\n\n" + broken},
      {"a CR at the end", body + "X: last a\\r\n" + broken},
      {"a NUL", body + "X: body \\0\n" + broken},
  });
}

TEST(Transaction, a_body_of_another_size_than_was_checked_is_never_ended) {
  for (std::string_view text : {"X: last xx\\r\\n\n", "X: last xxxx\\r\\n\n", "X: last xxxx\n", "X: body xxxxxx\n"}) {
    SCOPED_TRACE(text);
    Transaction transaction = letter({"b@there.test"});
    transaction.size = 5;
    Play play({.helo_name = "me.test"}, transaction);
    play(kPlainHello)(
        "X: begin\nC: MAIL FROM:<a@here.test>\nS: 250 x\nC: RCPT TO:<b@there.test>\nS: 250 x\nC: DATA\nS: 354 x\nE: "
        "body-due\n");
    play(std::string(text) + "E: end message-broken refused(local 451 4.3.0)\n");
  }
}

TEST(Transaction, the_next_piece_is_asked_for_when_the_last_has_left) {
  Client client({.helo_name = "me.test"});
  for (std::string_view reply : {"220 x\r\n", "250 x\r\n"}) {
    client.receive(reply);
    client.take_output();
  }
  client.next_event();
  client.begin(letter({"b@there.test"}));
  for (std::string_view reply : {"250 x\r\n", "250 x\r\n", "354 x\r\n"}) {
    client.take_output();
    client.receive(reply);
  }
  ASSERT_EQ(show(*client.next_event()), "body-due");
  EXPECT_FALSE(client.next_event()) << "asked for once";
  client.body("x\r\n", false);
  EXPECT_FALSE(client.next_event());
  client.take_output();
  EXPECT_EQ(show(*client.next_event()), "body-due");
}

TEST(Transaction, nobody_to_send_to_is_no_transaction) {
  Play({.helo_name = "me.test"}, letter({}))(kPlainHello)("X: begin\nE: done\n");
}

TEST(Transaction, dots_are_stuffed_and_the_last_line_end_supplied) {
  play_pipelined({{"across pieces", R"(
S: 250 ok\r\n250 ok\r\n250 ok\r\n354 go
E: body-due
X: body .a\r
C= ..a
E: body-due
X: body \n
C= \r\n
E: body-due
X: body .
C= ..
E: body-due
X: body \r\n.b
C= \r\n..b
E: body-due
X: last
C= \r\n.\r\n
)"}});
}

}  // namespace
}  // namespace postseal::smtp
