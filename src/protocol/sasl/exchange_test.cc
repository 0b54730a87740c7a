// SPDX-License-Identifier: Apache-2.0
#include "protocol/sasl/exchange.h"

#include <gtest/gtest.h>

#include <set>

namespace postseal::sasl {
namespace {

using namespace std::string_literals;

std::string show(const Step& step) {
  struct Shower {
    std::string operator()(const Challenge& challenge) { return "challenge " + challenge.bytes; }
    std::string operator()(const CheckPassword& check) { return "check " + check.user + " " + check.password; }
    std::string operator()(const FindKeys& find) { return "keys " + find.user; }
    std::string operator()(const Accepted& accepted) { return "accepted " + accepted.user; }
    std::string operator()(const Refused& refused) { return "refused " + std::string(to_string(refused.failure)); }
  };
  return std::visit(Shower{}, step);
}

// RFC 4422 §3.1
TEST(Exchange, mechanisms_are_known_by_name_in_any_case) {
  ChannelBinding binding{"tls-exporter", "x"};
  for (const char* name : {"PLAIN", "plain", "Login", "SCRAM-SHA-256"}) EXPECT_TRUE(start_exchange(name, {}, false));
  EXPECT_TRUE(start_exchange("scram-sha-256-plus", binding, true));
  EXPECT_FALSE(start_exchange("SCRAM-SHA-256-PLUS", {}, true));
  EXPECT_FALSE(start_exchange("SCRAM-SHA-256-PLUS", ChannelBinding{"tls-exporter", ""}, true));
  for (const char* name : {"", "CRAM-MD5", "SCRAM-SHA-1", "PLAIN ", "EXTERNAL", "ANONYMOUS"}) {
    EXPECT_FALSE(start_exchange(name, binding, true)) << name;
  }
}

// RFC 4616 §2
TEST(Plain, has_one_message) {
  const std::pair<std::string, std::string> cases[] = {
      {"\0a@b.test\0secret"s, "check a@b.test secret"},
      {"a@b.test\0a@b.test\0secret"s, "check a@b.test secret"},
      {"other\0a@b.test\0secret"s, "refused authorization-denied"},
      {"A@b.test\0a@b.test\0secret"s, "refused authorization-denied"},
      {"\0a@b.test\0"s, "refused malformed"},
      {"\0\0secret"s, "refused malformed"},
      {"a@b.test\0secret"s, "refused malformed"},
      {"\0a@b.test\0secret\0"s, "refused malformed"},
      {"", "refused malformed"},
      {"\0\xff\0secret"s, "refused malformed"},
      {"\0a\r\nb\0secret"s, "refused malformed"},
      {"\0a@b.test\0sec\x07ret"s, "refused wrong-password"},
      {"\0a@b.test\0\xff"s, "refused wrong-password"},
      {"\0a@b.test\0se\xc2\xa0"
       "cret"s,
       "check a@b.test se cret"},
      {"\0"s + std::string(321, 'a') + "\0x"s, "refused malformed"},
      {"\0a\0"s + std::string(1025, 'x'), "refused malformed"},
  };
  for (const auto& [message, expected] : cases) {
    auto exchange = start_exchange("PLAIN", {}, false);
    EXPECT_EQ(show(exchange->respond(message)), expected) << testing::PrintToString(message);
  }
}

TEST(Plain, asks_for_the_message_that_did_not_come_with_AUTH) {
  auto exchange = start_exchange("PLAIN", {}, false);
  EXPECT_EQ(show(exchange->respond(std::nullopt)), "challenge ");
  EXPECT_EQ(show(exchange->respond("\0a\0b"s)), "check a b");
  EXPECT_EQ(show(exchange->password_checked(true)), "accepted a");
  EXPECT_EQ(show(exchange->password_checked(true)), "refused malformed");
  EXPECT_EQ(show(exchange->respond("\0a\0b"s)), "refused malformed");
}

TEST(Login, asks_twice) {
  auto exchange = start_exchange("LOGIN", {}, false);
  EXPECT_EQ(show(exchange->respond(std::nullopt)), "challenge Username:");
  EXPECT_EQ(show(exchange->respond("a@b.test")), "challenge Password:");
  EXPECT_EQ(show(exchange->respond("secret")), "check a@b.test secret");
  EXPECT_EQ(show(exchange->password_checked(false)), "refused wrong-password");

  auto with_name = start_exchange("LOGIN", {}, false);
  EXPECT_EQ(show(with_name->respond("a@b.test")), "challenge Password:");
  EXPECT_EQ(show(with_name->respond("")), "refused malformed");
  EXPECT_EQ(show(with_name->respond("secret")), "refused malformed");

  auto nobody = start_exchange("LOGIN", {}, false);
  EXPECT_EQ(show(nobody->respond("a\0b"s)), "refused malformed");
  EXPECT_EQ(show(nobody->keys_found({}, true)), "refused malformed");
  EXPECT_EQ(show(nobody->password_checked(true)), "refused malformed");
}

// RFC 5802 §5.1: never the same nonce again.
TEST(Scram, every_exchange_has_its_own_nonce) {
  std::set<std::string> challenges;
  for (int i = 0; i < 100; ++i) {
    auto exchange = start_exchange("SCRAM-SHA-256", {}, false);
    exchange->respond("n,,n=user,r=abc");
    challenges.insert(show(exchange->keys_found({.salt = "salt", .iterations = 4096}, true)));
  }
  EXPECT_EQ(challenges.size(), 100);
}

// RFC 8265 §4.2, §4.3 (examples); RFC 8264 §9
TEST(PreparePassword, is_the_same_from_every_keyboard_and_refuses_what_none_types) {
  const std::pair<std::string, std::string> good[] = {
      {"correct horse battery staple", "correct horse battery staple"},
      {"Correct Horse Battery Staple", "Correct Horse Battery Staple"},
      {"\u03c0\u00df\u00e5", "\u03c0\u00df\u00e5"},
      {"Jack of \u2666s", "Jack of \u2666s"},
      {"foo\u1680bar", "foo bar"},
      {"foo\u00a0bar", "foo bar"},
      {"a\u030a", "\u00e5"},
      {"\u212b", "\u00c5"},
      {" a ", " a "},
      {"\uff21", "\uff21"},
      {"\U0001f511", "\U0001f511"},
  };
  for (const auto& [given, prepared] : good) {
    EXPECT_EQ(prepare_password(given), prepared);
    EXPECT_EQ(prepare_password(prepared), prepared);
  }
  for (const std::string& bad :
       {""s, "my cat is a \x09 by"s, "a\0b"s, "a\x7f"s, "\xc2\x85"s, "\xff"s, "\xc0\x80"s, "\xed\xa0\x80"s, "\u2028"s,
        "\u00ad"s, "\ue000"s, "\ufffe"s, "\u0640"s, "\u1100"s, std::string(1025, 'a')}) {
    EXPECT_FALSE(prepare_password(bad)) << testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace postseal::sasl
