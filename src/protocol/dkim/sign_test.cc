// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/sign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "protocol/dkim/stage_test.h"

namespace postseal::dkim {
namespace {

using namespace stage;
using testing::HasSubstr;
using testing::Not;

SignSettings settings(const SigningKey& key = ed25519_key()) {
  SignSettings settings;
  settings.domain = *Domain::parse("example.org");
  settings.selector = "s";
  settings.key = std::make_shared<SigningKey>(key);
  settings.time = kNow;
  return settings;
}

std::expected<std::string, SignError> sign_text(const SignSettings& settings, std::string_view message = letter()) {
  Signer signer({settings});
  signer.feed(message);
  return signer.finish();
}

std::string unfolded(std::string text) {
  std::erase(text, '\r');
  std::erase(text, '\n');
  std::erase(text, '\t');
  return text;
}

TEST(DkimSign, says_what_it_was_told_and_never_l) {
  SignSettings with = settings();
  with.headers = {"From", "Subject", "subject"};
  with.expiry = kNow + Seconds(3600);
  with.identity = "alice@example.org";
  with.canonicalization = {Canonicalization::Simple, Canonicalization::Relaxed};
  const std::string field = unfolded(*sign_text(with));
  EXPECT_THAT(field, testing::StartsWith("DKIM-Signature: v=1; a=ed25519-sha256; c=simple/relaxed; d=example.org;"));
  for (const char* part :
       {"s=s;", "i=alice@example.org;", "t=1700000000;", "x=1700003600;", "h=From:Subject:subject;", "bh="}) {
    EXPECT_THAT(field, HasSubstr(part));
  }
  EXPECT_THAT(field, Not(HasSubstr(" l=")));
}

TEST(DkimSign, lines_are_short) {
  SignSettings with = settings(rsa_key());
  for (int i = 0; i < 40; ++i) with.headers.push_back("X-Some-Name-" + std::to_string(i));
  with.headers.push_back("From");
  std::istringstream lines(*sign_text(with));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 79u) << line;
}

TEST(DkimSign, oversigns_what_readers_see) {
  // RFC 6376 §8.15.
  tests::FakeResolver resolver;
  publish(resolver, {ed25519_key().record()});
  const std::string whole = *sign_text(settings()) + letter();
  EXPECT_EQ(verify_text(whole, resolver).at(0).result, Result::Pass);
  for (const char* name :
       {"From", "Subject", "Date", "To", "Cc", "Reply-To", "Message-ID", "Content-Type", "MIME-Version"}) {
    EXPECT_EQ(verify_text(std::string(name) + ": x\r\n" + whole, resolver).at(0).result, Result::Fail) << name;
  }
  for (const char* name : {"Received", "List-Id", "Sender", "Authentication-Results"}) {
    EXPECT_EQ(verify_text(std::string(name) + ": x\r\n" + whole, resolver).at(0).result, Result::Pass) << name;
  }
}

TEST(DkimSign, several_keys_sign_in_one_pass) {
  Signer signer({settings(rsa_key()), settings()});
  for (char c : letter()) signer.feed({&c, 1});
  const auto fields = signer.finish();
  ASSERT_TRUE(fields);
  tests::FakeResolver resolver;
  publish(resolver, {ed25519_key().record(), rsa_key().record()});
  const auto verdicts = verify_text(*fields + letter(), resolver);
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].algorithm, "rsa-sha256");
  EXPECT_EQ(verdicts[0].result, Result::Pass) << verdicts[0].reason;
  EXPECT_EQ(verdicts[1].result, Result::Pass) << verdicts[1].reason;
}

TEST(DkimSign, refuses_what_no_verifier_could_make_sense_of) {
  SignSettings no_from = settings();
  no_from.headers = {"To"};
  SignSettings bad_name = settings();
  bad_name.headers = {"From", "a b"};
  SignSettings backwards = settings();
  backwards.expiry = kNow;
  SignSettings elsewhere = settings();
  elsewhere.identity = "alice@example.com";
  SignSettings torn = settings();
  torn.identity = "a; l=0@example.org";
  SignSettings once = settings();
  once.headers = {"From", "Subject"};
  SignSettings no_key = settings();
  no_key.key = nullptr;
  const struct {
    const char* claim;
    SignSettings settings;
    std::string message;
    SignErrorCode code;
  } cases[] = {
      {"a message without From", settings(), "To: a@example.net\r\n\r\n", SignErrorCode::NoFrom},
      {"an empty message", settings(), "", SignErrorCode::NoFrom},
      {"a message with two", settings(), "From: x@example.org\r\n" + letter(), SignErrorCode::SeveralFrom},
      {"a message that begins with a blank", settings(), " x\r\n" + letter(), SignErrorCode::BeginsFolded},
      {"a field twice, signed once", once, "Subject: two\r\n" + letter(), SignErrorCode::BadSetting},
      {"From is not in the list", no_from, letter(), SignErrorCode::FromNotSigned},
      {"a name that is none", bad_name, letter(), SignErrorCode::BadSetting},
      {"over before it begins", backwards, letter(), SignErrorCode::BadSetting},
      {"on behalf of another domain", elsewhere, letter(), SignErrorCode::BadSetting},
      {"an identity that ends its tag", torn, letter(), SignErrorCode::BadSetting},
      {"no key", no_key, letter(), SignErrorCode::BadSetting},
  };
  for (const auto& row : cases) {
    const auto field = sign_text(row.settings, row.message);
    ASSERT_FALSE(field) << row.claim;
    EXPECT_EQ(field.error().code, row.code) << row.claim;
    EXPECT_FALSE(field.error().what.empty());
  }
}

TEST(SigningKey, what_is_a_key_and_what_is_not) {
  EXPECT_TRUE(SigningKey::load(rsa_key().pem()));
  EXPECT_TRUE(SigningKey::load("some text before\n" + ed25519_key().pem()));
  const char* const bad[] = {
      "", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "AAAA",
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END X-----\n"};
  for (const char* text : bad) EXPECT_FALSE(SigningKey::load(text)) << text;
}

TEST(SigningKey, RFC_8301_short_keys_are_neither_made_nor_used) {
  EXPECT_FALSE(SigningKey::generate(KeyType::Rsa, 1024));
  EXPECT_FALSE(SigningKey::generate(KeyType::Rsa, 16384));
}

}  // namespace
}  // namespace postseal::dkim
