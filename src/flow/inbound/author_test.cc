// SPDX-License-Identifier: Apache-2.0
// Who wrote it, in whole sessions: letters from outside are checked, ours are signed, forwarded ones are sealed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow/inbound/play_test.h"
#include "protocol/arc/verify.h"
#include "protocol/dkim/verify.h"

namespace postseal::inbound {
namespace {

using settings::ListenerRole;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kLetter =
    "Authentication-Results: mx.example.org; dmarc=pass header.from=elsewhere.test\r\n"
    "Authentication-Results: mx.elsewhere.test; spf=pass\r\n"
    "From: <x@elsewhere.test>\r\nTo: alice@example.org\r\nSubject: hello\r\nMessage-ID: <1@elsewhere.test>\r\n"
    "Date: Sun, 15 Jun 2025 15:00:00 +0000\r\n\r\nhello\r\n.\r\n";

struct AuthorTest : ::testing::Test {
  AuthorTest() : key(std::make_shared<dkim::SigningKey>(*dkim::SigningKey::generate(dkim::KeyType::Ed25519))) {
    check();
    world.dns.txt("elsewhere.test", {{"v=spf1 ip4:192.0.2.1 -all"}});
    world.dns.txt("_dmarc.elsewhere.test", {{"v=DMARC1; p=reject"}});
    world.dns.txt("s._domainkey.example.org", {{key->record()}});
  }
  void check(settings::AuthenticationSettings settings = {}) {
    world.rules.authentication =
        std::make_shared<const authenticate::Rules>(authenticate::Rules{settings, world.rules.hostname});
  }
  void give_keys(std::optional<srs::Rewriter> rewriter = {}) {
    sign::KeyRing ring;
    ring.add(domain("example.org"), {"s", key});
    ring.rewriter = std::move(rewriter);
    world.ring = std::make_shared<const sign::KeyRing>(std::move(ring));
  }
  Heard bring(std::string_view to, std::string_view answer, std::string_view from = "x@elsewhere.test",
              std::string_view peer = "192.0.2.1", const std::string& letter = kLetter) {
    return play(world,
                {{"", "220"},
                 {"EHLO client.test\r\n", "250"},
                 {"MAIL FROM:<" + std::string(from) + ">\r\n", "250"},
                 {"RCPT TO:<" + std::string(to) + ">\r\n", "250"},
                 {"DATA\r\n", "354"},
                 {letter, std::string(answer)},
                 {"NOOP\r\n", "250"},
                 {"QUIT\r\n", "221 end"}},
                {.peer = address(peer)});
  }
  Heard submit(const std::string& letter, std::string_view from = "alice@example.org") {
    (void)world.accounts->create(mailbox("alice@example.org"), "secret");
    (void)world.accounts->create(mailbox("bob@example.org"), "secret");
    return play(world,
                {{"", "220"},
                 {"EHLO client.test\r\n", "250"},
                 {"STARTTLS\r\n", "220"},
                 {"EHLO client.test\r\n", "250"},
                 {"AUTH PLAIN " + plain_login("alice@example.org", "secret") + "\r\n", "235"},
                 {"MAIL FROM:<" + std::string(from) + ">\r\n", "250"},
                 {"RCPT TO:<y@far.test>\r\n", "250"},
                 {"DATA\r\n", "354"},
                 {letter, "250"},
                 {"QUIT\r\n", "221 end"}},
                {.role = ListenerRole::Submission});
  }
  std::string kept(std::size_t index = 0) { return world.store.bytes(world.store.all().at(index).id); }
  std::shared_ptr<const dkim::MessagePass> pass_of(const std::string& letter) {
    auto pass = std::make_shared<dkim::MessagePass>();
    pass->feed(letter);
    pass->finish();
    return pass;
  }
  std::vector<dkim::SignatureVerdict> verify(const std::string& letter) {
    return tests::run_coroutine(dkim::verify(pass_of(letter), world.dns, World::work_here, tests::kNoon, soon()));
  }

