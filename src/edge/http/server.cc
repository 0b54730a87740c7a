// SPDX-License-Identifier: Apache-2.0
// The only file that knows Beast, which takes a minute to compile.
#include "edge/http/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <set>

namespace postseal::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

using Protocol = asio::generic::stream_protocol;
using Stream = beast::basic_stream<Protocol>;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kSlack = 4096;  ///< of a read buffer: what chunks add to a body
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{100};

std::optional<unsigned> uid_behind(int descriptor) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid == 0) return std::nullopt;
  return peer.uid;
}

Answer plain(int status, std::string text) { return {status, "text/plain; charset=utf-8", std::move(text)}; }

/// What is answered to a request that cannot be read; nullopt: nothing, the peer is gone or silent.
std::optional<Answer> answer_to(const beast::error_code& error) {
  using beast::http::error;
  if (error == error::end_of_stream || error == error::partial_message || error == beast::error::timeout)
    return std::nullopt;
  if (error == error::body_limit) return plain(413, "the body is too large\n");
  if (error == error::header_limit) return plain(431, "the header is too large\n");
  if (error.category() == beast::http::make_error_code(error::bad_method).category())
    return plain(400, "this is no HTTP/1.1 request: " + error.message() + "\n");
  return std::nullopt;
}

}  // namespace

namespace {

struct Session {
  Session(Protocol::socket socket, std::size_t most) : stream(std::move(socket)), buffer(most) {}
  Stream stream;
  beast::flat_buffer buffer;
  std::optional<unsigned> uid;
  bool keep_alive = true;  ///< another request may follow
};

beast::http::response<beast::http::string_body> to_beast(Answer answer, bool keep_alive) {
  beast::http::response<beast::http::string_body> response;
  response.version(11);
  response.result(static_cast<unsigned>(answer.status));
  response.set(beast::http::field::content_type, answer.content_type);
  response.set(beast::http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.keep_alive(keep_alive);
  response.body() = std::move(answer.body);
  response.prepare_payload();
  return response;
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::any_io_executor where, ListeningSocket listening, Handler what, ServerLimits with)
      : executor(std::move(where)),
        socket(std::move(listening)),
        watch(executor),
        changed(executor),
        handler(std::move(what)),
        limits(with) {
    changed.expires_at(std::chrono::steady_clock::time_point::max());
  }

  asio::any_io_executor executor;
  ListeningSocket socket;
  asio::posix::stream_descriptor watch;  ///< a second descriptor of the socket: Asio closes its own
  asio::steady_timer changed;            ///< cancelled when a coroutine has ended
  Handler handler;
  ServerLimits limits;
  bool closing = false;
  std::size_t running = 0;  ///< coroutines: sessions, and accept()
  std::set<Stream*> idle;   ///< wait for a request

  template <class Work>
  void start(Work work) {
    ++running;
    asio::co_spawn(executor, std::move(work), [self = shared_from_this()](std::exception_ptr) {
      --self->running;
      self->changed.cancel();
    });
  }

  void close() {
    closing = true;
    beast::error_code ignored;
    watch.close(ignored);
    socket.close();
    for (Stream* stream : idle) stream->close();
  }

  Awaitable<void> accept() {
    while (!closing) {
      auto [error] = co_await watch.async_wait(asio::posix::stream_descriptor::wait_read, kTuple);
      if (error || closing) co_return;
      const int descriptor = ::accept4(socket.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (descriptor >= 0) {
        // One of the running coroutines is this one.
        if (running > limits.connections) {
          ::close(descriptor);
          continue;
        }
        start(serve(descriptor));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // The connection stays in line; looking at once again would take all of a core.
        asio::steady_timer pause(executor, kPauseWithoutDescriptors);
        co_await pause.async_wait(kTuple);
      }
    }
  }

  /// nullopt: nothing more to do with this peer.
  Awaitable<std::optional<Answer>> read_and_answer(std::shared_ptr<Session> session) {
    beast::http::request_parser<beast::http::string_body> parser;
    parser.header_limit(limits.header);
    parser.body_limit(limits.body);
    session->stream.expires_after(limits.time);
    idle.insert(&session->stream);
    auto [error, count] = co_await beast::http::async_read(session->stream, session->buffer, parser, kTuple);
    idle.erase(&session->stream);
    session->keep_alive = false;
    if (error) co_return answer_to(error);
    auto message = parser.release();
    auto target = parse_target(std::string_view(message.target().data(), message.target().size()));
    if (!target) co_return plain(400, "the target of the request cannot be read\n");
    session->keep_alive = message.keep_alive();
    session->stream.expires_never();
    Request request{std::string(message.method_string()), std::move(target->path), std::move(target->query),
                    std::move(message.body()), session->uid};
    try {
      co_return co_await handler(std::move(request));
    } catch (const std::exception& bug) {
      session->keep_alive = false;
      co_return plain(500, std::string("internal error: ") + bug.what() + "\n");
    }
  }

  Awaitable<void> serve(int descriptor) {
    const auto keep = shared_from_this();
    sockaddr_storage local{};
    socklen_t length = sizeof local;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &length);
    Protocol::socket socket_of_peer(executor);
    socket_of_peer.assign(Protocol(local.ss_family, 0), descriptor);
    const auto session = std::make_shared<Session>(std::move(socket_of_peer), limits.header + limits.body + kSlack);
    if (local.ss_family == AF_UNIX) session->uid = uid_behind(descriptor);
    while (session->keep_alive && !closing) {
      auto answer = co_await read_and_answer(session);
      if (!answer) break;
      const auto response = to_beast(std::move(*answer), session->keep_alive && !closing);
      session->stream.expires_after(limits.time);
      auto [error, count] = co_await beast::http::async_write(session->stream, response, kTuple);
      if (error) break;
    }
    session->stream.close();
  }
};

Server::Server(asio::any_io_executor executor, ListeningSocket socket, Handler handler, ServerLimits limits)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(socket), std::move(handler), limits)) {
  impl_->watch.assign(::dup(impl_->socket.descriptor()));
  impl_->start(impl_->accept());
}

Server::~Server() { impl_->close(); }

std::uint16_t Server::port() const { return impl_->socket.port(); }

Awaitable<void> Server::finish() {
  const auto impl = impl_;
  impl->close();
  while (impl->running > 0) co_await impl->changed.async_wait(kTuple);
}

}  // namespace postseal::http
