// SPDX-License-Identifier: Apache-2.0
#include "flow/inbound/play_test.h"

#include <sstream>

#include "vocab/codec.h"

namespace postseal::inbound {

Awaitable<bool> Client::secure() {
  policy::Requirement requirement;
  requirement.sni = domain("mx.example.org");
  auto session = co_await tls_.start(std::move(stream_), requirement, soon());
  if (!session) co_return false;
  stream_ = std::move(session->stream);
  co_return true;
}

/// A whole reply; nullopt: the server closed.
Awaitable<std::optional<std::string>> Client::reply() {
  std::size_t line = 0;
  for (;;) {
    const auto end = unread_.find("\r\n", line);
    if (end == std::string::npos) {
      char buffer[4096];
      auto count = co_await stream_->read_some(buffer, soon());
      if (!count) co_return std::nullopt;
      unread_.append(buffer, *count);
      continue;
    }
    const bool last = end - line < 4 || unread_[line + 3] == ' ';
    line = end + 2;
    if (!last) continue;
    std::string whole = unread_.substr(0, line);
    unread_.erase(0, line);
    co_return whole;
  }
}

Awaitable<Heard> Client::play(std::vector<Turn> turns, bool then_close) {
  Heard heard;
  for (const Turn& turn : turns) {
    if (turn.say == "TLS") {
      if (!co_await secure()) {
        heard.wrong = "no handshake";
        break;
      }
    } else if (!turn.say.empty()) {
      (void)co_await stream_->write_all(turn.say, soon());
    }
    std::istringstream expected(turn.expect);
    for (std::string code; expected >> code;) {
      const auto got = co_await reply();
      heard.text += got.value_or("");
      const bool as_expected = got ? got->starts_with(code) : code == "end";
      if (!as_expected && heard.wrong.empty())
        heard.wrong = "after " + turn.say + " expected " + code + " and got " + got.value_or("the end");
    }
    if (!heard.wrong.empty()) break;
    if (turn.say == "STARTTLS\r\n" && !co_await secure()) heard.wrong = "no handshake";
  }
  if (then_close) stream_->close();
  co_return heard;
}

namespace {

Awaitable<void> run(std::shared_ptr<Session> session) { co_await session->run(); }

Awaitable<Heard> play_over_pipe(World* world, const Surroundings* around, std::vector<Turn> turns, Play how) {
  auto pipe = co_await tests::make_pipe(how.pipe);
  auto session = std::make_shared<Session>(*around, how.role, net::Accepted{std::move(pipe.second), how.peer, 0});
  (void)world;
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, run(session), boost::asio::detached);
  Client client(std::move(pipe.first));
  co_return co_await client.play(std::move(turns));
}

}  // namespace

Heard play(World& world, std::vector<Turn> turns, Play how) {
  const auto around = world.around();
  return tests::run_coroutine(play_over_pipe(&world, &around, std::move(turns), std::move(how)));
}

std::string plain_login(std::string_view user, std::string_view password) {
  std::string text;
  text += '\0';
  text += user;
  text += '\0';
  text += password;
  return to_base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace postseal::inbound
