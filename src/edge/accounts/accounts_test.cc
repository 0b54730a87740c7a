// SPDX-License-Identifier: Apache-2.0
#include "edge/accounts/accounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "edge/accounts/account_file.h"
#include "edge/accounts/password_hash.h"
#include "edge/accounts/throttle.h"
#include "tests/run_coroutine.h"
#include "tests/still_clock.h"
#include "vocab/await_all.h"

namespace postseal::accounts {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Mailbox mailbox(std::string_view text) { return *Mailbox::parse(text); }
IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

const IpAddress kHome = address("192.0.2.1");
const Mailbox kAlice = mailbox("alice@example.org");

struct AccountsTest : testing::Test {
  AccountsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "accounts-XXXXXX").string();
    directory = std::filesystem::path(::mkdtemp(name.data())) / "accounts";
    accounts.emplace(directory.string(), clock, 2);
  }
  ~AccountsTest() override {
    accounts.reset();
    std::filesystem::remove_all(directory.parent_path());
  }

  LoginVerdict check(std::string user, std::string password, IpAddress peer = kHome) {
    return tests::run_coroutine(accounts->check_password(std::move(user), std::move(password), peer));
  }
  std::string file() const { return (directory / "alice@example.org.json").string(); }

  tests::StillClock clock{WallTime{Seconds{1'750'000'000}}};
  std::filesystem::path directory;
  std::optional<Accounts> accounts;
};

TEST_F(AccountsTest, a_password_is_right_or_wrong) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  EXPECT_EQ(check("alice@example.org", "correct horse"), LoginVerdict::Right);
  EXPECT_EQ(check("Alice@Example.ORG", "correct horse"), LoginVerdict::Right) << "however it is typed";
  EXPECT_EQ(check("alice@example.org", "correct hors"), LoginVerdict::Wrong);
  EXPECT_EQ(check("alice@example.org", ""), LoginVerdict::Wrong);
  EXPECT_EQ(check("bob@example.org", "correct horse"), LoginVerdict::Wrong);
  EXPECT_EQ(check("../alice@example.org", "correct horse"), LoginVerdict::Wrong);
  EXPECT_EQ(check("alice", "correct horse"), LoginVerdict::Wrong);
  EXPECT_EQ(check(std::string(500, 'a') + "@example.org", "correct horse"), LoginVerdict::Wrong);
}

TEST_F(AccountsTest, what_is_kept_shows_no_password_and_nobody_else_can_read_it) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  struct stat status{};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  std::ifstream in(file());
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_THAT(text, HasSubstr("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_THAT(text, testing::Not(HasSubstr("correct horse")));
}

TEST_F(AccountsTest, a_file_that_others_can_read_is_refused_and_said_so) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  ASSERT_EQ(::chmod(file().c_str(), 0640), 0);
  EXPECT_EQ(check("alice@example.org", "correct horse"), LoginVerdict::Unavailable) << "unknown is not wrong";
  EXPECT_THAT(accounts->load(kAlice).error(), HasSubstr("chmod 600"));
}

TEST_F(AccountsTest, a_broken_file_is_unknown_not_wrong) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  std::ofstream(file()) << "{\"format\": 1";
  EXPECT_EQ(check("alice@example.org", "correct horse"), LoginVerdict::Unavailable);
  EXPECT_EQ(tests::run_coroutine(accounts->scram_keys("alice@example.org", kHome)).verdict, LoginVerdict::Unavailable);
}

