// SPDX-License-Identifier: Apache-2.0
// A real Dovecot takes what flow/local delivers, and a mail client's library reads it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include "edge/net/dial_unix.h"
#include "flow/local/delivery.h"
#include "lab/child_process.h"
#include "tests/certificates.h"
#include "tests/run_coroutine.h"
#include "tests/signed_zones.h"

namespace postseal::tests {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

/// What likes to be changed on the way: dots, eight bits, the longest line, blanks at the end, no line at the end.
const std::string kLetter =
    "From: Sender <sender@there.test>\r\nSubject: Gr=?utf-8?Q?=C3=BC?=\xc3\x9f\x65\r\n\r\n.\r\n..two\r\n" +
    std::string(998, 'x') + "\r\nblanks  \r\n\t\r\nFrom the start\r\n\r\n";

class LetterSource final : public message::Source {
 public:
  std::ptrdiff_t read(std::span<char> buffer) override {
    const std::size_t count = kLetter.copy(buffer.data(), buffer.size(), at_);
    at_ += count;
    return static_cast<std::ptrdiff_t>(count);
  }

 private:
  std::size_t at_ = 0;
};

/// Its users are alice, bob, and full, whose mailbox takes 100 octets. All say "secret".
class Dovecot : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "postseal-dovecot-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    place_ = pattern;
    const WallTime now = SystemClock().now();
    const auto certificate = issue({.common_name = "mail.here.test",
                                    .dns_names = {},
                                    .ip_addresses = {"127.0.0.1"},
                                    .from = now - std::chrono::days(1),
                                    .until = now + std::chrono::days(1)});
    std::ofstream(place_ / "chain.pem") << certificate.pem;
    std::ofstream(place_ / "key.pem") << certificate.key_pem;
    std::ofstream(place_ / "letter") << kLetter;
    std::ofstream(place_ / "users") << "alice@here.test:{PLAIN}secret::::::\n"
                                       "bob@here.test:{PLAIN}secret::::::\n"
                                       "full@here.test:{PLAIN}secret::::::userdb_quota_rule=*:bytes=100\n";
    imap_port_ = free_loopback_port();
    lmtp_port_ = free_loopback_port();
    auto started = lab::ChildProcess::start({{"env", "LAB_ADDRESS=127.0.0.1", fmt::format("LAB_PORT={}", imap_port_),
                                              fmt::format("LAB_LMTP_PORT={}", lmtp_port_), "LAB_DIRECTORY=" + pattern,
                                              "LAB_CHAIN=" + pattern + "/chain.pem", "LAB_KEY=" + pattern + "/key.pem",
                                              POSTSEAL_SOURCE_DIR "/lab/peers/dovecot.sh"},
                                             pattern + ".out"});
    ASSERT_TRUE(started) << started.error();
    server_.emplace(std::move(*started));
    ASSERT_TRUE(run_coroutine(answers())) << lab::end_of_output(pattern + ".out");
  }

  void TearDown() override {
    server_.reset();
    std::error_code ignored;
    fs::remove_all(place_, ignored);
    fs::remove(place_.string() + ".out", ignored);
  }

  /// Until it has made its socket, or has ended.
  Awaitable<bool> answers() {
    asio::steady_timer look(co_await asio::this_coro::executor);
    const Deadline give_up = Deadline::in(std::chrono::seconds(60));
    while (!give_up.passed() && !server_->ended()) {
      if (co_await net::dial_unix((place_ / "lmtp").string(), give_up)) co_return true;
      look.expires_after(std::chrono::milliseconds(20));
      co_await look.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return false;
  }

  std::string mailbox_of(const std::string& user) const {
    const std::string command =
        fmt::format("python3 " POSTSEAL_SOURCE_DIR "/tests/dovecot/read_mailbox.py {} {}/chain.pem {} {}/letter 2>&1",
                    imap_port_, place_.string(), user, place_.string());
    std::FILE* python = ::popen(command.c_str(), "r");
    if (!python) return "python3 cannot be run";
    std::string output;
    std::array<char, 4096> piece;
    while (const auto count = std::fread(piece.data(), 1, piece.size(), python)) output.append(piece.data(), count);
    ::pclose(python);
    return output;
  }

  /// What we wrote as root becomes the mailbox owner's.
  void hand_over() const {
    const passwd* nobody = ::geteuid() == 0 ? ::getpwnam("nobody") : nullptr;
    if (!nobody) return;
    for (const auto& entry : fs::recursive_directory_iterator(place_ / "mail")) {
      ASSERT_EQ(::chown(entry.path().c_str(), nobody->pw_uid, nobody->pw_gid), 0);
    }
  }

  fs::path place_;
  std::uint16_t imap_port_ = 0, lmtp_port_ = 0;
  std::optional<lab::ChildProcess> server_;
};

