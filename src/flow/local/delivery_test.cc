// SPDX-License-Identifier: Apache-2.0
#include "flow/local/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <filesystem>
#include <functional>

#include "flow/local/lmtp_server.h"
#include "tests/run_coroutine.h"
#include "tests/still_clock.h"

namespace postseal::local {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::LmtpScript;
using testing::LmtpServer;

constexpr WallTime kNow{Seconds{1'795'330'800}};
const std::string kLetter = "Subject: x\r\n\r\n.hello\r\n";

class TextSource final : public message::Source {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  std::ptrdiff_t read(std::span<char> buffer) override {
    const std::size_t count = std::min(buffer.size(), text_.size() - at_);
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), count, buffer.begin());
    at_ += count;
    return static_cast<std::ptrdiff_t>(count);
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

Mailbox mailbox(std::string_view text) { return Mailbox::parse(text).value(); }

LocalJob job(std::vector<const char*> recipients, addressing::Transport transport) {
  LocalJob job;
  job.id.value = 42;
  job.envelope.from = mailbox("sender@there.test");
  job.envelope.size = kLetter.size();
  job.envelope.received = kNow;
  // The first in the envelope goes elsewhere: indexes are those of the envelope.
  job.envelope.recipients.push_back({.mailbox = mailbox("far@away.test"), .original = {}, .notify = {}});
  for (const char* recipient : recipients) {
    const auto index = static_cast<std::uint32_t>(job.envelope.recipients.size());
    job.envelope.recipients.push_back({.mailbox = mailbox(recipient), .original = {}, .notify = {}});
    job.recipients.push_back({index, job.envelope.recipients.back().mailbox.local_part()});
  }
  job.open = [] { return std::make_unique<TextSource>(kLetter); };
  job.transport = std::move(transport);
  return job;
}

/// "1 delivered 2.0.0"
std::string show(const std::vector<Verdict>& verdicts) {
  std::string text;
  for (const Verdict& verdict : verdicts) {
    text += std::to_string(verdict.index) + " " + std::string(to_string(verdict.outcome)) + " " +
            verdict.status.to_string() + "\n";
  }
  return text;
}

struct LmtpRun {
  std::string verdicts;
  std::vector<std::string> explanations;
  std::vector<std::string> commands, letters;
  int sessions = 0;
};

struct LmtpPlan {
  LmtpScript script;
  std::vector<std::vector<const char*>> letters;
  bool tcp = false;
  std::function<void(LocalJob&)> change;
};

Awaitable<LmtpRun> play(LmtpPlan plan) {
  LmtpServer server(co_await boost::asio::this_coro::executor, plan.script);
  tests::StillClock clock(kNow);
  Delivery delivery({.hostname = "mail.here.test"}, clock);
  addressing::ToLmtp endpoint{.unix_path = server.path, .address = std::nullopt};
  if (plan.tcp) endpoint = {.unix_path = "", .address = IpAddress::parse("127.0.0.1"), .port = server.port()};
  LmtpRun run;
  for (const auto& recipients : plan.letters) {
    LocalJob one = job(recipients, endpoint);
    if (plan.change) plan.change(one);
    const auto verdicts = co_await delivery.deliver(std::move(one));
    run.verdicts += show(verdicts);
    for (const Verdict& verdict : verdicts) run.explanations.push_back(verdict.explanation);
  }
  co_await delivery.close();
  server.stop();
  run.commands = server.commands;
  run.letters = server.letters;
  run.sessions = server.sessions;
  co_return run;
}

// RFC 2033 §4.2
TEST(Lmtp, each_recipient_has_his_own_verdict) {
  const auto run = tests::run_coroutine(play(
      {.script = {.to_rcpt = {{"nobody@here.test", "550 5.1.1 no such user"}, {"busy@here.test", "450 4.2.1 busy"}},
                  .to_letter = {{"full@here.test", "452 4.2.2 over quota"},
                                {"strict@here.test", "552 5.2.2 over quota"}}},
       .letters = {{"alice@here.test", "nobody@here.test", "busy@here.test", "full@here.test", "strict@here.test"}}}));
  EXPECT_EQ(run.verdicts, "1 delivered 2.0.0\n2 bounced 5.1.1\n3 deferred 4.2.1\n4 deferred 4.2.2\n5 bounced 5.2.2\n");
  EXPECT_THAT(run.explanations[1], HasSubstr(": refused in answer to RCPT: 550 5.1.1 no such user"));
  EXPECT_THAT(run.letters, ElementsAre("Subject: x\r\n\r\n..hello\r\n"));
}

TEST(Lmtp, it_says_what_lmtp_says) {
  const auto run = tests::run_coroutine(play({.letters = {{"alice+lists@here.test"}}}));
  EXPECT_THAT(run.commands, ElementsAre("LHLO mail.here.test", "MAIL FROM:<sender@there.test>",
                                        "RCPT TO:<alice+lists@here.test>", "DATA", "QUIT"));
}

TEST(Lmtp, a_session_carries_letter_after_letter) {
  const auto run = tests::run_coroutine(
      play({.letters = {{"alice@here.test"}, {"bob@here.test", "carol@here.test"}, {"alice@here.test"}}}));
  EXPECT_EQ(run.sessions, 1);
  EXPECT_EQ(run.letters.size(), 3u);
  EXPECT_EQ(run.verdicts, "1 delivered 2.0.0\n1 delivered 2.0.0\n2 delivered 2.0.0\n1 delivered 2.0.0\n");
}

TEST(Lmtp, a_session_that_was_closed_meanwhile_is_replaced) {
  const auto run =
      tests::run_coroutine(play({.script = {.letters_per_session = 1},
                                 .letters = {{"alice@here.test"}, {"alice@here.test"}, {"bob@here.test"}}}));
  EXPECT_EQ(run.sessions, 3);
  EXPECT_EQ(run.verdicts, "1 delivered 2.0.0\n1 delivered 2.0.0\n1 delivered 2.0.0\n");
  EXPECT_EQ(run.letters.size(), 3u);
}

TEST(Lmtp, tcp_is_as_good) {
  const auto run = tests::run_coroutine(play({.letters = {{"alice@here.test"}}, .tcp = true}));
  EXPECT_EQ(run.verdicts, "1 delivered 2.0.0\n");
}

TEST(Lmtp, a_letter_without_verdict_is_deferred_and_not_sent_twice_at_once) {
  const auto run =
      tests::run_coroutine(play({.script = {.closes_instead_of_verdicts = true}, .letters = {{"alice@here.test"}}}));
  EXPECT_THAT(run.verdicts, HasSubstr("1 deferred 4."));
  EXPECT_EQ(run.letters.size(), 1u);
}

TEST(Lmtp, a_server_that_refuses_everything_bounces_nothing) {
  const auto run = tests::run_coroutine(
      play({.script = {.greeting = "554 5.3.2 wrong place"}, .letters = {{"alice@here.test", "bob@here.test"}}}));
  EXPECT_EQ(run.verdicts, "1 deferred 4.4.1\n2 deferred 4.4.1\n");
  EXPECT_THAT(run.explanations[0], HasSubstr("554 5.3.2 wrong place"));
}

TEST(Lmtp, a_letter_that_cannot_be_read_waits) {
  const auto run = tests::run_coroutine(
      play({.letters = {{"alice@here.test"}}, .change = [](LocalJob& job) { job.open = [] { return nullptr; }; }}));
  EXPECT_THAT(run.verdicts, HasSubstr("1 deferred 4."));
  EXPECT_TRUE(run.letters.empty());
}

// RFC 6531 §3.4: nobody is given UTF-8 who has not said that he takes it.
TEST(Lmtp, a_server_without_smtputf8_is_not_given_utf8) {
  const auto run = tests::run_coroutine(
      play({.letters = {{"alice@here.test"}}, .change = [](LocalJob& job) { job.envelope.utf8_headers = true; }}));
  EXPECT_THAT(run.verdicts, HasSubstr("1 bounced 5.6."));
  EXPECT_TRUE(run.letters.empty());
}

// RFC 8689 §4.4: the demand ends where mail is delivered.
TEST(Lmtp, requiretls_does_not_stand_in_the_way_of_local_delivery) {
  const auto run = tests::run_coroutine(
      play({.letters = {{"alice@here.test"}}, .change = [](LocalJob& job) { job.envelope.requiretls = true; }}));
  EXPECT_EQ(run.verdicts, "1 delivered 2.0.0\n");
}

Awaitable<std::vector<Verdict>> deliver_once(LocalJob job, WallTime started) {
  tests::StillClock clock(started);
  Delivery delivery({.hostname = "mail.here.test"}, clock);
  auto verdicts = co_await delivery.deliver(std::move(job));
  co_await delivery.close();
  co_return verdicts;
}

TEST(Lmtp, where_nobody_listens_everybody_waits) {
  for (const addressing::ToLmtp& endpoint :
       {addressing::ToLmtp{.unix_path = "/nonexistent/lmtp", .address = std::nullopt}, addressing::ToLmtp{}}) {
    const auto verdicts = tests::run_coroutine(deliver_once(job({"alice@here.test"}, endpoint), kNow));
    EXPECT_EQ(show(verdicts), "1 deferred 4.4.1\n");
    EXPECT_THAT(verdicts[0].explanation, HasSubstr("look whether that server runs"));
    EXPECT_TRUE(verdicts[0].site_wide);
  }
}

TEST(Transport, another_host_is_not_for_local_delivery) {
  const auto verdicts = tests::run_coroutine(deliver_once(job({"alice@here.test"}, addressing::ToHost{}), kNow));
  EXPECT_EQ(show(verdicts), "1 deferred 4.4.1\n");
}

class ToMaildir : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "postseal-local-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    place_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(place_); }

  addressing::Transport transport() const { return addressing::ToMaildir{.root = (place_ / "mail").string()}; }
  std::size_t count(const std::string& user) const {
    const auto folder = place_ / "mail/here.test" / user / "new";
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
  }

  std::filesystem::path place_;
};

TEST_F(ToMaildir, every_recipient_has_a_file) {
  const auto verdicts =
      tests::run_coroutine(deliver_once(job({"alice@here.test", "bob@here.test"}, transport()), kNow));
  EXPECT_EQ(show(verdicts), "1 delivered 2.0.0\n2 delivered 2.0.0\n");
  EXPECT_EQ(count("alice"), 1u);
  EXPECT_EQ(count("bob"), 1u);
}

TEST_F(ToMaildir, a_letter_in_quarantine_goes_to_junk) {
  auto quarantined = job({"alice@here.test"}, transport());
  quarantined.envelope.quarantined = true;
  EXPECT_EQ(show(tests::run_coroutine(deliver_once(quarantined, kNow - Seconds{5}))), "1 delivered 2.0.0\n");
  EXPECT_EQ(count("alice"), 0u);
  EXPECT_EQ(count("alice/.Junk"), 1u);
  EXPECT_TRUE(std::filesystem::exists(place_ / "mail/here.test/alice/.Junk/maildirfolder"));
  EXPECT_THAT(tests::run_coroutine(deliver_once(quarantined, kNow + Seconds{5}))[0].explanation,
              HasSubstr("an earlier delivery was found"));
}

// A37
TEST_F(ToMaildir, a37_a_letter_of_an_earlier_life_is_not_delivered_twice) {
  tests::run_coroutine(deliver_once(job({"alice@here.test"}, transport()), kNow - Seconds{5}));
  const auto verdicts = tests::run_coroutine(deliver_once(job({"alice@here.test"}, transport()), kNow + Seconds{5}));
  EXPECT_EQ(show(verdicts), "1 delivered 2.0.0\n");
  EXPECT_THAT(verdicts[0].explanation, HasSubstr("an earlier delivery was found"));
  EXPECT_EQ(count("alice"), 1u);
}

TEST_F(ToMaildir, trouble_with_the_disk_defers) {
  std::filesystem::create_directories(place_ / "mail");
  std::filesystem::create_symlink("nowhere/at/all", place_ / "mail/here.test");
  const auto verdicts = tests::run_coroutine(deliver_once(job({"alice@here.test"}, transport()), kNow));
  EXPECT_EQ(verdicts[0].outcome, DeliveryOutcome::Deferred);
  EXPECT_EQ(verdicts[0].status, (EnhancedStatus{4, 3, 0}));
}

TEST_F(ToMaildir, without_a_root_or_a_domain_nothing_is_written) {
  for (LocalJob lost : {job({"alice@here.test"}, addressing::ToMaildir{}), job({"alice@[192.0.2.1]"}, transport())}) {
    EXPECT_EQ(show(tests::run_coroutine(deliver_once(std::move(lost), kNow))), "1 deferred 4.3.5\n");
  }
}

}  // namespace
}  // namespace postseal::local