TEST_F(AccountsTest, app_passwords_are_good_beside_the_main_one_until_they_are_removed) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  const auto phone = accounts->add_app_password(kAlice, "phone");
  const auto laptop = accounts->add_app_password(kAlice, "laptop");
  ASSERT_TRUE(phone && laptop);
  EXPECT_EQ(phone->size(), 20u);
  EXPECT_EQ(check("alice@example.org", *phone), LoginVerdict::Right);
  EXPECT_EQ(check("alice@example.org", phone->substr(0, 5) + "-" + phone->substr(5, 5) + " " + phone->substr(10)),
            LoginVerdict::Right);
  EXPECT_EQ(check("alice@example.org", "correct horse"), LoginVerdict::Right);
  EXPECT_EQ(check("alice@example.org", phone->substr(0, 4) + laptop->substr(4)), LoginVerdict::Wrong);
  EXPECT_FALSE(accounts->add_app_password(kAlice, "phone")) << "the name is taken";
  ASSERT_TRUE(accounts->remove_app_password(kAlice, "phone"));
  EXPECT_EQ(check("alice@example.org", *phone), LoginVerdict::Wrong);
  EXPECT_EQ(check("alice@example.org", *laptop), LoginVerdict::Right);
  EXPECT_EQ(accounts->load(kAlice)->app_passwords.size(), 1u);
}

TEST_F(AccountsTest, locked_is_said_only_to_who_knows_the_password) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  auto info = *accounts->load(kAlice);
  info.locked = true;
  ASSERT_TRUE(accounts->save(info));
  EXPECT_EQ(check("alice@example.org", "correct horse"), LoginVerdict::Locked);
  EXPECT_EQ(check("alice@example.org", "wrong horse"), LoginVerdict::Wrong);
  EXPECT_FALSE(tests::run_coroutine(accounts->scram_keys("alice@example.org", kHome)).known);
}

TEST_F(AccountsTest, made_up_scram_keys_stay_the_same_and_look_right) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  const auto real = tests::run_coroutine(accounts->scram_keys("alice@example.org", kHome));
  EXPECT_TRUE(real.known);
  const auto fake = tests::run_coroutine(accounts->scram_keys("bob@example.org", kHome));
  EXPECT_FALSE(fake.known);
  EXPECT_EQ(fake.keys.salt.size(), real.keys.salt.size());
  EXPECT_EQ(fake.keys.iterations, real.keys.iterations);
  EXPECT_EQ(fake.keys.stored_key.size(), 32u);
  EXPECT_NE(tests::run_coroutine(accounts->scram_keys("carol@example.org", kHome)).keys.salt, fake.keys.salt);
  accounts.emplace(directory.string(), clock, 1);  // after a restart
  EXPECT_EQ(tests::run_coroutine(accounts->scram_keys("BOB@example.org", kHome)).keys, fake.keys);
}

TEST_F(AccountsTest, the_made_up_salt_does_not_depend_on_who_really_exists) {
  const auto before = tests::run_coroutine(accounts->scram_keys("bob@example.org", kHome));
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  EXPECT_EQ(tests::run_coroutine(accounts->scram_keys("bob@example.org", kHome)).keys, before.keys);
}

TEST_F(AccountsTest, what_is_saved_comes_back_and_changes_keep_the_rest) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  EXPECT_FALSE(accounts->create(mailbox("ALICE@example.org"), "x")) << "the same login";
  auto info = *accounts->load(kAlice);
  info.may_send_as = {mailbox("info@example.org")};
  info.forward_to = {mailbox("alice@elsewhere.test")};
  info.keep_copy = false;
  ASSERT_TRUE(accounts->save(info));
  ASSERT_TRUE(accounts->set_password(kAlice, "new horse"));
  EXPECT_EQ(check("alice@example.org", "new horse"), LoginVerdict::Right);
  EXPECT_EQ(check("alice@example.org", "correct horse"), LoginVerdict::Wrong);
  const auto again = accounts->load(kAlice);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->may_send_as, info.may_send_as);
  EXPECT_EQ(again->forward_to, info.forward_to);
  EXPECT_FALSE(again->keep_copy);
  ASSERT_TRUE(accounts->create(mailbox("Bob.Builder+x@example.org"), "horse"));
  const auto all = accounts->list();
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[1].address.to_string(), "bob.builder+x@example.org");
  ASSERT_TRUE(accounts->remove(kAlice));
  EXPECT_FALSE(accounts->remove(kAlice));
  EXPECT_EQ(check("alice@example.org", "new horse"), LoginVerdict::Wrong);
}

