// SPDX-License-Identifier: Apache-2.0
// Accepting, owning and ending sessions, on loopback.
#include "flow/inbound/inbound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/net/dial.h"
#include "flow/inbound/play_test.h"

namespace postseal::inbound {
namespace {

using settings::ListenerRole;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const IpAddress kHere = address("127.0.0.1");

/// The server and its port; serve() runs on the caller's executor.
struct Running {
  std::unique_ptr<Inbound> inbound;
  std::uint16_t port = 0;
};

Awaitable<Running> start(World* world, ListenerRole role = ListenerRole::Relay) {
  auto listener = co_await net::listen_tcp(kHere, 0);
  Running running{std::make_unique<Inbound>(world->around()), (*listener)->port()};
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, running.inbound->serve(std::move(*listener), role),
                        boost::asio::detached);
  co_return running;
}

Awaitable<std::unique_ptr<net::Stream>> connect(std::uint16_t port) {
  auto dialled = co_await net::dial_tcp({kHere}, port, {}, soon());
  co_return dialled ? std::move(dialled->stream) : nullptr;
}

const std::string kLetter = "Subject: hello\r\n\r\nhello\r\n.\r\n";

Awaitable<Heard> send_a_letter(std::uint16_t port) {
  auto stream = co_await connect(port);
  if (!stream) co_return Heard{"", "cannot connect"};
  Client client(std::move(stream));
  std::vector<Turn> turns{{"", "220"},
                          {"EHLO client.test\r\n", "250"},
                          {"STARTTLS\r\n", "220"},
                          {"EHLO client.test\r\n", "250"},
                          {"MAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n", "250 250 354"},
                          {kLetter + "QUIT\r\n", "250 221 end"}};
  co_return co_await client.play(std::move(turns));
}

Awaitable<std::string> letters_one_after_another(World* world) {
  auto running = co_await start(world);
  for (int i = 0; i < 3; ++i) {
    const auto heard = co_await send_a_letter(running.port);
    if (!heard.wrong.empty()) co_return heard.wrong;
  }
  const std::size_t cut = co_await running.inbound->stop(soon());
  co_return cut == 0 && running.inbound->sessions() == 0 ? "" : "sessions were left";
}

TEST(Inbound, serves_one_session_after_another) {
  World world;
  EXPECT_EQ(tests::run_coroutine(letters_one_after_another(&world)), "");
  EXPECT_EQ(world.store.all().size(), 3u);
  EXPECT_EQ(world.told.size(), 3u);
  EXPECT_EQ(world.gate.inside(), 0u);
  EXPECT_THAT(world.metrics.expose(), HasSubstr("postseal_sessions_open 0"));
}

/// Talks to a session, then stops the server, then goes on as far as it can.
Awaitable<Heard> stop_after(World* world, std::vector<Turn> before, std::vector<Turn> after, milliseconds patience,
                            std::size_t* cut) {
  auto running = co_await start(world);
  auto stream = co_await connect(running.port);
  std::string text;
  const auto say = [&](const Turn& turn) { return turn.say; };
  struct Talk {
    static Awaitable<std::string> reply(net::Stream* stream, std::string code, std::string* all) {
      std::string got;
      while (!got.contains("\r\n" + code) && !got.starts_with(code)) {
        char buffer[4096];
        auto count = co_await stream->read_some(buffer, soon());
        if (!count) co_return code == "end" ? "" : "expected " + code + " and got the end";
        got.append(buffer, *count);
        all->append(buffer, *count);
      }
      co_return "";
    }
  };
  Heard heard;
  for (const Turn& turn : before) {
    if (!turn.say.empty()) (void)co_await stream->write_all(say(turn), soon());
    heard.wrong = co_await Talk::reply(stream.get(), turn.expect, &heard.text);
    if (!heard.wrong.empty()) co_return heard;
  }
  auto stopped = std::make_shared<bool>(false);
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, running.inbound->stop(Deadline::in(patience)),
                        [cut, stopped](std::exception_ptr, std::size_t count) {
                          *cut = count;
                          *stopped = true;
                        });
  for (const Turn& turn : after) {
    if (!turn.say.empty()) (void)co_await stream->write_all(say(turn), soon());
    heard.wrong = co_await Talk::reply(stream.get(), turn.expect, &heard.text);
    if (!heard.wrong.empty()) break;
  }
  while (running.inbound->sessions() > 0) {
    char buffer[100];
    (void)co_await stream->read_some(buffer, Deadline::in(milliseconds(5)));
  }
  co_return heard;
}