  World world;
  std::shared_ptr<const dkim::SigningKey> key;
};

TEST_F(AuthorTest, a_letter_from_outside_gets_its_results_in_front_and_loses_forged_ones_RFC8601_5) {
  EXPECT_EQ(bring("alice@example.org", "250").wrong, "");
  const std::string text = kept();
  EXPECT_THAT(text, StartsWith("Authentication-Results: mx.example.org;"));
  EXPECT_THAT(text,
              Not(HasSubstr("Authentication-Results: mx.example.org; dmarc=pass header.from=elsewhere.test\r\nA")));
  EXPECT_EQ(text.find("Authentication-Results: mx.example.org", 1), std::string::npos) << "one of ours, not two";
  EXPECT_THAT(text, HasSubstr("Authentication-Results: mx.elsewhere.test; spf=pass\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nReceived: from client.test"));
  EXPECT_EQ(world.store.all().at(0).envelope.size, text.size());
  ASSERT_EQ(world.judged.size(), 1u);
  EXPECT_EQ(world.judged[0].findings.dmarc->result, dmarc::Result::Pass);
  const std::string metrics = world.metrics.expose();
  EXPECT_THAT(metrics, HasSubstr("postseal_spf_total{result=\"pass\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("postseal_dkim_total{result=\"none\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("postseal_arc_total{result=\"none\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("postseal_dmarc_total{result=\"pass\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("postseal_judged_total{disposition=\"accept\"} 1"));
}

TEST_F(AuthorTest, a_forgery_is_refused_and_leaves_nothing) {
  const auto heard = bring("alice@example.org", "550", "x@elsewhere.test", "203.0.113.9");
  EXPECT_EQ(heard.wrong, "");
  EXPECT_THAT(heard.text, HasSubstr("550-5.7.1 elsewhere.test does not stand behind this letter"));
  EXPECT_THAT(heard.text, HasSubstr("550 5.7.1 To mend it"));
  EXPECT_TRUE(world.store.all().empty());
  EXPECT_TRUE(world.told.empty());
  EXPECT_THAT(world.metrics.expose(), HasSubstr("postseal_letters_refused_total{reason=\"dmarc\"} 1"));
}

TEST_F(AuthorTest, quarantine_goes_with_the_letter_as_the_operator_wants_it) {
  world.dns.txt("_dmarc.elsewhere.test", {{"v=DMARC1; p=quarantine"}});
  EXPECT_EQ(bring("alice@example.org", "250", "x@elsewhere.test", "203.0.113.9").wrong, "");
  EXPECT_TRUE(world.store.all().at(0).envelope.quarantined);
  EXPECT_THAT(kept(), HasSubstr("\r\nPostseal-Quarantine: dmarc\r\n"));
  check({.quarantine = settings::QuarantineBy::Header});
  EXPECT_EQ(bring("alice@example.org", "250", "x@elsewhere.test", "203.0.113.9").wrong, "");
  EXPECT_FALSE(world.store.all().at(1).envelope.quarantined);
  EXPECT_THAT(kept(1), HasSubstr("\r\nPostseal-Quarantine: dmarc\r\n"));
}

TEST_F(AuthorTest, what_dns_does_not_say_now_is_taken_or_deferred) {
  world.dns.state("_dmarc.elsewhere.test", dns::RecordType::TXT, dns::AnswerState::Failed, false);
  EXPECT_EQ(bring("alice@example.org", "250").wrong, "");
  EXPECT_THAT(kept(), HasSubstr("dmarc=temperror"));
  check({.temperror = settings::Unknown::Defer});
  EXPECT_EQ(bring("alice@example.org", "451").wrong, "");
  EXPECT_EQ(world.store.all().size(), 1u);
}

TEST_F(AuthorTest, switched_off_nothing_is_asked_and_nothing_changes) {
  world.rules.authentication = nullptr;
  EXPECT_EQ(bring("alice@example.org", "250", "x@elsewhere.test", "203.0.113.9").wrong, "");
  EXPECT_TRUE(world.dns.asked.empty());
  EXPECT_THAT(kept(), StartsWith("Received:"));
}

// A21: whoever reads on behind a line that is no field would believe what stands there.
TEST_F(AuthorTest, A21_forged_results_behind_a_line_that_is_no_field_go) {
  check({.unclear_from = settings::Treatment::Accept});
  const std::string letter =
      "From: <x@elsewhere.test>\r\nthis line is no field\r\n"
      "Authentication-Results: mx.example.org; dmarc=pass header.from=bank.test\r\nPostseal-Quarantine: no\r\n"
      "Subject: s\r\n\r\nhello\r\n.\r\n";
  EXPECT_EQ(bring("alice@example.org", "250", "x@elsewhere.test", "192.0.2.1", letter).wrong, "");
  EXPECT_THAT(kept(), Not(HasSubstr("bank.test")));
  EXPECT_THAT(kept(), Not(HasSubstr("Postseal-Quarantine: no")));
  EXPECT_THAT(kept(), HasSubstr("\r\nthis line is no field\r\nSubject: s\r\n"));
  check();
  const auto heard = bring("alice@example.org", "550", "x@elsewhere.test", "192.0.2.1", letter);
  EXPECT_EQ(heard.wrong, "");
  EXPECT_THAT(heard.text, HasSubstr("not clear who wrote this letter: a line of the header is no field"));
}

// RFC 8601 §5: nobody but us writes results in our name, whoever brings the letter, checked or not.
TEST_F(AuthorTest, A21_users_and_our_networks_cannot_bring_results_of_ours) {
  world.rules.server.relay_networks = {{address("10.0.0.0"), 8}};
  const std::string letter =
      "Authentication-Results: mx.example.org; dmarc=pass header.from=bank.test\r\nPostseal-Quarantine: no\r\n"
      "Authentication-Results: mx.elsewhere.test; spf=pass\r\nFrom: alice@example.org\r\n\r\nhello\r\n.\r\n";
  for (const bool checks : {true, false}) {
    if (!checks) world.rules.authentication = nullptr;
    const std::size_t before = world.store.all().size();
    EXPECT_EQ(submit(letter).wrong, "");
    EXPECT_EQ(bring("alice@example.org", "250", "x@elsewhere.test", "10.1.2.3", letter).wrong, "");
    for (std::size_t i : {before, before + 1}) {
      EXPECT_THAT(kept(i), Not(HasSubstr("bank.test")));
      EXPECT_THAT(kept(i), Not(HasSubstr("Postseal-Quarantine")));
      EXPECT_THAT(kept(i), HasSubstr("Authentication-Results: mx.elsewhere.test; spf=pass\r\n"));
    }
  }
}

TEST_F(AuthorTest, A21_a_letter_that_would_go_on_with_our_received_field_is_refused) {
  const std::string letter = " by mx.bank.test\r\nFrom: <x@elsewhere.test>\r\n\r\nhello\r\n.\r\n";
  EXPECT_THAT(bring("alice@example.org", "550", "x@elsewhere.test", "192.0.2.1", letter).text,
              HasSubstr("550 5.6.0 The first line of the letter begins with a blank"));
  world.rules.authentication = nullptr;
  EXPECT_EQ(bring("alice@example.org", "550", "x@elsewhere.test", "192.0.2.1", letter).wrong, "");
  EXPECT_TRUE(world.store.all().empty());
}

// ---- ours ----

TEST_F(AuthorTest, a_users_letter_is_signed_as_it_leaves_RFC6376) {
  give_keys();
  EXPECT_EQ(submit("From: Alice <alice@example.org>\r\nTo: y@far.test\r\nBcc: z@far.test\r\n\r\nhello\r\n.\r\n").wrong,
            "");
  const std::string text = kept();
  EXPECT_THAT(text, StartsWith("DKIM-Signature:"));
  EXPECT_THAT(text, Not(HasSubstr("Authentication-Results")));
  const auto verdicts = verify(text);
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].result, dkim::Result::Pass) << verdicts[0].reason;
  EXPECT_EQ(verdicts[0].domain, "example.org");
  // What was added and removed at reception is what was signed: Date and Message-ID in, Bcc out.
  EXPECT_THAT(text, HasSubstr("\r\nMessage-ID: <"));
  EXPECT_THAT(world.metrics.expose(), HasSubstr("postseal_signed_total{by=\"dkim\"} 1"));
  EXPECT_TRUE(std::ranges::none_of(world.dns.asked, [](const auto& one) { return one.first == "_dmarc.example.org"; }));
}

// RFC 6376 §8.15: nobody can add a second From, Subject or Date on the way.
TEST_F(AuthorTest, fields_cannot_be_added_to_what_we_signed) {
  give_keys();
  EXPECT_EQ(submit("From: alice@example.org\r\nTo: y@far.test\r\nSubject: s\r\n\r\nhello\r\n.\r\n").wrong, "");
  for (const char* added : {"From: evil@elsewhere.test\r\n", "Subject: other\r\n",
                            "Date: Mon, 1 Jan 2001 00:00:00 +0000\r\n", "Reply-To: evil@elsewhere.test\r\n",
                            "Cc: evil@elsewhere.test\r\n", "Content-Type: text/html\r\n", "MIME-Version: 1.0\r\n"}) {
    EXPECT_NE(verify(added + kept()).at(0).result, dkim::Result::Pass) << added;
  }
}

// A36: we sign for users whose address it is, not for everybody who has an account at the same server.
TEST_F(AuthorTest, A36_a_user_who_writes_as_a_colleague_is_not_signed_for) {
  give_keys();
  EXPECT_EQ(submit("From: bob@example.org\r\nTo: y@far.test\r\n\r\nhello\r\n.\r\n").wrong, "");
  EXPECT_THAT(kept(), Not(HasSubstr("DKIM-Signature")));
  EXPECT_EQ(submit("From: alice@example.org\r\nFrom: bob@example.org\r\nTo: y@far.test\r\n\r\nhello\r\n.\r\n").wrong,
            "");
  EXPECT_THAT(kept(1), Not(HasSubstr("DKIM-Signature")));
  EXPECT_EQ(submit("From: alice@example.org, bob@example.org\r\nTo: y@far.test\r\n\r\nhello\r\n.\r\n").wrong, "");
  EXPECT_THAT(kept(2), Not(HasSubstr("DKIM-Signature"))) << "beside himself";
}

// A36: who is shown as the one who sent it is vouched for as well.
TEST_F(AuthorTest, A36_a_sender_of_ours_beside_the_author_is_the_users_or_nobody_signs) {
  give_keys();
  struct Row {
    std::string field;
    bool is_signed;
  };
  const Row rows[] = {
      {"Sender: alice@example.org", true},
      {"Sender: bob@example.org", false},
      {"sender : Bob <bob@example.org>", false},
      {"Resent-From: bob@example.org", false},
      {"Resent-Sender: bob@example.org", false},
      {"Sender: x@elsewhere.test", true},
      {"Sender: bob@example.org, x@elsewhere.test", false},
      {"Resent-To: bob@example.org", true},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    EXPECT_EQ(submit("From: alice@example.org\r\n" + rows[i].field + "\r\nTo: y@far.test\r\n\r\nhello\r\n.\r\n").wrong,
              "");
    EXPECT_EQ(kept(i).starts_with("DKIM-Signature"), rows[i].is_signed) << rows[i].field;
  }
}

TEST_F(AuthorTest, a_letter_from_outside_is_never_signed_even_if_nobody_checks_it) {
  give_keys();
  const std::string forged = "From: alice@example.org\r\nTo: bob@example.org\r\n\r\nhello\r\n.\r\n";
  EXPECT_EQ(bring("bob@example.org", "250", "x@elsewhere.test", "192.0.2.1", forged).wrong, "");
  EXPECT_THAT(kept(), Not(HasSubstr("DKIM-Signature")));
  world.rules.authentication = nullptr;
  EXPECT_EQ(bring("away@example.org", "250", "x@elsewhere.test", "192.0.2.1", forged).wrong, "");
  EXPECT_THAT(kept(1), StartsWith("Received:"));
}

TEST_F(AuthorTest, our_own_networks_are_signed_for_and_not_checked) {
  give_keys();
  world.rules.server.relay_networks = {{address("10.0.0.0"), 8}};
  const std::string letter =
      "Authentication-Results: mx.example.org; auth=pass\r\nFrom: alice@example.org\r\nTo: "
      "y@far.test\r\n\r\nhello\r\n.\r\n";
  EXPECT_EQ(bring("y@far.test", "250", "alice@example.org", "10.1.2.3", letter).wrong, "");
  EXPECT_THAT(kept(), StartsWith("DKIM-Signature:"));
  EXPECT_THAT(kept(), Not(HasSubstr("Authentication-Results"))) << "nothing was checked, so nobody found anything";
  EXPECT_EQ(verify(kept()).at(0).result, dkim::Result::Pass);
  world.rules.signing.enabled = false;
  EXPECT_EQ(bring("y@far.test", "250", "alice@example.org", "10.1.2.3", letter).wrong, "");
  EXPECT_THAT(kept(1), Not(HasSubstr("DKIM-Signature")));
}

// A36: a filter on this machine gives back what anybody may have written.
TEST_F(AuthorTest, A36_what_comes_back_to_us_is_not_signed_for_whoever_it_names) {
  give_keys();
  world.rules.server.relay_networks = {{address("10.0.0.0"), 8}};
  const std::string letter = "From: alice@example.org\r\nTo: y@far.test\r\n\r\nhello\r\n.\r\n";
  const std::string here =
      "Received: from client.test ([192.0.2.1])\r\n\tby MX.example.org with ESMTPSA id 1;\r\n\tnow\r\n";
  const std::string elsewhere = "Received: from mx.example.org\r\n\tby mx.elsewhere.test id 1; now\r\n";
  EXPECT_EQ(bring("y@far.test", "250", "alice@example.org", "10.1.2.3", here + letter).wrong, "");
  EXPECT_THAT(kept(0), Not(HasSubstr("DKIM-Signature")));
  EXPECT_EQ(bring("y@far.test", "250", "alice@example.org", "10.1.2.3", elsewhere + letter).wrong, "");
  EXPECT_THAT(kept(1), StartsWith("DKIM-Signature:"));
  EXPECT_EQ(submit(here + letter).wrong, "");
  EXPECT_THAT(kept(2), StartsWith("DKIM-Signature:")) << "an account has the right to it, again and again";
}

Awaitable<void> run_session(std::shared_ptr<Session> session) { co_await session->run(); }

Awaitable<std::string> cut_while_it_is_signed(World* world) {
  auto pipe = co_await tests::make_pipe({});
  const auto around = world->around();
  const auto session = std::make_shared<Session>(around, ListenerRole::Relay,
                                                 net::Accepted{std::move(pipe.second), address("10.1.2.3"), 0});
  world->asked.offload = [session](std::function<void()> work) {
    session->end_now();
    return World::work_here(std::move(work));
  };
  bool ended = false;
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, run_session(session),
                        [&ended](const std::exception_ptr&) { ended = true; });
  Client client(std::move(pipe.first));
  const auto heard =
      co_await client.play({{"", "220"},
                            {"EHLO client.test\r\n", "250"},
                            {"MAIL FROM:<alice@example.org>\r\nRCPT TO:<y@far.test>\r\nDATA\r\n", "250 250 354"},
                            {"From: alice@example.org\r\nTo: y@far.test\r\n\r\nhello\r\n.\r\n", "end"}});
  world->asked.offload = World::work_here;
  co_return ended ? heard.wrong : "the session goes on";
}

// RFC 1047: the client did not hear 250, and sends it again.
TEST_F(AuthorTest, a_letter_whose_session_is_cut_before_its_commit_is_not_kept) {
  give_keys();
  world.rules.server.relay_networks = {{address("10.0.0.0"), 8}};
  EXPECT_EQ(tests::run_coroutine(cut_while_it_is_signed(&world)), "");
  EXPECT_TRUE(world.store.all().empty());
}

// ---- forwarded ----

// RFC 8617 §5.1
TEST_F(AuthorTest, what_an_alias_leads_on_is_sealed_with_what_was_found) {
  give_keys();
  EXPECT_EQ(bring("away@example.org", "250").wrong, "");
  const auto letter = world.store.all().at(0);
  EXPECT_TRUE(letter.envelope.recipients.at(0).forwarded);
  EXPECT_EQ(letter.envelope.forward_from, std::nullopt) << "SRS is off";
  const std::string text = kept();
  EXPECT_THAT(text, StartsWith("ARC-Seal:"));
  EXPECT_THAT(text, Not(HasSubstr("DKIM-Signature")));
  const auto chain =
      tests::run_coroutine(arc::verify(pass_of(text), world.dns, World::work_here, tests::kNoon, soon()));
  EXPECT_EQ(chain.result, arc::Result::Pass) << chain.reason;
  ASSERT_EQ(chain.instances.size(), 1u);
  EXPECT_THAT(chain.instances[0].authentication_results, StartsWith("mx.example.org;"));
  EXPECT_THAT(chain.instances[0].authentication_results, HasSubstr("dmarc=pass"));
  EXPECT_THAT(world.metrics.expose(), HasSubstr("postseal_signed_total{by=\"arc\"} 1"));
}

// A letter that we do not believe goes on as what it is: not with our name as its sender, nor under our seal.
TEST_F(AuthorTest, what_is_quarantined_is_forwarded_without_our_name) {
  give_keys(srs::Rewriter({"secret"}));
  world.rules.signing.srs = true;
  world.dns.txt("_dmarc.elsewhere.test", {{"v=DMARC1; p=quarantine"}});
  EXPECT_EQ(bring("away@example.org", "250", "x@elsewhere.test", "203.0.113.9").wrong, "");
  const auto letter = world.store.all().at(0);
  EXPECT_TRUE(letter.envelope.recipients.at(0).forwarded);
  EXPECT_EQ(letter.envelope.forward_from, std::nullopt);
  EXPECT_THAT(kept(), Not(HasSubstr("ARC-Seal")));
  EXPECT_THAT(kept(), HasSubstr("\r\nPostseal-Quarantine: dmarc\r\n"));
}

TEST_F(AuthorTest, what_stays_here_is_not_sealed) {
  give_keys(srs::Rewriter({"secret"}));
  world.rules.signing.srs = true;
  EXPECT_EQ(bring("info@example.org", "250").wrong, "");
  EXPECT_THAT(kept(), StartsWith("Authentication-Results:"));
  const auto letter = world.store.all().at(0);
  for (const auto& recipient : letter.envelope.recipients) EXPECT_FALSE(recipient.forwarded);
  EXPECT_EQ(letter.envelope.forward_from, std::nullopt);
}

TEST_F(AuthorTest, a_forwarded_letter_has_a_reverse_path_of_ours_and_its_bounce_finds_the_sender) {
  give_keys(srs::Rewriter({"secret"}));
  world.rules.signing.srs = true;
  EXPECT_EQ(bring("away@example.org", "250").wrong, "");
  const auto letter = world.store.all().at(0);
  EXPECT_EQ(letter.envelope.from->to_string(), "x@elsewhere.test") << "notifications of ours go to the sender himself";
  ASSERT_TRUE(letter.envelope.forward_from);
  const std::string path = letter.envelope.forward_from->to_string();
  EXPECT_THAT(path, StartsWith("SRS0="));
  EXPECT_TRUE(path.ends_with("@example.org"));

  const std::string bounce = "From: mailer@elsewhere.test\r\nSubject: it bounced\r\n\r\nx\r\n.\r\n";
  world.dns.txt("client.test", {{"v=spf1 ip4:192.0.2.1 -all"}});
  world.dns.txt("_dmarc.elsewhere.test", {{"v=DMARC1; p=none"}});
  EXPECT_EQ(bring(path, "250", "", "192.0.2.1", bounce).wrong, "");
  const auto returned = world.store.all().at(1);
  ASSERT_EQ(returned.envelope.recipients.size(), 1u);
  EXPECT_EQ(returned.envelope.recipients[0].mailbox.to_string(), "x@elsewhere.test");
  EXPECT_FALSE(returned.envelope.recipients[0].forwarded);
  EXPECT_EQ(returned.envelope.from, std::nullopt);
}

// A36: an address of this form is a ticket for one mailbox; nobody can make one, and it is good for notifications only.
TEST_F(AuthorTest, A36_reverse_paths_do_not_make_an_open_relay) {
  give_keys(srs::Rewriter({"secret"}));
  world.rules.signing.srs = true;
  const auto path = world.ring->rewriter->forward(mailbox("x@elsewhere.test"), domain("example.org"), tests::kNoon)
                        .value()
                        .to_string();
  std::string forged = path;
  forged[5] = forged[5] == 'A' ? 'B' : 'A';
  std::string other = path;
  other.replace(other.find("elsewhere"), 9, "victimsss");
  const auto old =
      srs::Rewriter({"secret"})
          .forward(mailbox("x@elsewhere.test"), domain("example.org"), tests::kNoon - std::chrono::days(40))
          .value()
          .to_string();
  const auto foreign =
      world.ring->rewriter->forward(mailbox("x@elsewhere.test"), domain("far.test"), tests::kNoon).value().to_string();
  for (const auto& [from, to, code] :
       std::initializer_list<std::tuple<std::string, std::string, std::string>>{{"", path, "250"},
                                                                                {"y@elsewhere.test", path, "550"},
                                                                                {"", forged, "550"},
                                                                                {"", other, "550"},
                                                                                {"", old, "550"},
                                                                                {"", foreign, "550"}}) {
    const auto heard = play(world, {{"", "220"},
                                    {"EHLO client.test\r\n", "250"},
                                    {"MAIL FROM:<" + from + ">\r\n", "250"},
                                    {"RCPT TO:<" + to + ">\r\n", code}});
    EXPECT_EQ(heard.wrong, "") << from << " to " << to << ": " << heard.text;
  }
  give_keys();
  EXPECT_EQ(play(world, {{"", "220"},
                         {"EHLO client.test\r\n", "250"},
                         {"MAIL FROM:<>\r\n", "250"},
                         {"RCPT TO:<" + path + ">\r\n", "550"}})
                .wrong,
            "")
      << "switched off";
}

}  // namespace
}  // namespace postseal::inbound