TEST_F(AccountsTest, what_cannot_be_a_password_or_a_name_is_refused) {
  EXPECT_FALSE(accounts->create(kAlice, ""));
  EXPECT_FALSE(accounts->create(kAlice, "\xff\xfe"));
  EXPECT_FALSE(accounts->create(mailbox("alice@[192.0.2.1]"), "horse"));
}

Awaitable<std::vector<LoginVerdict>> many_at_once(Accounts* accounts, int count) {
  std::vector<Awaitable<LoginVerdict>> logins;
  for (int i = 0; i < count; ++i)
    logins.push_back(accounts->check_password("u" + std::to_string(i) + "@example.org", "x",
                                              IpAddress::v4({10, static_cast<std::uint8_t>(i), 0, 1})));
  co_return co_await await_all(std::move(logins));
}

TEST_F(AccountsTest, a_flood_of_logins_is_told_to_come_back_A23) {
  accounts.emplace(directory.string(), clock, 1);
  const auto verdicts = tests::run_coroutine(many_at_once(&*accounts, 80));
  EXPECT_EQ(std::ranges::count(verdicts, LoginVerdict::Wrong), 64);
  EXPECT_EQ(std::ranges::count(verdicts, LoginVerdict::Unavailable), 16);
}

TEST_F(AccountsTest, guessing_is_slowed_down_A23) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(check("alice@example.org", "guess"), LoginVerdict::Wrong);
  EXPECT_EQ(check("alice@example.org", "correct horse"), LoginVerdict::Throttled);
  EXPECT_EQ(tests::run_coroutine(accounts->scram_keys("alice@example.org", kHome)).verdict, LoginVerdict::Throttled);
  clock.advance(Seconds{30});
  EXPECT_EQ(check("alice@example.org", "correct horse"), LoginVerdict::Right);
}

/// Each from another network, so that the user's own count is the one that matters.
Awaitable<std::vector<LoginVerdict>> guesses_at_once(Accounts* accounts, std::vector<std::string> passwords) {
  std::vector<Awaitable<LoginVerdict>> logins;
  for (std::size_t i = 0; i < passwords.size(); ++i)
    logins.push_back(accounts->check_password("alice@example.org", std::move(passwords[i]),
                                              IpAddress::v4({10, static_cast<std::uint8_t>(i), 0, 1})));
  co_return co_await await_all(std::move(logins));
}

TEST_F(AccountsTest, guesses_made_at_once_are_no_cheaper_than_one_after_another_A23) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  accounts.emplace(directory.string(), clock, 1);
  std::vector<std::string> passwords(20, "guess");
  passwords.push_back("correct horse");
  const auto verdicts = tests::run_coroutine(guesses_at_once(&*accounts, passwords));
  EXPECT_EQ(std::ranges::count(verdicts, LoginVerdict::Wrong), 5);
  EXPECT_EQ(verdicts.back(), LoginVerdict::Throttled) << "the right one is not told from the others";
  clock.advance(Seconds{2});
  EXPECT_EQ(check("alice@example.org", "correct horse"), LoginVerdict::Right);
}

TEST_F(AccountsTest, a_locked_account_is_not_told_of_among_guesses_made_at_once) {
  ASSERT_TRUE(accounts->create(kAlice, "correct horse"));
  auto info = *accounts->load(kAlice);
  info.locked = true;
  ASSERT_TRUE(accounts->save(info));
  accounts.emplace(directory.string(), clock, 1);
  std::vector<std::string> passwords(10, "guess");
  passwords.push_back("correct horse");
  EXPECT_EQ(tests::run_coroutine(guesses_at_once(&*accounts, passwords)).back(), LoginVerdict::Throttled);
}

TEST(AccountFile, every_field_survives) {
  AccountRecord record;
  record.address = kAlice;
  const Secret secret{"$argon2id$x", {"salt", 10000, std::string(32, '\1'), std::string(32, '\xff')}};
  record.password = secret;
  record.app_passwords = {{"phone", WallTime{Seconds{5}}, "abcd", secret}};
  record.may_send_as = {mailbox("info@example.org")};
  record.forward_to = {mailbox("x@elsewhere.test")};
  record.keep_copy = false;
  record.locked = true;
  record.totp_secret = "ABC234";
  const auto again = parse_account(format_account(record));
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(*again, record);
  EXPECT_FALSE(parse_account("[]"));
  EXPECT_FALSE(parse_account("{\"format\":2}"));
}

