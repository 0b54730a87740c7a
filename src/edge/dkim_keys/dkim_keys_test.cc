// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "edge/dkim_keys/key_directory.h"

namespace postseal::dkim_keys {
namespace {

using dkim::KeyType;

constexpr WallTime kNow{Seconds{1'795'348'800}};  // 2026-11-22
const Domain kDomain = *Domain::parse("example.org");

KeyEntry entry(std::string selector, KeyType type, Stage stage, std::optional<WallTime> seen = {}) {
  return {std::move(selector), type, stage, kNow - Seconds(10), seen, {}, {}};
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "dkim-keys-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_ + "/dkim"; }

 private:
  std::string path_;
};

TEST(KeyBook, is_read_as_it_was_written) {
  KeyBook book{kDomain,
               {entry("e1", KeyType::Ed25519, Stage::Active, kNow), entry("r1", KeyType::Rsa, Stage::Retired)}};
  book.keys[0].activated = kNow;
  book.keys[1].retired = kNow + Seconds(5);
  EXPECT_EQ(parse_book(format_book(book)).value(), book);
  EXPECT_EQ(parse_book(format_book({kDomain, {}})).value(), (KeyBook{kDomain, {}}));
}

TEST(KeyBook, what_it_does_not_understand_is_refused) {
  const std::string good = format_book({kDomain, {entry("e1", KeyType::Ed25519, Stage::Active)}});
  for (const auto& [from, to] :
       std::initializer_list<std::pair<std::string, std::string>>{{"\"format\":1", "\"format\":2"},
                                                                  {"active", "resting"},
                                                                  {"ed25519", "dsa"},
                                                                  {"example.org", "a b"},
                                                                  {"e1", "../e1"},
                                                                  {"selector", "selected"},
                                                                  {"{", "["}}) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    EXPECT_FALSE(parse_book(text)) << text;
  }
}

// RFC 6376 §3.1: a verifier must find the key before the first letter signed with it.
TEST(KeyBook, a_key_signs_only_after_dns_has_shown_it_for_long_enough) {
  const Periods periods{Seconds(3600), Seconds(86400)};
  KeyBook book{kDomain, {entry("r1", KeyType::Rsa, Stage::Active), entry("r2", KeyType::Rsa, Stage::Published)}};
  EXPECT_FALSE(advance(book, periods, kNow + Seconds(1'000'000))) << "not shown at all";
  note_sighting(book.keys[1], InDns::Shown, kNow);
  EXPECT_FALSE(advance(book, periods, kNow + Seconds(3599)));
  note_sighting(book.keys[1], InDns::Unknown, kNow + Seconds(3000));
  note_sighting(book.keys[1], InDns::Shown, kNow + Seconds(3599));
  EXPECT_TRUE(advance(book, periods, kNow + Seconds(3600))) << "neither does unknown begin anew, nor being shown again";
  EXPECT_EQ(book.keys[1].stage, Stage::Active);
  EXPECT_EQ(book.keys[0].stage, Stage::Retired);
  EXPECT_EQ(book.keys[0].retired, kNow + Seconds(3600));
  EXPECT_FALSE(advance(book, periods, kNow + Seconds(3600)));
}

TEST(KeyBook, a_record_that_vanishes_begins_the_wait_anew) {
  KeyBook book{kDomain, {entry("r1", KeyType::Rsa, Stage::Active), entry("r2", KeyType::Rsa, Stage::Published)}};
  note_sighting(book.keys[1], InDns::Shown, kNow);
  note_sighting(book.keys[1], InDns::NotShown, kNow + Seconds(10));
  EXPECT_FALSE(advance(book, {}, kNow + Seconds(4000)));
}

TEST(KeyBook, the_first_key_of_a_type_signs_as_soon_as_it_is_shown) {
  KeyBook book{kDomain,
               {entry("r1", KeyType::Rsa, Stage::Active), entry("e1", KeyType::Ed25519, Stage::Published, kNow)}};
  EXPECT_TRUE(advance(book, {}, kNow));
  EXPECT_EQ(book.keys[0].stage, Stage::Active) << "of another type";
  EXPECT_EQ(book.keys[1].stage, Stage::Active);
}

TEST(KeyBook, a_retired_key_stays_for_letters_on_their_way) {
  auto key = entry("r1", KeyType::Rsa, Stage::Retired);
  key.retired = kNow;
  const Periods periods{Seconds(0), Seconds(100)};
  EXPECT_FALSE(may_go(key, periods, kNow + Seconds(99)));
  EXPECT_TRUE(may_go(key, periods, kNow + Seconds(100)));
  key.stage = Stage::Active;
  EXPECT_FALSE(may_go(key, periods, kNow + Seconds(100)));
}

TEST(KeyBook, selectors_name_type_and_day_and_are_never_given_twice) {
  KeyBook book{kDomain, {}};
  for (const char* expected : {"r20261122", "r20261122b", "r20261122c"}) {
    EXPECT_EQ(new_selector(book, KeyType::Rsa, kNow), expected);
    book.keys.push_back(entry(expected, KeyType::Rsa, Stage::Retired));
  }
  EXPECT_EQ(new_selector(book, KeyType::Ed25519, kNow), "e20261122");
}

TEST(KeyBook, a_selector_is_no_path_and_no_pattern) {
  for (const char* good : {"a", "r2026", "a.b", "a-1"}) EXPECT_TRUE(is_selector(good)) << good;
  for (const char* bad : {"", ".", "..", "a/b", "../a", "-a", "a-", "a..b", "A", "a b", "a_b", "*", "a.-b"})
    EXPECT_FALSE(is_selector(bad)) << bad;
}

TEST(KeyDirectory, keys_are_there_again_and_nobody_else_can_read_them) {
  const Folder folder;
  const KeyDirectory directory(folder.path());
  EXPECT_TRUE(directory.domains().value().empty());
  auto book = directory.load(kDomain).value();
  EXPECT_TRUE(book.keys.empty());
  const auto ed = directory.add(book, KeyType::Ed25519, "", kNow).value();
  const auto rsa = directory.add(book, KeyType::Rsa, "mine", kNow).value();
  EXPECT_EQ(rsa.bits(), 2048u);
  EXPECT_FALSE(directory.add(book, KeyType::Rsa, "mine", kNow)) << "a key is never written over";
  EXPECT_FALSE(directory.add(book, KeyType::Rsa, "../mine", kNow));
  ASSERT_TRUE(directory.save(book));
  EXPECT_EQ(directory.domains().value(), std::vector{kDomain});
  EXPECT_EQ(directory.load(kDomain).value(), book);
  EXPECT_EQ(directory.read_key(kDomain, "e20261122")->record(), ed.record());
  EXPECT_EQ(directory.read_key(kDomain, "mine")->record(), rsa.record());
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder.path())) {
    struct stat status{};
    ASSERT_EQ(::stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0077, 0u) << file.path();
  }
  ASSERT_TRUE(directory.remove_key(kDomain, "mine"));
  EXPECT_FALSE(directory.read_key(kDomain, "mine"));
}

TEST(KeyDirectory, a_book_of_another_domain_is_refused) {
  const Folder folder;
  const KeyDirectory directory(folder.path());
  ASSERT_TRUE(directory.save({kDomain, {}}));
  std::filesystem::rename(folder.path() + "/example.org", folder.path() + "/example.net");
  EXPECT_FALSE(directory.load(*Domain::parse("example.net")));
}

TEST(KeyDirectory, the_secret_is_made_once) {
  const Folder folder;
  const std::string secret = KeyDirectory(folder.path()).srs_secret().value();
  EXPECT_EQ(secret.size(), 64u);
  EXPECT_EQ(KeyDirectory(folder.path()).srs_secret().value(), secret);
  EXPECT_EQ(KeyDirectory(folder.path()).existing_srs_secret().value(), secret);
  EXPECT_EQ(KeyDirectory(Folder().path()).existing_srs_secret().value(), std::nullopt);
}

TEST(KeyDirectory, a_book_that_is_put_back_from_a_backup_is_a_change_too) {
  const Folder folder;
  const KeyDirectory directory(folder.path());
  EXPECT_TRUE(directory.times().empty());
  ASSERT_TRUE(directory.save({kDomain, {}}));
  ASSERT_TRUE(directory.save({*Domain::parse("example.net"), {}}));
  const auto before = directory.times();
  EXPECT_EQ(before.size(), 2u);
  EXPECT_EQ(directory.times(), before);
  const std::filesystem::path book = folder.path() + "/example.org/keys.json";
  std::filesystem::last_write_time(book, before.at("example.org") - std::chrono::hours(24));
  EXPECT_NE(directory.times(), before) << "older than the newest";
  std::filesystem::remove(book);
  EXPECT_EQ(directory.times().size(), 1u);
  ASSERT_TRUE(directory.srs_secret());
  EXPECT_EQ(directory.times().size(), 2u) << "the secret";
}

}  // namespace
}  // namespace postseal::dkim_keys
