// SPDX-License-Identifier: Apache-2.0
#include "edge/resolver/ad_stub.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <random>
#include <utility>
#include <variant>

#include "edge/resolver/unbound_answer.h"
#include "protocol/dns/message.h"

namespace postseal::resolver {
namespace {

namespace asio = boost::asio;
using asio::experimental::awaitable_operators::operator||;

constexpr auto kWait = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAskAgain{1000};

asio::ip::address to_asio(const IpAddress& address) { return asio::ip::make_address(address.to_string()); }

std::uint16_t random_id() {
  // From the system's generator: RFC 5452 §4.3 wants ids that nobody can guess.
  std::random_device source;
  return static_cast<std::uint16_t>(source());
}

/// nullopt: nothing usable came (the socket failed); it waits as long as it is let.
Awaitable<std::optional<dns::Response>> over_udp(ServerAddress server, Domain name, dns::RecordType type) {
  const auto executor = co_await asio::this_coro::executor;
  const asio::ip::udp::endpoint endpoint(to_asio(server.address), server.port);
  asio::ip::udp::socket socket(executor);
  boost::system::error_code error;
  socket.open(endpoint.protocol(), error);
  // A connected socket takes packets of this server alone, from a port that the system picked.
  if (!error) socket.connect(endpoint, error);
  if (error) co_return std::nullopt;
  const std::uint16_t id = random_id();
  const Bytes query = dns::format_query(id, name, type);
  if (const auto [failed, sent] = co_await socket.async_send(asio::buffer(query), kWait); failed)
    co_return std::nullopt;
  std::array<std::uint8_t, 4096> packet;
  for (;;) {
    const auto [failed, size] = co_await socket.async_receive(asio::buffer(packet), kWait);
    if (failed) co_return std::nullopt;
    auto response = dns::parse_response(std::span(packet).first(size), id, name, type);
    if (response) co_return response;
  }
}

Awaitable<std::optional<dns::Response>> over_tcp(ServerAddress server, Domain name, dns::RecordType type) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::socket socket(executor);
  const asio::ip::tcp::endpoint endpoint(to_asio(server.address), server.port);
  if (const auto [failed] = co_await socket.async_connect(endpoint, kWait); failed) co_return std::nullopt;
  const std::uint16_t id = random_id();
  const Bytes query = dns::format_query(id, name, type);
  Bytes framed{static_cast<std::uint8_t>(query.size() >> 8), static_cast<std::uint8_t>(query.size() & 0xff)};
  framed.insert(framed.end(), query.begin(), query.end());
  if (const auto [failed, sent] = co_await asio::async_write(socket, asio::buffer(framed), kWait); failed) {
    co_return std::nullopt;
  }
  std::array<std::uint8_t, 2> length;
  if (const auto [failed, got] = co_await asio::async_read(socket, asio::buffer(length), kWait); failed) {
    co_return std::nullopt;
  }
  Bytes message(static_cast<std::size_t>(length[0] << 8 | length[1]));
  if (const auto [failed, got] = co_await asio::async_read(socket, asio::buffer(message), kWait); failed) {
    co_return std::nullopt;
  }
  auto response = dns::parse_response(message, id, name, type);
  if (response) response->truncated = false;
  co_return response;
}

struct Attempt {
  std::optional<dns::Response> response;
  bool timed_out = false;
};

Awaitable<Attempt> within(Awaitable<std::optional<dns::Response>> work, Deadline deadline) {
  asio::steady_timer timer(co_await asio::this_coro::executor, deadline.at);
  auto first = co_await (std::move(work) || timer.async_wait(kWait));
  if (auto* response = std::get_if<0>(&first)) co_return Attempt{std::move(*response), false};
  co_return Attempt{std::nullopt, true};
}

}  // namespace

Awaitable<dns::RawAnswer> ask_with_ad(ServerAddress server, Domain name, dns::RecordType type, Deadline deadline) {
  const std::string where = server.address.to_string() + " port " + std::to_string(server.port);
  std::optional<dns::Response> response;
  while (!response) {
    const auto attempt = co_await within(over_udp(server, name, type), deadline.earlier(Deadline::in(kAskAgain)));
    response = attempt.response;
    if (response) break;
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
      co_return failed_answer(name, dns::Failure::Cancelled, "the lookup was cancelled");
    }
    if (!attempt.timed_out) {
      co_return failed_answer(name, dns::Failure::NoResolver, "no resolver listens at " + where);
    }
    if (deadline.passed()) {
      co_return failed_answer(name, dns::Failure::Timeout, "the resolver at " + where + " did not answer in time");
    }
  }
  if (!response->truncated) co_return response->answer;

  // RFC 7766 §5 (D49): what UDP truncates is asked over TCP; without TCP nobody knows the answer.
  auto whole = co_await within(over_tcp(server, name, type), deadline);
  if (whole.response) co_return whole.response->answer;
  co_return failed_answer(name, whole.timed_out ? dns::Failure::Timeout : dns::Failure::NoResolver,
                          "the resolver at " + where + " truncates its answer and gives none over TCP");
}

}  // namespace postseal::resolver