struct StopTest : ::testing::Test {
  World world;
  std::size_t cut = 99;
  Heard stop(std::vector<Turn> before, std::vector<Turn> after, milliseconds patience = milliseconds(10'000)) {
    return tests::run_coroutine(stop_after(&world, std::move(before), std::move(after), patience, &cut));
  }
};

TEST_F(StopTest, an_idle_session_hears_421_at_once) {
  const auto heard = stop({{"", "220"}, {"EHLO client.test\r\n", "250 "}}, {{"", "421"}, {"", "end"}});
  EXPECT_EQ(heard.wrong, "");
  EXPECT_THAT(heard.text, HasSubstr("421 4.3.2"));
  EXPECT_EQ(cut, 0u);
}

TEST_F(StopTest, a_letter_on_its_way_is_finished_first) {
  const auto heard = stop(
      {
          {"", "220"},
          {"EHLO client.test\r\n", "250 "},
          {"MAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n", "354"},
      },
      {{kLetter, "421"}, {"", "end"}});
  EXPECT_EQ(heard.wrong, "");
  EXPECT_THAT(heard.text, HasSubstr("250 2.0.0 Ok: queued as"));
  EXPECT_EQ(world.store.all().size(), 1u);
  EXPECT_EQ(cut, 0u);
}

TEST_F(StopTest, who_does_not_end_is_cut_at_the_deadline_and_nothing_is_kept) {
  const auto heard = stop({{"", "220"},
                           {"EHLO client.test\r\n", "250 "},
                           {"MAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n", "354"}},
                          {{"Subject: half", "end"}}, milliseconds(50));
  EXPECT_EQ(heard.wrong, "");
  EXPECT_TRUE(world.store.all().empty());
  EXPECT_EQ(cut, 1u);
}

Awaitable<std::string> a_handshake_that_hangs(World* world) {
  auto running = co_await start(world, ListenerRole::Submissions);
  auto stream = co_await connect(running.port);
  (void)co_await stream->write_all("\x16\x03\x01", soon());
  while (running.inbound->sessions() == 0) {
    char buffer[1];
    (void)co_await stream->read_some(buffer, Deadline::in(milliseconds(5)));
  }
  const auto cut = co_await running.inbound->stop(Deadline::in(milliseconds(50)));
  char buffer[100];
  const auto end = co_await stream->read_some(buffer, soon());
  co_return cut == 1 && !end ? "" : "the handshake went on";
}

TEST(Inbound, a_handshake_that_hangs_does_not_hold_up_the_stop) {
  World world;
  EXPECT_EQ(tests::run_coroutine(a_handshake_that_hangs(&world)), "");
}

Awaitable<std::string> connections_beyond_the_limit(World* world) {
  auto running = co_await start(world);
  std::vector<std::unique_ptr<net::Stream>> streams;
  std::string heard;
  char buffer[200];
  for (int i = 0; i < 4; ++i) {
    streams.push_back(co_await connect(running.port));
    auto count = co_await streams.back()->read_some(buffer, soon());
    heard += std::string(buffer, count ? 3 : 0) + ' ';
  }
  streams.front()->close();
  while (world->gate.inside() == 3) (void)co_await streams[1]->read_some(buffer, Deadline::in(milliseconds(5)));
  Client late(co_await connect(running.port));
  heard += (co_await late.reply()).value_or("end").substr(0, 3);
  (void)co_await running.inbound->stop(Deadline::in(milliseconds(1000)));
  co_return heard;
}

TEST(Inbound, A23_the_place_of_who_goes_is_given_to_the_next) {
  World world;
  world.rules.limits.connections_per_address = 3;
  EXPECT_EQ(tests::run_coroutine(connections_beyond_the_limit(&world)), "220 220 220 421 220");
}

Awaitable<std::string> reload_between_sessions(World* world) {
  auto running = co_await start(world);
  Client before(co_await connect(running.port));
  (void)co_await before.reply();
  world->rules.hostname = "new.example.org";
  world->directory = std::make_shared<addressing::Directory>();
  world->tls = nullptr;
  Client after(co_await connect(running.port));
  const auto greeting = (co_await after.reply()).value_or("");
  const std::vector<Turn> turns{{"EHLO client.test\r\n", "250"},
                                {"STARTTLS\r\n", "220"},
                                {"EHLO client.test\r\n", "250"},
                                {"MAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<alice@example.org>\r\n", "250 250"}};
  const auto old = co_await before.play(turns);
  const auto fresh =
      co_await after.play({{"EHLO client.test\r\n", "250"},
                           {"MAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<alice@example.org>\r\n", "250 550"}});
  (void)co_await running.inbound->stop(Deadline::in(milliseconds(1000)));
  if (!greeting.starts_with("220 new.example.org")) co_return greeting;
  co_return old.wrong + fresh.wrong;
}

TEST(Inbound, a_reload_counts_for_new_sessions_and_leaves_the_others_alone) {
  World world;
  EXPECT_EQ(tests::run_coroutine(reload_between_sessions(&world)), "");
}

Awaitable<std::size_t> slow_ones_and_one_more(World* world, int slow) {
  auto running = co_await start(world);
  std::vector<std::unique_ptr<net::Stream>> streams;
  for (int i = 0; i < slow; ++i) {
    streams.push_back(co_await connect(running.port));
    (void)co_await streams.back()->write_all("E", soon());
  }
  const auto heard = co_await send_a_letter(running.port);
  const std::size_t open = heard.wrong.empty() ? running.inbound->sessions() : 0;
  streams.clear();
  (void)co_await running.inbound->stop(soon());
  co_return open;
}

TEST(Inbound, A23_many_who_say_one_octet_and_wait_hold_up_nobody) {
  World world;
  world.rules.limits.connections_per_address = world.rules.limits.connections_per_network = 1000;
  EXPECT_GE(tests::run_coroutine(slow_ones_and_one_more(&world, 200)), 200u);
}

}  // namespace
}  // namespace postseal::inbound
