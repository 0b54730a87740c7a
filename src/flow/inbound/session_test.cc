// SPDX-License-Identifier: Apache-2.0
// Whole sessions: what a client says, what it hears, and what is in the store afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "flow/inbound/play_test.h"

namespace postseal::inbound {
namespace {

using settings::ListenerRole;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kLetter =
    "From: <x@elsewhere.test>\r\nSubject: hello\r\nMessage-ID: <1@elsewhere.test>\r\n\r\nhello\r\n.\r\n";

std::vector<Turn> join(std::vector<Turn> first, std::vector<Turn> second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

struct SessionTest : ::testing::Test {
  World world;
  /// After a greeting and EHLO.
  Heard relay(std::vector<Turn> turns, Play how = {}) {
    return play(world, join({{"", "220"}, {"EHLO client.test\r\n", "250"}}, std::move(turns)), how);
  }
  /// A submission session, logged in as alice.
  Heard submit(std::vector<Turn> turns, IpAddress peer = address("198.51.100.9")) {
    (void)world.accounts->create(mailbox("alice@example.org"), "secret");
    return play(world,
                join({{"", "220"},
                      {"EHLO client.test\r\n", "250"},
                      {"STARTTLS\r\n", "220"},
                      {"EHLO client.test\r\n", "250"},
                      {"AUTH PLAIN " + plain_login("alice@example.org", "secret") + "\r\n", "235"}},
                     std::move(turns)),
                {.role = ListenerRole::Submission, .peer = peer});
  }
};

TEST_F(SessionTest, a_letter_is_in_the_store_when_250_is_said) {
  const auto heard = relay({{"MAIL FROM:<x@elsewhere.test> BODY=8BITMIME RET=HDRS ENVID=E1\r\n", "250"},
                            {"RCPT TO:<alice@example.org> NOTIFY=SUCCESS\r\n", "250"},
                            {"DATA\r\n", "354"},
                            {kLetter, "250"},
                            {"QUIT\r\n", "221 end"}});
  EXPECT_EQ(heard.wrong, "");
  const auto letters = world.store.all();
  ASSERT_EQ(letters.size(), 1u);
  const auto& envelope = letters[0].envelope;
  EXPECT_EQ(envelope.from->to_string(), "x@elsewhere.test");
  ASSERT_EQ(envelope.recipients.size(), 1u);
  EXPECT_EQ(envelope.recipients[0].mailbox.to_string(), "alice@example.org");
  EXPECT_EQ(envelope.recipients[0].notify, "SUCCESS");
  EXPECT_EQ(envelope.recipients[0].original, "");
  EXPECT_EQ(envelope.ret, "HDRS");
  EXPECT_EQ(envelope.envelope_id, "E1");
  EXPECT_EQ(envelope.message_id, "<1@elsewhere.test>");
  EXPECT_EQ(envelope.peer, "192.0.2.1");
  EXPECT_EQ(envelope.user, "");
  EXPECT_EQ(envelope.received, tests::kNoon);
  EXPECT_EQ(world.told, std::vector{letters[0].id});
  EXPECT_THAT(heard.text, HasSubstr(letters[0].id.to_string()));
  EXPECT_EQ(world.store.bytes(letters[0].id),
            "Received: from client.test ([192.0.2.1])\r\n\tby mx.example.org with ESMTP id " +
                letters[0].id.to_string() + "\r\n\tfor <alice@example.org>;\r\n\tSun, 15 Jun 2025 15:06:40 +0000\r\n" +
                kLetter.substr(0, kLetter.size() - 3));
}

TEST_F(SessionTest, needs_no_packet_boundaries) {
  const auto heard =
      play(world,
           {{"", "220"},
            {"EHLO client.test\r\nMAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n",
             "250 250 250 354"},
            {kLetter + "QUIT\r\n", "250 221 end"}},
           {.pipe = {.capacity = 100000, .largest_read = 1, .wiretap = {}}});
  EXPECT_EQ(heard.wrong, "");
  EXPECT_EQ(world.store.all().size(), 1u);
}

TEST_F(SessionTest, inside_tls_the_header_says_how) {
  const auto heard = relay({{"STARTTLS\r\n", "220"},
                            {"EHLO client.test\r\n", "250"},
                            {"MAIL FROM:<x@elsewhere.test> REQUIRETLS\r\n", "250"},
                            {"RCPT TO:<alice@example.org>\r\n", "250"},
                            {"DATA\r\n", "354"},
                            {"TLS-Required: No\r\n" + kLetter, "250"}});
  EXPECT_EQ(heard.wrong, "");
  ASSERT_EQ(world.store.all().size(), 1u);
  const auto letter = world.store.all()[0];
  const auto bytes = world.store.bytes(letter.id);
  EXPECT_THAT(bytes, HasSubstr("(using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 (128/128 bits) key-exchange X25519"));
  EXPECT_THAT(bytes, HasSubstr("with ESMTPS id"));
  EXPECT_TRUE(letter.envelope.requiretls);
  EXPECT_FALSE(letter.envelope.tls_required_no) << "X07: REQUIRETLS outweighs it";
}

TEST_F(SessionTest, A04_commands_behind_starttls_in_one_segment_end_the_session) {
  const auto heard = relay({{"STARTTLS\r\nMAIL FROM:<x@elsewhere.test>\r\n", "5"}});
  EXPECT_THAT(heard.text, Not(HasSubstr("250 2.1.0")));
  EXPECT_TRUE(world.store.all().empty());
}

TEST_F(SessionTest, a_handshake_that_fails_ends_the_session) {
  EXPECT_EQ(play(world, {{"", "220"},
                         {"EHLO client.test\r\n", "250"},
                         {"STARTTLS", ""},
                         {"\r\n", "220"},
                         {"EHLO again.test\r\n", "end"}})
                .wrong,
            "");
  EXPECT_TRUE(world.store.all().empty());
  EXPECT_EQ(play(world, {{"EHLO client.test\r\n", "end"}}, {.role = ListenerRole::Submissions}).text, "");
  EXPECT_EQ(world.gate.inside(), 0u);
}

TEST_F(SessionTest, A05_what_was_said_before_tls_is_forgotten) {
  const auto heard = relay({{"MAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<alice@example.org>\r\n", "250 250"},
                            {"STARTTLS\r\n", "220"},
                            {"DATA\r\n", "503"},
                            {"RCPT TO:<alice@example.org>\r\n", "503"},
                            {"MAIL FROM:<x@elsewhere.test>\r\n", "503"}});
  EXPECT_EQ(heard.wrong, "");
}

TEST_F(SessionTest, A18_other_protocols_are_closed_at_their_first_line) {
  EXPECT_EQ(
      play(world, {{"", "220"}, {"POST / HTTP/1.1\r\nHost: mx\r\n\r\nMAIL FROM:<a@b.test>\r\n", "500 421 end"}}).wrong,
      "");
  EXPECT_EQ(
      play(world, {{"", "220"}, {std::string("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n", 13), "5 421 end"}}).wrong,
      "");
}

// A19: every other end of a message than CRLF.CRLF, as it was used to smuggle.
TEST_F(SessionTest, A19_nothing_is_smuggled) {
  const std::string inner =
      "MAIL FROM:<evil@elsewhere.test>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\n.\r\n";
  for (const std::string end : {"\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\r.\r\n", "\n.\r"}) {
    World fresh;
    const auto heard = play(fresh, {{"", "220"},
                                    {"EHLO client.test\r\n", "250"},
                                    {"MAIL FROM:<x@elsewhere.test>\r\n", "250"},
                                    {"RCPT TO:<alice@example.org>\r\n", "250"},
                                    {"DATA\r\n", "354"},
                                    {"Subject: outer\r\n\r\nbody" + end + inner + "\r\n.\r\n", "554"}});
    EXPECT_EQ(heard.wrong, "");
    EXPECT_TRUE(fresh.store.all().empty());
  }
}

TEST_F(SessionTest, A22_chunks_are_kept_only_with_last) {
  const auto begin = std::vector<Turn>{{"MAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<alice@example.org>\r\n", "250 250"}};
  EXPECT_EQ(
      relay(join(begin, {{"BDAT 19\r\nSubject: a\r\n\r\n\r\n.\r\n", "250"}, {"BDAT 4 LAST\r\nend\n", "5"}})).wrong, "")
      << "an LF without its CR";
  EXPECT_TRUE(world.store.all().empty());
  EXPECT_EQ(relay(join(begin, {{"BDAT 19\r\nSubject: a\r\n\r\n\r\n.\r\n", "250"}})).wrong, "");
  EXPECT_TRUE(world.store.all().empty()) << "closed without LAST";
  EXPECT_EQ(relay(join(begin, {{"BDAT 19\r\nSubject: a", ""}})).wrong, "");
  EXPECT_TRUE(world.store.all().empty()) << "closed in a chunk";
  EXPECT_EQ(relay(join(begin, {{"BDAT 18446744073709551616\r\n", "501"}})).wrong, "");
  EXPECT_EQ(relay(join(begin, {{"BDAT -1\r\n", "501"}})).wrong, "");
  EXPECT_EQ(
      relay(join(begin, {{"BDAT 19\r\nSubject: a\r\n\r\n\r\n.\r\n", "250"}, {"BDAT 5 LAST\r\nend\r\n", "250"}})).wrong,
      "");
  ASSERT_EQ(world.store.all().size(), 1u);
  EXPECT_THAT(world.store.bytes(world.store.all()[0].id), EndsWith("Subject: a\r\n\r\n\r\n.\r\nend\r\n"));
}

// A36: whatever form the address has.
TEST_F(SessionTest, A36_nobody_relays_through_us) {
  std::vector<Turn> turns{{"MAIL FROM:<alice@example.org>\r\n", "250"}};
  for (const char* recipient : {"x@elsewhere.test", "x%elsewhere.test@example.org", "elsewhere.test!x@example.org",
                                "\"x@elsewhere.test\"@example.org", "@example.org:x@elsewhere.test",
                                "\"x%elsewhere.test\"@example.org", "x@[203.0.113.5]", "x@sub.example.org"})
    turns.push_back({"RCPT TO:<" + std::string(recipient) + ">\r\n", "55"});
  turns.push_back({"DATA\r\n", "5"});
  EXPECT_EQ(relay(turns).wrong, "");
  EXPECT_TRUE(world.store.all().empty());
}

TEST_F(SessionTest, A36_refusals_say_what_they_are) {
  const auto heard = relay({{"MAIL FROM:<>\r\n", "250"},
                            {"RCPT TO:<x@elsewhere.test>\r\n", "550"},
                            {"RCPT TO:<nobody@example.org>\r\n", "550"},
                            {"RCPT TO:<ring@example.org>\r\n", "451"},
                            {"RCPT TO:<postmaster>\r\n", "250"},
                            {"RCPT TO:<away@example.org>\r\n", "250"}});
  EXPECT_EQ(heard.wrong, "");
  EXPECT_THAT(heard.text, HasSubstr("550 5.7.1 Relaying denied"));
  EXPECT_THAT(heard.text, HasSubstr("550 5.1.1 "));
}

TEST_F(SessionTest, networks_of_ours_relay_and_others_do_not) {
  world.rules.server.relay_networks = {{address("192.0.2.0"), 24}};
  const std::vector<Turn> turns{{"MAIL FROM:<x@anywhere.test>\r\n", "250"}, {"RCPT TO:<y@elsewhere.test>\r\n", "250"}};
  EXPECT_EQ(relay(turns).wrong, "");
  EXPECT_NE(relay(turns, {.peer = address("198.51.100.1")}).wrong, "");
}

TEST_F(SessionTest, aliases_keep_what_the_sender_knows_and_nobody_gets_a_letter_twice) {
  const auto heard = relay({{"MAIL FROM:<x@elsewhere.test>\r\n", "250"},
                            {"RCPT TO:<alice@example.org>\r\n", "250"},
                            {"RCPT TO:<info@example.org>\r\n", "250"},
                            {"RCPT TO:<alice@example.org>\r\n", "250"},
                            {"RCPT TO:<away@example.org> ORCPT=rfc822;first@other.test\r\n", "250"},
                            {"DATA\r\n", "354"},
                            {kLetter, "250"}});
  EXPECT_EQ(heard.wrong, "");
  const auto letter = world.store.all().at(0);
  std::vector<std::string> got;
  for (const auto& recipient : letter.envelope.recipients)
    got.push_back(recipient.mailbox.to_string() + " " + recipient.original);
  EXPECT_THAT(got, ::testing::ElementsAre("alice@example.org ", "bob@example.org rfc822;info@example.org",
                                          "alice@elsewhere.test rfc822;first@other.test"));
  EXPECT_THAT(world.store.bytes(letter.id), Not(HasSubstr("for <"))) << "hidden recipients stay hidden";
}

// ---- logged in ----

TEST_F(SessionTest, a_user_sends_anywhere_and_his_letter_is_completed) {
  const auto heard =
      submit({{"MAIL FROM:<alice@example.org>\r\n", "250"},
              {"RCPT TO:<y@elsewhere.test>\r\n", "250"},
              {"DATA\r\n", "354"},
              {"From: <alice@example.org>\r\nBcc: <hidden@elsewhere.test>,\r\n <more@elsewhere.test>\r\n"
               "Postseal-Only-If-Verified: yes\r\nTLS-Required: no\r\nSubject: s\r\n\r\nbcc: stays here\r\n.\r\n",
               "250"}});
  EXPECT_EQ(heard.wrong, "");
  const auto letter = world.store.all().at(0);
  EXPECT_EQ(letter.envelope.user, "alice@example.org");
  EXPECT_TRUE(letter.envelope.only_if_verified);
  EXPECT_TRUE(letter.envelope.tls_required_no);
  const auto bytes = world.store.bytes(letter.id);
  EXPECT_THAT(bytes, Not(HasSubstr("hidden@")));
  EXPECT_THAT(bytes, Not(HasSubstr("more@")));
  EXPECT_THAT(bytes, HasSubstr("bcc: stays here"));
  EXPECT_THAT(bytes, HasSubstr("\r\nDate: Sun, 15 Jun 2025 15:06:40 +0000\r\nMessage-ID: <" + letter.id.to_string() +
                               "@mx.example.org>\r\n\r\nbcc"));
  EXPECT_THAT(bytes, HasSubstr("with ESMTPSA id"));
  EXPECT_EQ(letter.envelope.message_id, "<" + letter.id.to_string() + "@mx.example.org>");
}

TEST_F(SessionTest, strangers_cannot_ask_for_verified_servers_only_and_their_letters_are_not_touched) {
  const std::string text = "Bcc: <hidden@elsewhere.test>\r\nPostseal-Only-If-Verified: yes\r\n\r\nx\r\n";
  EXPECT_EQ(relay({{"MAIL FROM:<x@elsewhere.test>\r\n", "250"},
                   {"RCPT TO:<alice@example.org>\r\n", "250"},
                   {"DATA\r\n", "354"},
                   {text + ".\r\n", "250"}})
                .wrong,
            "");
  const auto letter = world.store.all().at(0);
  EXPECT_FALSE(letter.envelope.only_if_verified);
  EXPECT_THAT(world.store.bytes(letter.id), EndsWith("\r\n" + text));
}

TEST_F(SessionTest, a_user_sends_as_himself_and_as_what_is_his) {
  (void)world.accounts->create(mailbox("alice@example.org"), "secret");
  (void)world.accounts->create(mailbox("bob@example.org"), "secret");
  auto info = *world.accounts->load(mailbox("alice@example.org"));
  info.may_send_as = {mailbox("list@lists.test")};
  (void)world.accounts->save(info);
  struct Row {
    const char* from;
    const char* code;
  };
  std::vector<Turn> turns;
  for (const Row row :
       {Row{"alice@example.org", "250"}, Row{"ALICE@Example.org", "250"}, Row{"alice+tag@example.org", "250"},
        Row{"info@example.org", "250"}, Row{"old@example.org", "250"}, Row{"list@lists.test", "250"}, Row{"", "250"},
        Row{"bob@example.org", "553"}, Row{"carol@example.org", "553"}, Row{"alice@elsewhere.test", "553"},
        Row{"away@example.org", "553"}})
    turns.insert(turns.end(), {{"MAIL FROM:<" + std::string(row.from) + ">\r\n", row.code}, {"RSET\r\n", "250"}});
  const auto heard = submit(turns);
  EXPECT_EQ(heard.wrong, "");
  EXPECT_THAT(heard.text, HasSubstr("553 5.7.1 alice@example.org may not send as bob@example.org"));
}

// What cannot be read is not taken for "nobody's": the address of the alias might be a colleague's.
TEST_F(SessionTest, nobody_sends_as_an_account_that_cannot_be_read) {
  (void)world.accounts->create(mailbox("old@example.org"), "secret");
  for (const auto& entry : std::filesystem::directory_iterator(world.home / "accounts"))
    if (entry.path().filename().string().starts_with("old@")) std::ofstream(entry.path()) << "broken";
  EXPECT_EQ(submit({{"MAIL FROM:<old@example.org>\r\n", "451"}, {"MAIL FROM:<info@example.org>\r\n", "250"}}).wrong,
            "");
}

TEST_F(SessionTest, without_a_login_nothing_is_submitted) {
  EXPECT_EQ(play(world,
                 {{"", "220"},
                  {"EHLO client.test\r\n", "250"},
                  {"MAIL FROM:<alice@example.org>\r\n", "530"},
                  {"AUTH PLAIN " + plain_login("alice@example.org", "secret") + "\r\n", "5"},
                  {"STARTTLS\r\n", "220"},
                  {"EHLO client.test\r\n", "250"},
                  {"MAIL FROM:<alice@example.org>\r\n", "530"}},
                 {.role = ListenerRole::Submission})
                .wrong,
            "");
}

TEST_F(SessionTest, logins_are_refused_in_the_same_words_whoever_exists) {
  (void)world.accounts->create(mailbox("alice@example.org"), "secret");
  const auto attempt = [&](std::string user) {
    return play(world,
                {{"TLS", "220"},
                 {"EHLO client.test\r\n", "250"},
                 {"AUTH PLAIN " + plain_login(user, "wrong") + "\r\n", "535"},
                 {"AUTH NONSENSE\r\n", "504"},
                 {"AUTH PLAIN\r\n", "334"},
                 {"*\r\n", "501"},
                 {"QUIT\r\n", "221 end"}},
                {.role = ListenerRole::Submissions});
  };
  const auto known = attempt("alice@example.org"), unknown = attempt("nobody@example.org");
  EXPECT_EQ(known.wrong, "");
  EXPECT_EQ(unknown.wrong, "");
  EXPECT_EQ(known.text, unknown.text);
}

TEST_F(SessionTest, a_throttled_login_is_temporary) {
  (void)world.accounts->create(mailbox("alice@example.org"), "secret");
  for (int i = 0; i < 5; ++i) (void)world.accounts->settle_login("alice@example.org", address("192.0.2.1"), false);
  const auto heard = play(world,
                          {{"TLS", "220"},
                           {"EHLO client.test\r\n", "250"},
                           {"AUTH PLAIN " + plain_login("alice@example.org", "secret") + "\r\n", "454"}},
                          {.role = ListenerRole::Submissions});
  EXPECT_EQ(heard.wrong, "");
}

// ---- limits ----

TEST_F(SessionTest, A23_connections_beyond_the_limits_hear_why) {
  world.rules.limits.connection_rate = 2;
  EXPECT_EQ(relay({}).wrong, "");
  EXPECT_EQ(relay({}).wrong, "");
  EXPECT_EQ(play(world, {{"", "421 end"}}).wrong, "");
  world.clock.advance(Seconds{60});
  EXPECT_EQ(play(world, {{"", "220"}}, {.peer = address("192.0.2.2")}).wrong, "");
}

TEST_F(SessionTest, A23_recipients_without_a_login_have_a_rate) {
  world.rules.limits.recipient_rate = 3;
  EXPECT_EQ(relay({{"MAIL FROM:<x@elsewhere.test>\r\n", "250"},
                   {"RCPT TO:<alice@example.org>\r\n", "250"},
                   {"RCPT TO:<guess@example.org>\r\n", "550"},
                   {"RCPT TO:<bob@example.org>\r\n", "250"},
                   {"RCPT TO:<carol@example.org>\r\n", "451"}})
                .wrong,
            "");
  EXPECT_EQ(submit({{"MAIL FROM:<alice@example.org>\r\n", "250"},
                    {"RCPT TO:<a@elsewhere.test>\r\nRCPT TO:<b@elsewhere.test>\r\nRCPT TO:<c@elsewhere.test>\r\n"
                     "RCPT TO:<d@elsewhere.test>\r\n",
                     "250 250 250 250"}})
                .wrong,
            "");
}

TEST_F(SessionTest, A23_a_letter_that_drips_in_is_cut_off) {
  world.rules.slow_window = std::chrono::milliseconds(50);
  const auto heard = relay({{"MAIL FROM:<x@elsewhere.test>\r\n", "250"},
                            {"RCPT TO:<alice@example.org>\r\n", "250"},
                            {"DATA\r\n", "354"},
                            {"S", "421 end"}});
  EXPECT_EQ(heard.wrong, "");
  EXPECT_TRUE(world.store.all().empty());
}

// What is refused already is still received to its end, and may not hold the place for longer than a letter may.
TEST_F(SessionTest, A23_the_rest_of_a_refused_letter_that_drips_in_is_cut_off) {
  world.rules.slow_window = std::chrono::milliseconds(50);
  EXPECT_EQ(relay({{"MAIL FROM:<x@elsewhere.test>\r\n", "250"},
                   {"RCPT TO:<alice@example.org>\r\n", "250"},
                   {"DATA\r\n", "354"},
                   {"a\nb\r\n", "421 end"}})
                .wrong,
            "");
  EXPECT_EQ(relay({{"BDAT 1000\r\na", "421 end"}}).wrong, "") << "a chunk without an envelope";
  EXPECT_TRUE(world.store.all().empty());
}

/// Says its text, then one octet of a command at each read, never a whole line; notes how long the server would wait.
class Dripping final : public net::Stream {
 public:
  Dripping(std::string first, std::vector<SteadyTime>* waits) : first_(std::move(first)), waits_(waits) {}
  Awaitable<std::expected<std::size_t, net::IoError>> read_some(std::span<char> buffer, Deadline deadline) override {
    waits_->push_back(deadline.at);
    if (waits_->size() > 5) co_return std::unexpected(net::IoError{net::IoErrorCode::Closed, "closed"});
    if (waits_->size() > 1) first_ = "N";
    std::ranges::copy(first_, buffer.begin());
    co_return first_.size();
  }
  Awaitable<std::expected<void, net::IoError>> write_all(std::string_view, Deadline) override {
    co_return std::expected<void, net::IoError>{};
  }
  void close() noexcept override {}

 private:
  std::string first_;
  std::vector<SteadyTime>* waits_;
};

Awaitable<bool> run_with(const Surroundings* around, std::unique_ptr<net::Stream> stream) {
  const auto session = std::make_shared<Session>(
      *around, ListenerRole::Relay,
      net::Accepted{.stream = std::move(stream), .peer = address("192.0.2.1"), .peer_port = 0});
  co_await session->run();
  co_return true;
}

TEST_F(SessionTest, A23_a_command_that_drips_in_gains_no_time) {
  std::vector<SteadyTime> waits;
  const auto around = world.around();
  (void)tests::run_coroutine(run_with(&around, std::make_unique<Dripping>("EHLO client.test\r\n", &waits)));
  ASSERT_EQ(waits.size(), 6u);
  for (std::size_t i = 2; i < waits.size(); ++i) EXPECT_EQ(waits[i], waits[1]) << i;
}

// RFC 6531 §3.7.3 has UTF-8 in the trace of an SMTPUTF8 letter; an alias may take it where SMTPUTF8 is not spoken.
TEST_F(SessionTest, the_trace_stays_in_ascii) {
  world.directory = std::make_shared<addressing::Directory>(
      std::vector<addressing::LocalDomain>{{.name = domain("example.org"), .users = {"alice"}}},
      std::vector<addressing::Alias>{{.match = "\xc3\xa4@example.org", .to = {mailbox("x@elsewhere.test")}}});
  EXPECT_EQ(relay({{"MAIL FROM:<x@elsewhere.test> SMTPUTF8\r\n", "250"},
                   {"RCPT TO:<\xc3\xa4@example.org>\r\n", "250"},
                   {"DATA\r\n", "354"},
                   {kLetter, "250"}})
                .wrong,
            "");
  ASSERT_EQ(world.store.all().size(), 1u);
  EXPECT_FALSE(world.store.all()[0].envelope.utf8_headers);
  EXPECT_THAT(world.store.bytes(world.store.all()[0].id), Not(HasSubstr("\xc3")));
}

TEST_F(SessionTest, A23_a_session_without_a_login_ends) {
  world.rules.limits.before_auth = std::chrono::seconds(0);
  EXPECT_EQ(play(world, {{"", "220"}, {"", "421 end"}}, {.role = ListenerRole::Submission}).wrong, "");
  world.rules.limits.command_timeout = std::chrono::seconds(0);
  EXPECT_EQ(relay({{"", "421 end"}}).wrong, "");
}

TEST_F(SessionTest, size_is_refused_before_and_after_the_fact) {
  world.rules.limits.message_size = 1000;
  EXPECT_EQ(relay({{"MAIL FROM:<x@elsewhere.test> SIZE=1001\r\n", "552"},
                   {"MAIL FROM:<x@elsewhere.test> SIZE=10\r\n", "250"},
                   {"RCPT TO:<alice@example.org>\r\n", "250"},
                   {"DATA\r\n", "354"},
                   {"S: x\r\n\r\n" + std::string(900, 'x') + "\r\n" + std::string(900, 'x') + "\r\n.\r\n", "552"},
                   {"NOOP\r\n", "250"}})
                .wrong,
            "");
  EXPECT_TRUE(world.store.all().empty());
}

// ---- what the operator demands ----

TEST_F(SessionTest, tls_can_be_demanded_of_everybody_or_of_some_domains) {
  const std::vector<Turn> plain{{"MAIL FROM:<x@bank.test>\r\n", "250"}};
  EXPECT_EQ(relay(plain).wrong, "");
  world.rules.server.require_tls_from = {domain("bank.test")};
  EXPECT_EQ(relay({{"MAIL FROM:<x@bank.test>\r\n", "530"}, {"MAIL FROM:<x@other.test>\r\n", "250"}}).wrong, "");
  EXPECT_EQ(relay(join({{"STARTTLS\r\n", "220"}, {"EHLO client.test\r\n", "250"}}, plain)).wrong, "");
  world.rules.server.require_tls_from = {Domain()};
  EXPECT_EQ(relay({{"MAIL FROM:<x@other.test>\r\n", "530"}}).wrong, "");
  world.rules.server.require_tls_from = {};
  world.rules.server.require_tls = true;
  EXPECT_EQ(relay({{"MAIL FROM:<x@other.test>\r\n", "530"}}).wrong, "");
}

TEST_F(SessionTest, without_a_certificate_there_is_no_starttls_and_no_implicit_tls) {
  world.tls = nullptr;
  const auto heard = relay({{"STARTTLS\r\n", "5"}});
  EXPECT_THAT(heard.text, Not(HasSubstr("STARTTLS")));
  EXPECT_EQ(play(world, {{"", "end"}}, {.role = ListenerRole::Submissions}).wrong, "");
}

// ---- A38 ----

std::string proxy_header(std::string_view source) {
  std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16);
  for (const auto octet : address(source).bytes()) header += static_cast<char>(octet);
  return header + std::string("\xcb\0\x71\5\x9c\x40\0\x19", 8);
}

TEST_F(SessionTest, A38_a_proxy_header_counts_from_configured_networks_only) {
  const std::string hello = "EHLO client.test\r\n";
  EXPECT_EQ(play(world, {{proxy_header("203.0.113.9"), "220 5"}}).wrong, "") << "a stranger's is no SMTP";

  world.rules.server.proxy_networks = {{address("10.0.0.1"), 32}};
  world.rules.server.relay_networks = {{address("10.0.0.0"), 8}};
  const Play proxy{.peer = address("10.0.0.1")};
  const std::vector<Turn> letter{{"MAIL FROM:<x@elsewhere.test>\r\n", "250"},
                                 {"RCPT TO:<y@elsewhere.test>\r\n", "550"},
                                 {"RCPT TO:<alice@example.org>\r\n", "250"},
                                 {"DATA\r\n", "354"},
                                 {kLetter, "250"}};
  EXPECT_EQ(play(world, join({{proxy_header("203.0.113.9"), "220"}, {hello, "250"}}, letter), proxy).wrong, "");
  EXPECT_EQ(world.store.all().at(0).envelope.peer, "203.0.113.9");
  EXPECT_EQ(play(world, {{"PROXY TCP4 203.0.113.9 203.0.113.5 1 25\r\n", "end"}}, proxy).wrong, "");
  EXPECT_EQ(play(world, {{hello, "end"}}, proxy).wrong, "");
}

TEST_F(SessionTest, A38_xclient_counts_from_configured_networks_only) {
  const std::vector<Turn> asking{{"XCLIENT ADDR=10.0.0.7\r\n", "5"}};
  world.rules.server.relay_networks = {{address("10.0.0.0"), 8}};
  EXPECT_EQ(relay(asking).wrong, "");
  world.rules.server.xclient_networks = {{address("192.0.2.1"), 32}};
  EXPECT_EQ(relay({{"XCLIENT ADDR=10.0.0.7\r\n", "220"},
                   {"EHLO client.test\r\n", "250"},
                   {"MAIL FROM:<x@elsewhere.test>\r\n", "250"},
                   {"RCPT TO:<y@elsewhere.test>\r\n", "250"}})
                .wrong,
            "");
}

// ---- the store ----

TEST_F(SessionTest, a_store_that_fails_is_temporary_and_forgotten_when_it_works_again) {
  struct Row {
    spool::StoreErrorCode code;
    const char* reply;
  };
  const std::vector<Turn> letter{
      {"MAIL FROM:<x@elsewhere.test>\r\n", "250"}, {"RCPT TO:<alice@example.org>\r\n", "250"}, {"DATA\r\n", "354"}};
  using enum spool::StoreErrorCode;
  for (const Row row : {Row{NoSpace, "452 4.3.1"}, Row{ReadOnly, "451 4.3.0"}, Row{Io, "451 4.3.0"},
                        Row{Corrupt, "451 4.3.0"}, Row{Closing, "451 4.3.2"}}) {
    world.store.fail_with(spool::StoreError{row.code, "test"});
    const auto heard = relay(join(letter, {{kLetter, "45"}, {"NOOP\r\n", "250"}}));
    EXPECT_EQ(heard.wrong, "");
    EXPECT_THAT(heard.text, HasSubstr(row.reply));
    EXPECT_TRUE(world.store.all().empty());
    EXPECT_TRUE(world.told.empty());
  }
  world.store.fail_with(std::nullopt);
  EXPECT_EQ(relay(join(letter, {{kLetter, "250"}})).wrong, "");
  EXPECT_EQ(world.store.all().size(), 1u);
}

TEST_F(SessionTest, a_large_letter_passes_in_pieces) {
  std::string body;
  for (int i = 0; i < 20'000; ++i) body += "line " + std::to_string(i) + "\r\n";
  EXPECT_EQ(relay({{"MAIL FROM:<x@elsewhere.test>\r\n", "250"},
                   {"RCPT TO:<alice@example.org>\r\n", "250"},
                   {"DATA\r\n", "354"},
                   {"Subject: large\r\n\r\n" + body + ".\r\n", "250"}},
                  {.pipe = {.capacity = 5000, .largest_read = 777, .wiretap = {}}})
                .wrong,
            "");
  EXPECT_THAT(world.store.bytes(world.store.all().at(0).id), EndsWith("Subject: large\r\n\r\n" + body));
}

}  // namespace
}  // namespace postseal::inbound
