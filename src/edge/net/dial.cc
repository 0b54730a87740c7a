// SPDX-License-Identifier: Apache-2.0
#include "edge/net/dial.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/net/tcp_stream.h"

namespace postseal::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

enum class Progress { Running, Connected, Failed };

struct Attempt {
  Attempt(const asio::any_io_executor& executor, IpAddress to) : socket(executor), address(to) {}
  tcp::socket socket;
  IpAddress address;
  Progress progress = Progress::Running;
  IoError error;
};

/// Shared with the handlers of connects that lose the race and finish late.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : bell(executor) {}
  std::vector<std::unique_ptr<Attempt>> attempts;
  asio::steady_timer bell;  ///< rung (cancelled) by every connect that ends

  std::size_t count(Progress progress) const {
    return static_cast<std::size_t>(std::ranges::count(attempts, progress, [](const auto& a) { return a->progress; }));
  }

  void close_all() {
    boost::system::error_code ignored;
    for (auto& attempt : attempts) attempt->socket.close(ignored);
  }
};

void start(const std::shared_ptr<Race>& race, const asio::any_io_executor& executor, const IpAddress& address,
           std::uint16_t port) {
  race->attempts.push_back(std::make_unique<Attempt>(executor, address));
  Attempt* attempt = race->attempts.back().get();
  attempt->socket.async_connect(to_endpoint(address, port), [race, attempt](const boost::system::error_code& error) {
    attempt->progress = error ? Progress::Failed : Progress::Connected;
    if (error) attempt->error = to_io_error(error);
    race->bell.cancel();
  });
}

std::vector<DialFailure> failures(const Race& race, bool timed_out) {
  std::vector<DialFailure> result;
  for (const auto& attempt : race.attempts) {
    const bool silent = attempt->progress == Progress::Running && timed_out;
    result.push_back({attempt->address, silent ? IoError{IoErrorCode::Timeout, "no answer in time"} : attempt->error});
  }
  return result;
}

}  // namespace

Awaitable<std::expected<Dialled, std::vector<DialFailure>>> dial_tcp(std::vector<IpAddress> addresses,
                                                                     std::uint16_t port, DialSettings settings,
                                                                     Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  auto race = std::make_shared<Race>(executor);
  std::size_t next = 0;

  while (true) {
    for (auto& attempt : race->attempts) {
      if (attempt->progress != Progress::Connected) continue;
      Dialled winner{std::make_unique<TcpStream>(std::move(attempt->socket)), attempt->address};
      race->close_all();
      co_return winner;
    }
    if (deadline.passed()) {
      auto result = failures(*race, true);
      // Even when there was no time for a first try, the caller hears of an address and a reason.
      if (result.empty() && !addresses.empty()) {
        result.push_back({addresses.front(), {IoErrorCode::Timeout, "no time was left to connect"}});
      }
      race->close_all();
      co_return std::unexpected(std::move(result));
    }
    // RFC 8305 §5: the next address joins when the last one failed or had its head start.
    const bool running = race->count(Progress::Running) > 0;
    if (next < addresses.size()) {
      start(race, executor, addresses[next++], port);
    } else if (!running) {
      co_return std::unexpected(failures(*race, false));
    }
    const std::size_t failed = race->count(Progress::Failed);
    const Deadline wait = next < addresses.size() ? Deadline::in(settings.head_start).earlier(deadline) : deadline;
    do {
      race->bell.expires_at(wait.at);
      co_await race->bell.async_wait(asio::as_tuple(asio::use_awaitable));
    } while (race->count(Progress::Connected) == 0 && race->count(Progress::Failed) == failed && !wait.passed());
  }
}

}  // namespace postseal::net
