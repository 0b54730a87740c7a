// SPDX-License-Identifier: Apache-2.0
#include "lab/name_front.h"

#include <fmt/core.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <set>

#include "lab/addresses.h"
#include "lab/name_fault.h"
#include "vocab/awaitable.h"

namespace postseal::lab {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;

constexpr auto kWait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxPacket = 65535;
constexpr std::size_t kMaxUdpAtOnce = 512, kMaxTcpAtOnce = 64;
constexpr std::chrono::seconds kServerPatience{3}, kConnectionLife{20};
constexpr int kPortsTried = 20;

asio::ip::address to_asio(const IpAddress& address) { return asio::ip::make_address(address.to_string()); }

std::string symbolic_port(const std::string& name, std::uint16_t port) {
  const std::string prefix = fmt::format("_{}._tcp", port);
  return name.starts_with(prefix + ".") ? "_25._tcp" + name.substr(prefix.size()) : name;
}

}  // namespace

struct NameFrontState {
  NameFrontState(NameFrontSetup s, NameFaults f, asio::any_io_executor e)
      : setup(std::move(s)),
        faults(std::move(f)),
        executor(e),
        udp_socket(e),
        other_port(e),
        other_address(e),
        acceptor(e) {}

  NameFrontSetup setup;
  NameFaults faults;
  asio::any_io_executor executor;
  udp::socket udp_socket;
  udp::socket other_port, other_address;  ///< where forgeries come from
  tcp::acceptor acceptor;
  std::deque<std::string> asked;
  std::size_t udp_at_once = 0, tcp_at_once = 0;
  std::set<asio::steady_timer*> timers;  ///< running; cancelled at the end, so that nothing waits on
  bool closed = false;

  void close() {
    closed = true;
    boost::system::error_code ignored;
    udp_socket.close(ignored);
    other_port.close(ignored);
    other_address.close(ignored);
    acceptor.close(ignored);
    // Whoever wakes up takes its timer out.
    for (asio::steady_timer* timer : std::set(timers)) timer->cancel();
  }

