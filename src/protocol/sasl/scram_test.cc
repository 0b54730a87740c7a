// SPDX-License-Identifier: Apache-2.0
#include "protocol/sasl/scram.h"

#include <gtest/gtest.h>

#include "protocol/sasl/hash.h"
#include "protocol/sasl/scram_message.h"
#include "vocab/codec.h"

namespace postseal::sasl {
namespace {

std::string from64(std::string_view text) {
  auto bytes = from_base64(text).value();
  return std::string(bytes.begin(), bytes.end());
}
std::string to64(std::string_view text) {
  return to_base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// RFC 7677 §3
constexpr std::string_view kFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr std::string_view kFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

const ScramKeys& keys() {
  static const ScramKeys kKeys = derive_scram_keys("pencil", from64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  return kKeys;
}

TEST(Scram, the_example_of_RFC_7677_section_3) {
  auto exchange = start_scram({.nonce = std::string(kServerNonce)});
  Step step = exchange->respond(kFirst);
  ASSERT_TRUE(std::holds_alternative<FindKeys>(step));
  EXPECT_EQ(std::get<FindKeys>(step).user, "user");
  step = exchange->keys_found(keys(), true);
  ASSERT_TRUE(std::holds_alternative<Challenge>(step));
  EXPECT_EQ(std::get<Challenge>(step).bytes,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  step = exchange->respond(kFinal);
  ASSERT_TRUE(std::holds_alternative<Accepted>(step));
  EXPECT_EQ(std::get<Accepted>(step).user, "user");
  EXPECT_EQ(std::get<Accepted>(step).final_data, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

/// A client that does everything right but for what it is told.
struct Client {
  std::string gs2 = "n,,", user = "user", password = "pencil", binding_data, nonce = "abc";
  std::string final_nonce_suffix;  ///< appended to the nonce in the last message
};

Step converse(ScramSettings settings, const Client& client, bool known = true) {
  if (settings.nonce.empty()) settings.nonce = "xyz";
  auto exchange = start_scram(settings);
  std::string bare = "n=" + client.user + ",r=" + client.nonce;
  Step step = exchange->respond(client.gs2 + bare);
  if (!std::holds_alternative<FindKeys>(step)) return step;
  step = exchange->keys_found(keys(), known);
  if (!std::holds_alternative<Challenge>(step)) return step;
  std::string server_first = std::get<Challenge>(step).bytes;
  std::string without_proof =
      "c=" + to64(client.gs2 + client.binding_data) + ",r=" + client.nonce + settings.nonce + client.final_nonce_suffix;
  std::string auth_message = bare + ',' + server_first + ',' + without_proof;
  std::string salted = pbkdf2_sha256(client.password, keys().salt, 4096);
  std::string client_key = hmac_sha256(salted, "Client Key");
  std::string proof = exclusive_or(client_key, hmac_sha256(sha256(client_key), auth_message));
  return exchange->respond(without_proof + ",p=" + to64(proof));
}

std::string outcome(const Step& step) {
  if (std::holds_alternative<Accepted>(step)) return "accepted " + std::get<Accepted>(step).user;
  if (std::holds_alternative<Refused>(step)) return std::string(to_string(std::get<Refused>(step).failure));
  return "unfinished";
}

// RFC 5802 §5.1, §6; RFC 5929 §4, RFC 9266 §2
TEST(Scram, the_channel_is_bound_or_nobody_gets_in) {
  ScramSettings with{.plus = true, .plus_offered = true, .binding = ChannelBinding{"tls-exporter", "secret"}};
  ScramSettings offered{.plus_offered = true, .binding = ChannelBinding{"tls-exporter", "secret"}};
  ScramSettings without;
  struct Case {
    std::string about;
    ScramSettings settings;
    Client client;
    std::string expected;
  };
  const Case cases[] = {
      {"bound", with, {.gs2 = "p=tls-exporter,,", .binding_data = "secret"}, "accepted user"},
      {"bound to another channel",
       with,
       {.gs2 = "p=tls-exporter,,", .binding_data = "secreu"},
       "channel-binding-mismatch"},
      {"bound to a part of it", with, {.gs2 = "p=tls-exporter,,", .binding_data = "secre"}, "channel-binding-mismatch"},
      {"bound to nothing", with, {.gs2 = "p=tls-exporter,,"}, "channel-binding-mismatch"},
      {"another type", with, {.gs2 = "p=tls-unique,,", .binding_data = "secret"}, "channel-binding-mismatch"},
      {"-PLUS without binding", with, {.gs2 = "n,,"}, "channel-binding-mismatch"},
      {"-PLUS with y", with, {.gs2 = "y,,"}, "channel-binding-mismatch"},
      {"y though -PLUS was offered: somebody took it out", offered, {.gs2 = "y,,"}, "channel-binding-mismatch"},
      {"n is a client that cannot bind", offered, {.gs2 = "n,,"}, "accepted user"},
      {"y where -PLUS was not offered", without, {.gs2 = "y,,"}, "accepted user"},
      {"p without -PLUS", offered, {.gs2 = "p=tls-exporter,,", .binding_data = "secret"}, "channel-binding-mismatch"},
      {"data where none is due", without, {.gs2 = "n,,", .binding_data = "x"}, "channel-binding-mismatch"},
  };
  for (const Case& c : cases) EXPECT_EQ(outcome(converse(c.settings, c.client)), c.expected) << c.about;
}

// RFC 5802 §3, §5.1
TEST(Scram, only_the_right_proof_of_a_known_user_counts) {
  EXPECT_EQ(outcome(converse({}, {})), "accepted user");
  EXPECT_EQ(outcome(converse({}, {.password = "Pencil"})), "wrong-password");
  EXPECT_EQ(outcome(converse({}, {}, false)), "wrong-password");
  EXPECT_EQ(outcome(converse({}, {.final_nonce_suffix = "x"})), "malformed");
  EXPECT_EQ(outcome(converse({}, {.gs2 = "n,a=user,"})), "accepted user");
  EXPECT_EQ(outcome(converse({}, {.gs2 = "n,a=other,"})), "authorization-denied");
  EXPECT_EQ(outcome(converse({}, {.user = "a=2Cb=3Dc"})), "accepted a,b=c");
}

TEST(Scram, an_old_dialogue_cannot_be_played_again) {
  auto exchange = start_scram({.nonce = "another"});
  exchange->respond(kFirst);
  exchange->keys_found(keys(), true);
  EXPECT_EQ(outcome(exchange->respond(kFinal)), "malformed");
}

TEST(Scram, steps_out_of_order_are_refused_and_nothing_follows) {
  auto exchange = start_scram({.nonce = "xyz"});
  EXPECT_TRUE(std::holds_alternative<Challenge>(exchange->respond(std::nullopt)));
  EXPECT_EQ(outcome(exchange->keys_found(keys(), true)), "malformed");
  EXPECT_EQ(outcome(exchange->respond(kFirst)), "malformed");
  auto other = start_scram({.nonce = std::string(kServerNonce)});
  other->respond(kFirst);
  EXPECT_EQ(outcome(other->respond(kFinal)), "malformed");
  auto plain = start_scram({.nonce = "xyz"});
  plain->respond(kFirst);
  EXPECT_EQ(outcome(plain->password_checked(true)), "malformed");
}

// RFC 5802 §7
TEST(ScramMessage, the_first_message_has_one_form) {
  auto parsed = parse_client_first("p=tls-server-end-point,a=x,n=u=2Cv,r=abc,e=1,f=2");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->binding_type, "tls-server-end-point");
  EXPECT_EQ(parsed->authzid, "x");
  EXPECT_EQ(parsed->user, "u,v");
  EXPECT_EQ(parsed->nonce, "abc");
  EXPECT_EQ(parsed->gs2_header, "p=tls-server-end-point,a=x,");
  EXPECT_EQ(parsed->bare, "n=u=2Cv,r=abc,e=1,f=2");
  const std::string long_nonce(513, 'a');
  for (const std::string& bad : {std::string(""),
                                 std::string("n"),
                                 std::string("n,,"),
                                 std::string("n,n=u,r=a"),
                                 std::string("x,,n=u,r=a"),
                                 std::string("p=,,n=u,r=a"),
                                 std::string("p=a b,,n=u,r=a"),
                                 std::string("n,b=x,n=u,r=a"),
                                 std::string("n,a=,n=u,r=a"),
                                 std::string("n,,m=x,n=u,r=a"),
                                 std::string("n,,n=,r=a"),
                                 std::string("n,,n=u"),
                                 std::string("n,,n=u,r="),
                                 std::string("n,,r=a,n=u"),
                                 std::string("n,,n=u=2c,r=a"),
                                 std::string("n,,n=u=,r=a"),
                                 std::string("n,,n=u,r=a\x7f"),
                                 std::string("n,,n=u,r=a b"),
                                 std::string("n,,n=u\0v,r=a", 12),
                                 std::string("n,,n=\xff,r=a"),
                                 std::string("n,,n=u,r=a,"),
                                 std::string("n,,n=u,r=a,e"),
                                 std::string("n,,n=u,r=a,1=x"),
                                 std::string("N,,n=u,r=a"),
                                 "n,,n=u,r=" + long_nonce}) {
    EXPECT_FALSE(parse_client_first(bad)) << bad;
  }
}

TEST(ScramMessage, the_last_message_has_one_form) {
  auto parsed = parse_client_final("c=biws,r=abc,e=1,p=AAAA");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->channel_binding, "n,,");
  EXPECT_EQ(parsed->nonce, "abc");
  EXPECT_EQ(parsed->proof.size(), 3);
  EXPECT_EQ(parsed->without_proof, "c=biws,r=abc,e=1");
  for (const char* bad :
       {"", "c=biws", "c=biws,r=abc", "c=biws,p=AAAA", "r=abc,c=biws,p=AAAA", "c=biws,r=abc,p=", "c=biws,r=abc,p=AAA",
        "c=biws,r=abc,p=AAAA,e=1", "c=,r=abc,p=AAAA", "c=biw,r=abc,p=AAAA", "c=biws,r=abc,e,p=AAAA", "c=biws,r=,p=AAAA",
        "c=biws,r=abc,,p=AAAA", "c=biws,r=abc,p=AAAA,", "c=biws,p=AAAA,r=abc"}) {
    EXPECT_FALSE(parse_client_final(bad)) << bad;
  }
}

}  // namespace
}  // namespace postseal::sasl
