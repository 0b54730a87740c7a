// SPDX-License-Identifier: Apache-2.0
// Keys in force, what is signed with them, and how they grow old.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "flow/sign/outgoing.h"
#include "flow/sign/rotation.h"
#include "protocol/dkim/verify.h"
#include "tests/certificates.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"

namespace postseal::sign {
namespace {

using dkim::KeyType;
using dkim_keys::InDns;
using dkim_keys::KeyDirectory;
using dkim_keys::Stage;
using testing::ElementsAre;
using testing::HasSubstr;
using tests::kNoon;

Domain domain(std::string_view text) { return *Domain::parse(text); }
Deadline soon() { return Deadline::in(std::chrono::seconds(10)); }
Awaitable<void> work_here(std::function<void()> work) {
  work();
  co_return;
}

const std::string kText = "From: Postmaster <postmaster@mx.example.org>\r\nTo: a@b.test\r\nSubject: s\r\n\r\nhello\r\n";

/// RFC 6376 §3.6.2.2: a record is longer than one string of a TXT record may be.
std::vector<std::string> in_strings(const std::string& record) {
  if (record.size() <= 200) return {record};
  return {record.substr(0, 200), record.substr(200)};
}

class SignTest : public testing::Test {
 protected:
  SignTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sign-XXXXXX").string();
    home_ = ::mkdtemp(name.data());
    directory.emplace(home_ + "/dkim");
  }
  ~SignTest() override { std::filesystem::remove_all(home_); }

  /// An Ed25519 and an RSA key at this stage.
  dkim_keys::KeyBook make(std::string_view name, Stage stage) {
    auto book = directory->load(domain(name)).value();
    for (const auto type : {KeyType::Ed25519, KeyType::Rsa}) {
      (void)directory->add(book, type, "", kNoon).value();
      book.keys.back().stage = stage;
    }
    EXPECT_TRUE(directory->save(book));
    return book;
  }
  void publish(const dkim_keys::KeyBook& book) {
    for (const auto& entry : book.keys) {
      dns.txt(entry.selector + "._domainkey." + book.domain.ascii(),
              {in_strings(directory->read_key(book.domain, entry.selector)->record())});
    }
  }
  std::shared_ptr<const KeyRing> ring() {
    std::vector<std::string> complaints;
    auto loaded = std::make_shared<const KeyRing>(load_ring(*directory, {}, complaints));
    EXPECT_THAT(complaints, testing::IsEmpty());
    return loaded;
  }
  std::vector<std::string> stages(std::string_view name) {
    std::vector<std::string> result;
    for (const auto& entry : directory->load(domain(name))->keys) result.emplace_back(to_string(entry.stage));
    return result;
  }
  Rotation look(WallTime now) { return tests::run_coroutine(look_after(*directory, dns, periods, now, soon())); }

  std::optional<KeyDirectory> directory;
  tests::FakeResolver dns;
  dkim_keys::Periods periods{Seconds(3600), Seconds(86400)};

 private:
  std::string home_;
};

// RFC 8463 §3: both, side by side, so that everybody can check one.
TEST_F(SignTest, every_active_key_signs_rsa_first) {
  publish(make("example.org", Stage::Active));
  const auto done = tests::run_coroutine(sign_text(kText, ring(), work_here, kNoon));
  EXPECT_EQ(done.problem, "");
  EXPECT_EQ(done.domain, domain("example.org")) << "the nearest domain above the author's that has keys";
  auto pass = std::make_shared<dkim::MessagePass>();
  pass->feed(done.fields + kText);
  pass->finish();
  const auto verdicts = tests::run_coroutine(dkim::verify(pass, dns, work_here, kNoon, soon()));
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].algorithm, "rsa-sha256");
  EXPECT_EQ(verdicts[0].key_bits, 2048u);
  EXPECT_EQ(verdicts[1].algorithm, "ed25519-sha256");
  for (const auto& verdict : verdicts) EXPECT_EQ(verdict.result, dkim::Result::Pass) << verdict.reason;
}

TEST_F(SignTest, keys_that_wait_or_have_retired_sign_nothing) {
  make("example.org", Stage::Published);
  make("example.net", Stage::Retired);
  EXPECT_TRUE(ring()->empty());
  EXPECT_EQ(tests::run_coroutine(sign_text(kText, ring(), work_here, kNoon)).fields, "");
}

TEST_F(SignTest, other_peoples_domains_are_not_signed_for) {
  make("example.org", Stage::Active);
  for (const char* from : {"a@example.net", "a@notexample.org", "a@org", "a@example.org, b@example.net"}) {
    const auto done =
        tests::run_coroutine(sign_text("From: " + std::string(from) + "\r\n\r\nhello\r\n", ring(), work_here, kNoon));
    EXPECT_EQ(done.fields, "") << from;
  }
}

TEST_F(SignTest, a_key_that_cannot_be_read_is_named_and_the_others_sign) {
  const auto book = make("example.org", Stage::Active);
  ASSERT_TRUE(directory->remove_key(book.domain, book.keys[0].selector));
  std::vector<std::string> complaints;
  const auto loaded = load_ring(*directory, {}, complaints);
  EXPECT_THAT(complaints, ElementsAre(HasSubstr(book.keys[0].selector + ".pem")));
  EXPECT_EQ(loaded.find(book.domain)->keys.size(), 1u);
}