TEST(AccountFile, names_stay_in_their_directory) {
  EXPECT_EQ(file_name_of(kAlice), "alice@example.org.json");
  EXPECT_EQ(file_name_of(mailbox("\".hidden/../x\"@example.org")), "%22.hidden%2F..%2Fx%22@example.org.json");
}

TEST(PasswordHash, unknown_hashes_are_unknown_not_wrong) {
  const auto hash = hash_password("horse", {64, 1, 1});
  ASSERT_TRUE(hash);
  EXPECT_THAT(*hash, StartsWith("$argon2id$"));
  EXPECT_EQ(verify_password("horse", *hash), true);
  EXPECT_EQ(verify_password("hors", *hash), false);
  EXPECT_EQ(verify_password("horse", "$2y$10$abc"), std::nullopt);
}

struct ThrottleTest : testing::Test {
  void fail(int times, std::string_view user, const IpAddress& peer) {
    for (int i = 0; i < times; ++i) throttle.note(user, peer, false);
  }
  tests::StillClock clock{WallTime{Seconds{1'750'000'000}}};
  Throttle throttle{clock, 1000};
};

TEST_F(ThrottleTest, each_failure_doubles_the_wait) {
  fail(8, "alice", kHome);
  clock.advance(Seconds{7});
  EXPECT_TRUE(throttle.must_wait("alice", kHome));
  clock.advance(Seconds{2});
  EXPECT_FALSE(throttle.must_wait("alice", kHome));
}

TEST_F(ThrottleTest, addresses_and_networks_have_their_own_counts) {
  struct Row {
    const char* from;
    const char* asked;
    bool waits;
  };
  const Row rows[] = {
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.8", true},
      {"192.0.2.7", "192.0.3.7", false},
      {"2001:db8:1:100::1", "2001:db8:1:1ff::9", true},
      {"2001:db8:1:100::1", "2001:db8:1:200::1", false},
  };
  for (const auto& row : rows) {
    Throttle fresh(clock);
    for (int i = 0; i < 60; ++i) fresh.note("user" + std::to_string(i), address(row.from), false);
    EXPECT_EQ(fresh.must_wait("somebody", address(row.asked)), row.waits) << row.asked;
  }
}

TEST_F(ThrottleTest, strangers_do_not_lock_a_user_out_of_where_he_usually_is) {
  throttle.note("alice", kHome, true);
  for (int i = 0; i < 30; ++i) throttle.note("alice", IpAddress::v4({10, static_cast<std::uint8_t>(i), 0, 1}), false);
  EXPECT_FALSE(throttle.must_wait("alice", kHome));
  EXPECT_TRUE(throttle.must_wait("alice", address("203.0.113.9")));
}

TEST_F(ThrottleTest, a_right_password_does_not_clean_the_address_that_guesses_at_others) {
  fail(12, "victim", kHome);
  throttle.note("own", kHome, true);
  EXPECT_TRUE(throttle.must_wait("victim2", kHome));
}

TEST_F(ThrottleTest, counts_decay_and_waits_have_an_end) {
  fail(100, "alice", kHome);
  clock.advance(Throttle::kLongestWait);
  EXPECT_FALSE(throttle.must_wait("alice", kHome));
  fail(1, "alice", kHome);
  EXPECT_TRUE(throttle.must_wait("alice", kHome));
  clock.advance(Seconds{86400});
  fail(1, "alice", kHome);
  EXPECT_FALSE(throttle.must_wait("alice", kHome));
}

TEST_F(ThrottleTest, memory_is_bounded_whatever_names_come) {
  for (int i = 0; i < 5000; ++i)
    throttle.note("u" + std::to_string(i),
                  IpAddress::v4({10, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 1}), false);
  EXPECT_EQ(throttle.size(), 1000u);
}

}  // namespace
}  // namespace postseal::accounts