  bool open(std::uint16_t port) {
    boost::system::error_code error;
    const auto address = to_asio(setup.address);
    udp_socket = udp::socket(executor);
    acceptor = tcp::acceptor(executor);
    udp_socket.open(udp::v4(), error);
    if (!error) udp_socket.bind({address, port}, error);
    if (error) return false;
    acceptor.open(tcp::v4(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind({address, udp_socket.local_endpoint().port()}, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    return !error;
  }

  bool open_forgers() {
    boost::system::error_code error;
    other_port = udp::socket(executor);
    other_address = udp::socket(executor);
    other_port.open(udp::v4(), error);
    if (!error) other_port.bind({to_asio(setup.address), 0}, error);
    if (!error) other_address.open(udp::v4(), error);
    // The port is the right one.
    if (!error) other_address.bind({to_asio(Addresses::forger()), udp_socket.local_endpoint().port()}, error);
    return !error;
  }

  udp::socket& socket_of(Forgery::From from) {
    switch (from) {
      case Forgery::From::Server:
        return udp_socket;
      case Forgery::From::OtherPort:
        return other_port;
      case Forgery::From::OtherAddress:
        return other_address;
    }
    return udp_socket;
  }

  void remember(const Question& question) {
    asked.push_back(type_name(question.type) + " " + symbolic_port(question.name.ascii(), setup.smtp_port));
    if (asked.size() > kMaxAsked) asked.pop_front();
  }

  /// What cannot be read is passed on: to refuse it is the real server's business.
  NameAction decide(const Bytes& query, bool over_tcp) {
    const auto question = parse_query(query);
    if (!question) return {};
    remember(*question);
    return faults.decide(query, *question, over_tcp);
  }
};

namespace {

/// Runs out after a time, or when the front is closed.
class Timer {
 public:
  Timer(std::shared_ptr<NameFrontState> state, std::chrono::milliseconds time)
      : state_(std::move(state)), timer_(state_->executor, time) {
    state_->timers.insert(&timer_);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { state_->timers.erase(&timer_); }
  asio::steady_timer& get() { return timer_; }

  /// The socket is closed when the time is over. REQUIRES: the socket outlives this timer.
  void closes(auto& socket) {
    timer_.async_wait([held = std::weak_ptr(socket)](boost::system::error_code) {
      boost::system::error_code ignored;
      if (const auto still = held.lock()) still->close(ignored);
    });
  }

 private:
  std::shared_ptr<NameFrontState> state_;
  asio::steady_timer timer_;
};

/// What the real server answers; empty if it does not.
Awaitable<Bytes> ask_by_udp(std::shared_ptr<NameFrontState> state, Bytes query) {
  auto socket = std::make_shared<udp::socket>(state->executor);
  Timer patience(state, kServerPatience);
  patience.closes(socket);
  boost::system::error_code error;
  socket->connect({to_asio(state->setup.server), state->setup.server_port}, error);
  if (error) co_return Bytes();
  co_await socket->async_send(asio::buffer(query), kWait);
  Bytes reply(kMaxPacket);
  const auto [failed, size] = co_await socket->async_receive(asio::buffer(reply), kWait);
  reply.resize(failed ? 0 : size);
  co_return reply;
}

Awaitable<Bytes> read_message(std::shared_ptr<tcp::socket> socket) {
  std::array<std::uint8_t, 2> head{};
  const auto [no_head, head_size] = co_await asio::async_read(*socket, asio::buffer(head), kWait);
  if (no_head) co_return Bytes();
  Bytes message(static_cast<std::size_t>(head[0] << 8 | head[1]));
  const auto [cut, size] = co_await asio::async_read(*socket, asio::buffer(message), kWait);
  if (cut) message.clear();
  co_return message;
}

Awaitable<bool> write_message(std::shared_ptr<tcp::socket> socket, Bytes message) {
  message.insert(message.begin(),
                 {static_cast<std::uint8_t>(message.size() >> 8), static_cast<std::uint8_t>(message.size())});
  const auto [failed, size] = co_await asio::async_write(*socket, asio::buffer(message), kWait);
  co_return !failed;
}

Awaitable<Bytes> ask_by_tcp(std::shared_ptr<NameFrontState> state, Bytes query) {
  auto socket = std::make_shared<tcp::socket>(state->executor);
  Timer patience(state, kServerPatience);
  patience.closes(socket);
  const tcp::endpoint server(to_asio(state->setup.server), state->setup.server_port);
  const auto [failed] = co_await socket->async_connect(server, kWait);
  if (failed || !co_await write_message(socket, std::move(query))) co_return Bytes();
  co_return co_await read_message(socket);
}

/// Empty for silence. REQUIRES: the action was decided for this query.
Awaitable<Bytes> answer(std::shared_ptr<NameFrontState> state, Bytes query, NameAction action, bool over_tcp) {
  if (action.delay.count() > 0) {
    Timer timer(state, action.delay);
    co_await timer.get().async_wait(kWait);
    if (state->closed) co_return Bytes();
  }
  if (!action.pass) co_return action.reply.value_or(Bytes());
  const auto question = parse_query(query);
  Bytes reply;
  if (over_tcp) {
    reply = co_await ask_by_tcp(state, std::move(query));
  } else {
    reply = co_await ask_by_udp(state, std::move(query));
  }
  if (action.set_ad && reply.size() > 3) reply[3] |= kAuthentic;
  if (action.other_case && question) swap_case(reply, *question);
  co_return reply;
}

Awaitable<void> answer_datagram(std::shared_ptr<NameFrontState> state, Bytes query, udp::endpoint peer) {
  NameAction action = state->decide(query, false);
  for (const Forgery& forgery : action.forgeries) {
    co_await state->socket_of(forgery.from).async_send_to(asio::buffer(forgery.packet), peer, kWait);
  }
  const Bytes reply = co_await answer(state, std::move(query), std::move(action), false);
  --state->udp_at_once;
  if (reply.empty() || state->closed) co_return;
  co_await state->udp_socket.async_send_to(asio::buffer(reply), peer, kWait);
}

Awaitable<void> serve_udp(std::shared_ptr<NameFrontState> state) {
  Bytes buffer(kMaxPacket);
  while (!state->closed) {
    udp::endpoint peer;
    const auto [failed, size] = co_await state->udp_socket.async_receive_from(asio::buffer(buffer), peer, kWait);
    if (state->closed) co_return;
    if (failed || state->udp_at_once >= kMaxUdpAtOnce) continue;
    ++state->udp_at_once;
    Bytes query(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
    asio::co_spawn(state->executor, answer_datagram(state, std::move(query), peer), asio::detached);
  }
}

Awaitable<void> serve_connection(std::shared_ptr<NameFrontState> state, std::shared_ptr<tcp::socket> socket) {
  Timer life(state, kConnectionLife);
  life.closes(socket);
  while (true) {
    Bytes query = co_await read_message(socket);
    if (query.empty()) break;
    NameAction action = state->decide(query, true);
    Bytes reply = co_await answer(state, std::move(query), std::move(action), true);
    // Over TCP silence is a closed connection: the peer need not wait for what never comes.
    if (reply.empty() || !co_await write_message(socket, std::move(reply))) break;
  }
  --state->tcp_at_once;
}

Awaitable<void> serve_tcp(std::shared_ptr<NameFrontState> state) {
  while (!state->closed) {
    auto socket = std::make_shared<tcp::socket>(state->executor);
    const auto [failed] = co_await state->acceptor.async_accept(*socket, kWait);
    if (state->closed) co_return;
    if (failed || state->tcp_at_once >= kMaxTcpAtOnce) continue;
    ++state->tcp_at_once;
    asio::co_spawn(state->executor, serve_connection(state, std::move(socket)), asio::detached);
  }
}

}  // namespace

NameFront::NameFront(std::shared_ptr<NameFrontState> state) : state_(std::move(state)) {}

NameFront::~NameFront() { state_->close(); }

std::expected<std::unique_ptr<NameFront>, std::string> NameFront::start(NameFrontSetup setup,
                                                                        asio::any_io_executor executor) {
  auto faults = NameFaults::create(setup.faults, setup.smtp_port);
  if (!faults) return std::unexpected(std::move(faults.error()));
  auto state = std::make_shared<NameFrontState>(std::move(setup), std::move(*faults), executor);
  const std::uint16_t port = state->setup.port;
  bool open = false;
  // A port that is free for UDP may be taken for TCP.
  for (int i = 0; !open && i < (port == 0 ? kPortsTried : 1); ++i) open = state->open(port) && state->open_forgers();
  if (!open) {
    return std::unexpected(fmt::format("the name front cannot listen on {} port {}: is another lab running?",
                                       state->setup.address.to_string(), port));
  }
  asio::co_spawn(executor, serve_udp(state), asio::detached);
  asio::co_spawn(executor, serve_tcp(state), asio::detached);
  return std::unique_ptr<NameFront>(new NameFront(std::move(state)));
}

std::uint16_t NameFront::port() const { return state_->udp_socket.local_endpoint().port(); }

std::vector<std::string> NameFront::asked() const { return {state_->asked.begin(), state_->asked.end()}; }

}  // namespace postseal::lab
