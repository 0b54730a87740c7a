// SPDX-License-Identifier: Apache-2.0
// What an idle connection costs. The clients are in a process of their own, so that only the server is measured.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <fstream>

#include "edge/net/dial.h"
#include "flow/inbound/inbound.h"
#include "flow/inbound/play_test.h"

namespace postseal::inbound {
namespace {

/// Enough for pages not to count.
constexpr std::uint16_t kConnections = 200;

// Sanitizers keep what is freed and pad what is not: there the figure says nothing.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kMeasures = false;
#else
constexpr bool kMeasures = true;
#endif

std::size_t resident() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0, pages = 0;
  file >> total >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// What the clients' process is told.
struct Order {
  std::uint16_t port = 0, connections = 0;
  bool tls = false;
};

Awaitable<bool> open_all(Order order, std::vector<std::unique_ptr<Client>>* clients) {
  for (int i = 0; i < order.connections; ++i) {
    auto dialled = co_await net::dial_tcp({address("127.0.0.1")}, order.port, {}, soon());
    if (!dialled) co_return false;
    clients->push_back(std::make_unique<Client>(std::move(dialled->stream)));
    std::vector<Turn> turns{{"", "220"}, {"EHLO client.test\r\n", "250"}};
    if (order.tls) turns.insert(turns.end(), {{"STARTTLS\r\n", "220"}, {"EHLO client.test\r\n", "250"}});
    turns.push_back({"NOOP\r\n", "250"});
    const auto heard = co_await clients->back()->play(std::move(turns), false);
    if (!heard.wrong.empty()) co_return false;
  }
  co_return true;
}

/// The clients' process: opens all, says so, and stays until it is told to go.
[[noreturn]] void be_the_clients(int control) {
  Order order;
  while (::read(control, &order, sizeof order) == sizeof order) {
    boost::asio::io_context io;
    std::vector<std::unique_ptr<Client>> clients;
    bool opened = false, done = false;
    boost::asio::co_spawn(io, open_all(order, &clients), [&](std::exception_ptr, bool all) {
      opened = all;
      done = true;
    });
    while (!done) io.run_one();
    const char answer = opened ? 'y' : 'n';
    (void)!::write(control, &answer, 1);
    char go = 0;
    (void)!::read(control, &go, 1);
  }
  ::_exit(0);
}

struct Cost {
  bool opened = false;
  std::size_t each = 0;
};

Awaitable<Cost> measure(World* world, int control, std::uint16_t connections, bool tls) {
  auto listener = co_await net::listen_tcp(address("127.0.0.1"), 0);
  Inbound inbound(world->around());
  const std::uint16_t port = (*listener)->port();
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::co_spawn(executor, inbound.serve(std::move(*listener), settings::ListenerRole::Relay),
                        boost::asio::detached);
  ::malloc_trim(0);
  const std::size_t before = resident();
  const Order order{port, connections, tls};
  (void)!::write(control, &order, sizeof order);
  boost::asio::posix::stream_descriptor answers(executor, ::dup(control));
  co_await answers.async_wait(boost::asio::posix::descriptor_base::wait_read, boost::asio::use_awaitable);
  char answer = 'n';
  (void)!::read(control, &answer, 1);
  ::malloc_trim(0);
  const Cost cost{answer == 'y' && inbound.sessions() == connections, (resident() - before) / connections};
  (void)co_await inbound.stop(Deadline::in(std::chrono::milliseconds(10'000)));
  (void)!::write(control, &answer, 1);
  co_return cost;
}

TEST(Idle, a_connection_costs_at_most_8_KiB_and_60_in_tls) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const pid_t clients = ::fork();
  if (clients == 0) {
    ::close(ends[0]);
    be_the_clients(ends[1]);
  }
  ::close(ends[1]);
  World world;
  world.rules.limits.connections_per_address = world.rules.limits.connections_per_network = 10'000;
  world.rules.limits.connection_rate = 1'000'000;
  (void)tests::run_coroutine(measure(&world, ends[0], 1, true));  // what is made once
  const Cost plain = tests::run_coroutine(measure(&world, ends[0], kConnections, false));
  const Cost tls = tests::run_coroutine(measure(&world, ends[0], kConnections, true));
  ::close(ends[0]);
  ::waitpid(clients, nullptr, 0);
  EXPECT_TRUE(plain.opened);
  EXPECT_TRUE(tls.opened);
  RecordProperty("plain", static_cast<int>(plain.each));
  RecordProperty("tls", static_cast<int>(tls.each));
  printf("idle connection: %zu octets plain, %zu in TLS\n", plain.each, tls.each);
  if (kMeasures) {
    EXPECT_LE(plain.each, 8u * 1024);
    EXPECT_LE(tls.each, 60u * 1024);
  }
}

}  // namespace
}  // namespace postseal::inbound