local::LocalJob job(std::vector<const char*> recipients, addressing::Transport transport) {
  static std::uint64_t last_id = 0;
  local::LocalJob job;
  job.id.value = ++last_id;
  job.envelope.from = Mailbox::parse("sender@there.test").value();
  job.envelope.eight_bit = true;
  job.envelope.size = kLetter.size();
  job.envelope.received = SystemClock().now();
  for (const char* recipient : recipients) {
    const auto index = static_cast<std::uint32_t>(job.envelope.recipients.size());
    job.envelope.recipients.push_back({.mailbox = Mailbox::parse(recipient).value(), .original = {}, .notify = {}});
    job.recipients.push_back({index, job.envelope.recipients.back().mailbox.local_part()});
  }
  job.open = [] { return std::make_unique<LetterSource>(); };
  job.transport = std::move(transport);
  return job;
}

Awaitable<std::string> deliver(std::vector<local::LocalJob> jobs) {
  SystemClock clock;
  local::Delivery delivery({.hostname = "mail.here.test"}, clock);
  std::string text;
  for (local::LocalJob& one : jobs) {
    for (const local::Verdict& verdict : co_await delivery.deliver(std::move(one))) {
      text += fmt::format("{} {}\n", to_string(verdict.outcome), verdict.status.to_string());
    }
  }
  co_await delivery.close();
  co_return text;
}

// RFC 2033 §4.2
TEST_F(Dovecot, takes_letters_by_lmtp_and_shows_them_by_imap) {
  const addressing::ToLmtp socket{.unix_path = (place_ / "lmtp").string(), .address = std::nullopt};
  const addressing::ToLmtp tcp{.unix_path = {}, .address = IpAddress::parse("127.0.0.1"), .port = lmtp_port_};
  std::vector<local::LocalJob> jobs;
  jobs.push_back(job({"alice@here.test", "nobody@here.test", "full@here.test"}, socket));
  jobs.push_back(job({"alice+lists@here.test"}, socket));
  jobs.push_back(job({"alice@here.test"}, tcp));
  EXPECT_EQ(run_coroutine(deliver(std::move(jobs))),
            "delivered 2.0.0\nbounced 5.1.1\nbounced 5.2.2\ndelivered 2.0.0\ndelivered 2.0.0\n");
  // Of several recipients Dovecot names none to the others.
  EXPECT_EQ(mailbox_of("alice@here.test"),
            "Return-Path: <sender@there.test> | whole\n"
            "Return-Path: <sender@there.test> | Delivered-To: alice+lists@here.test | whole\n"
            "Return-Path: <sender@there.test> | Delivered-To: alice@here.test | whole\n");
  EXPECT_EQ(mailbox_of("full@here.test"), "");
}

TEST_F(Dovecot, reads_the_maildirs_that_we_write) {
  const addressing::ToMaildir maildir{.root = (place_ / "mail").string()};
  std::vector<local::LocalJob> jobs;
  jobs.push_back(job({"bob@here.test"}, maildir));
  jobs.push_back(job({"bob@here.test"}, maildir));
  EXPECT_EQ(run_coroutine(deliver(std::move(jobs))), "delivered 2.0.0\ndelivered 2.0.0\n");
  hand_over();
  EXPECT_EQ(mailbox_of("bob@here.test"),
            "Return-Path: <sender@there.test> | Delivered-To: bob@here.test | whole\n"
            "Return-Path: <sender@there.test> | Delivered-To: bob@here.test | whole\n");
}

}  // namespace
}  // namespace postseal::tests