// RFC 6376 §3.1: published first, signing later.
// A disk's bad moment, or a permission that is mended a minute later: letters go on being signed meanwhile.
TEST_F(SignTest, what_cannot_be_read_stays_in_force_as_it_was) {
  const auto book = make("example.org", Stage::Active);
  const auto before = ring();
  const auto folder = std::filesystem::path(directory->path()) / "example.org";
  const auto load = [&] {
    std::vector<std::string> complaints;
    const auto loaded = load_ring(*directory, *before, complaints);
    EXPECT_EQ(complaints.size(), 1u);
    std::vector<std::string> selectors;
    for (const auto& key : loaded.keys_of(domain("example.org"))) selectors.push_back(key.selector);
    return selectors;
  };
  const std::vector<std::string> both{book.keys[1].selector, book.keys[0].selector};
  const auto spoil = [](const std::filesystem::path& file) {
    std::filesystem::rename(file, file.string() + ".away");
    std::filesystem::create_directory(file);
  };
  const auto mend = [](const std::filesystem::path& file) {
    std::filesystem::remove(file);
    std::filesystem::rename(file.string() + ".away", file);
  };
  spoil(folder / (book.keys[0].selector + ".pem"));
  EXPECT_EQ(load(), both) << "a key";
  mend(folder / (book.keys[0].selector + ".pem"));
  spoil(folder / "keys.json");
  EXPECT_EQ(load(), both) << "a book";
  mend(folder / "keys.json");
  std::filesystem::rename(directory->path(), directory->path() + ".away");
  std::filesystem::create_symlink("dkim", directory->path());
  EXPECT_EQ(load(), both) << "the directory";
}

TEST_F(SignTest, reverse_paths_are_undone_as_long_as_there_is_a_secret) {
  std::vector<std::string> complaints;
  EXPECT_FALSE(load_rewriter(*directory, false, {}, complaints)) << "never switched on";
  const auto first = load_rewriter(*directory, true, {}, complaints);
  ASSERT_TRUE(first);
  const auto sender = *Mailbox::parse("x@elsewhere.test");
  const auto path = first->forward(sender, domain("example.org"), kNoon).value();
  const auto off = load_rewriter(*directory, false, {}, complaints);
  ASSERT_TRUE(off) << "switched off";
  EXPECT_EQ(off->reverse(path, domain("example.org"), kNoon).value(), sender);
  EXPECT_TRUE(complaints.empty());

  const auto file = std::filesystem::path(directory->path()) / "srs-secret";
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  const auto kept = load_rewriter(*directory, true, first, complaints);
  ASSERT_TRUE(kept) << "cannot be read";
  EXPECT_EQ(kept->reverse(path, domain("example.org"), kNoon).value(), sender);
  EXPECT_EQ(complaints.size(), 1u);
}

TEST_F(SignTest, keys_sign_when_dns_shows_their_records) {
  const auto book = make("example.org", Stage::Published);
  EXPECT_FALSE(look(kNoon).changed);
  EXPECT_THAT(stages("example.org"), ElementsAre("published", "published"));
  publish(book);
  EXPECT_TRUE(look(kNoon).changed);
  EXPECT_THAT(stages("example.org"), ElementsAre("active", "active"));
}

TEST_F(SignTest, a_newer_key_waits_for_those_who_still_know_the_older_record) {
  make("example.org", Stage::Active);
  publish(make("example.org", Stage::Published));
  EXPECT_FALSE(look(kNoon).changed);
  EXPECT_FALSE(look(kNoon + Seconds(3599)).changed);
  EXPECT_TRUE(look(kNoon + Seconds(3600)).changed);
  EXPECT_THAT(stages("example.org"), ElementsAre("retired", "retired", "active", "active"));
  const auto after = look(kNoon + Seconds(3600 + 86400));
  EXPECT_THAT(stages("example.org"), ElementsAre("active", "active"));
  EXPECT_THAT(after.lines, ElementsAre(HasSubstr("out of DNS"), HasSubstr("out of DNS")));
}

TEST_F(SignTest, a_record_of_another_key_or_an_answer_that_is_bogus_starts_nothing) {
  const auto book = make("example.org", Stage::Published);
  publish(make("example.net", Stage::Published));
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string name = book.keys[i].selector + "._domainkey.example.org";
    dns.txt(name, {in_strings(directory->read_key(domain("example.net"), book.keys[i].selector)->record())});
  }
  (void)look(kNoon);
  EXPECT_THAT(stages("example.org"), ElementsAre("published", "published"));
  EXPECT_THAT(stages("example.net"), ElementsAre("active", "active"));
  publish(book);
  for (const auto& entry : book.keys) {
    dns.state(entry.selector + "._domainkey.example.org", dns::RecordType::TXT, dns::AnswerState::Bogus, false);
  }
  (void)look(kNoon);
  EXPECT_THAT(stages("example.org"), ElementsAre("published", "published"));
}

}  // namespace
}  // namespace postseal::sign
