// SPDX-License-Identifier: Apache-2.0
// SCRAM through a whole session: dialogue, mechanism, accounts and throttle together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow/inbound/play_test.h"
#include "protocol/sasl/hash.h"
#include "vocab/codec.h"

namespace postseal::inbound {
namespace {

using ::testing::HasSubstr;

std::string to64(std::string_view text) {
  return to_base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}
std::string from64(std::string_view text) {
  const auto bytes = from_base64(text).value_or(Bytes());
  return {bytes.begin(), bytes.end()};
}

struct Login {
  std::string user = "alice@example.org", password = "secret";
  std::string gs2 = "n,,";
  std::function<void()> meanwhile = [] {};  ///< between the client's two messages
};

std::string field(const std::string& message, std::string_view name) {
  const auto begin = message.find(name);
  if (begin == std::string::npos) return {};
  return message.substr(begin + name.size(), message.find(',', begin) - begin - name.size());
}

/// RFC 5802 §3, the client's side.
std::string client_final(const Login& login, const std::string& bare, const std::string& server_first) {
  const std::string salted = sasl::pbkdf2_sha256(login.password, from64(field(server_first, "s=")),
                                                 static_cast<std::uint32_t>(std::stoul(field(server_first, "i="))));
  const std::string key = sasl::hmac_sha256(salted, "Client Key");
  const std::string without_proof = "c=" + to64(login.gs2) + ",r=" + field(server_first, "r=");
  const std::string signature = sasl::hmac_sha256(sasl::sha256(key), bare + "," + server_first + "," + without_proof);
  return without_proof + ",p=" + to64(sasl::exclusive_or(key, signature));
}

Awaitable<void> run(std::shared_ptr<Session> session) { co_await session->run(); }

Awaitable<Heard> log_in(const Surroundings* around, Login login) {
  auto pipe = co_await tests::make_pipe();
  auto session = std::make_shared<Session>(*around, settings::ListenerRole::Submissions,
                                           net::Accepted{std::move(pipe.second), address("192.0.2.1"), 0});
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, run(session), boost::asio::detached);
  Client client(std::move(pipe.first));
  const std::string bare = "n=" + login.user + ",r=abc";
  std::vector<Turn> turns{{"TLS", "220"},
                          {"EHLO client.test\r\n", "250"},
                          {"AUTH SCRAM-SHA-256 " + to64(login.gs2 + bare) + "\r\n", "334"}};
  Heard heard = co_await client.play(turns, false);
  if (!heard.wrong.empty()) co_return heard;
  const auto challenge = heard.text.rfind("334 ") + 4;
  const std::string server_first = from64(heard.text.substr(challenge, heard.text.size() - challenge - 2));
  login.meanwhile();
  turns = {{to64(client_final(login, bare, server_first)) + "\r\n", "334"},
           {"\r\n", "235"},
           {"MAIL FROM:<" + login.user + ">\r\n", "250"}};
  auto rest = co_await client.play(turns);
  heard.text += rest.text;
  heard.wrong = rest.wrong;
  co_return heard;
}

struct ScramTest : ::testing::Test {
  ScramTest() { (void)world.accounts->create(mailbox("alice@example.org"), "secret"); }
  Heard login(Login login) {
    const auto around = world.around();
    return tests::run_coroutine(log_in(&around, std::move(login)));
  }
  World world;
};

TEST_F(ScramTest, the_right_password_logs_in_and_a_wrong_one_does_not) {
  const auto right = login({});
  EXPECT_EQ(right.wrong, "");
  EXPECT_THAT(right.text, HasSubstr("SCRAM-SHA-256-PLUS")) << "the handshake's channel binding is offered";
  EXPECT_THAT(login({.password = "wrong"}).wrong, HasSubstr("535 5.7.8"));
  EXPECT_THAT(login({.user = "nobody@example.org"}).wrong, HasSubstr("535 5.7.8"));
}

TEST_F(ScramTest, a_client_that_could_have_bound_the_channel_and_was_told_otherwise_is_refused_RFC5802_6) {
  EXPECT_THAT(login({.gs2 = "y,,"}).wrong, HasSubstr("535"));
}

TEST_F(ScramTest, wrong_proofs_are_throttled_like_wrong_passwords_A23) {
  for (int i = 0; i < 5; ++i) EXPECT_THAT(login({.password = "wrong"}).wrong, HasSubstr("535"));
  EXPECT_THAT(login({}).wrong, HasSubstr("454 4.7.0"));
}

TEST_F(ScramTest, exchanges_begun_before_the_others_failed_wait_with_them_A23) {
  const IpAddress peer = address("192.0.2.1");
  const auto others_fail = [&] {
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(world.accounts->settle_login("alice@example.org", peer, false));
  };
  EXPECT_THAT(login({.meanwhile = others_fail}).wrong, HasSubstr("454 4.7.0")) << "although the proof is right";
  world.clock.advance(Seconds{2});
  EXPECT_EQ(login({}).wrong, "");
  EXPECT_THAT(login({.password = "wrong", .meanwhile = others_fail}).wrong, HasSubstr("535"))
      << "where he has logged in from, he has more tries";
}

}  // namespace
}  // namespace postseal::inbound
