#pragma once
// SPDX-License-Identifier: Apache-2.0
// One connection of the load tools: a socket watched by epoll, in the clear at first, perhaps in TLS later. Nothing
// blocks. The owner fills `out` and reads `in`; the event's data is the tag that the owner gave.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

namespace load {

class Channel {
 public:
  /// Takes the socket over, which does not block.
  Channel(int epoll, int socket, std::uint64_t tag) : epoll_(epoll), socket_(socket), tag_(tag) {
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = tag_}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_, &event);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    if (ssl_ != nullptr) {
      if (handshake_done()) SSL_shutdown(ssl_);
      SSL_free(ssl_);
      ERR_clear_error();
    }
    ::close(socket_);
  }

  void start_tls(SSL_CTX* context, bool as_server) {
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, socket_);
    as_server ? SSL_set_accept_state(ssl_) : SSL_set_connect_state(ssl_);
  }
  bool in_tls() const { return ssl_ != nullptr; }
  bool handshake_done() const { return ssl_ != nullptr && SSL_is_init_finished(ssl_) == 1; }
  bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }

  /// Reads what has come into `in`; false: the connection is over.
  bool pull() {
    std::array<char, 65536> buffer;
    while (true) {
      const Step step = ssl_ != nullptr ? tls_step(SSL_read(ssl_, buffer.data(), buffer.size()))
                                        : plain_step(::recv(socket_, buffer.data(), buffer.size(), 0));
      if (step.over) return false;
      if (step.bytes == 0) return true;
      in.append(buffer.data(), step.bytes);
    }
  }

  /// Sends of `out` what goes; false: the connection is over.
  bool push() {
    while (sent_ < out.size()) {
      const char* from = out.data() + sent_;
      const std::size_t size = out.size() - sent_;
      const Step step = ssl_ != nullptr ? tls_step(SSL_write(ssl_, from, static_cast<int>(size)))
                                        : plain_step(::send(socket_, from, size, MSG_NOSIGNAL));
      if (step.over) return false;
      if (step.bytes == 0) return true;
      sent_ += step.bytes;
    }
    out.clear();
    sent_ = 0;
    watch(false);
    return true;
  }

  /// Writable as well, for a connection that is being made or a full buffer.
  void watch(bool for_writing) {
    if (for_writing == writing_) return;
    writing_ = for_writing;
    epoll_event event{.events = EPOLLIN | (for_writing ? std::uint32_t{EPOLLOUT} : 0U), .data = {.u64 = tag_}};
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket_, &event);
  }

  std::string in, out;

 private:
  struct Step {
    std::size_t bytes = 0;
    bool over = false;
  };

  Step plain_step(ssize_t result) {
    if (result > 0) return {static_cast<std::size_t>(result), false};
    if (result == 0 || (errno != EAGAIN && errno != EINTR)) return {0, true};
    if (!out.empty()) watch(true);
    return {};
  }
  Step tls_step(int result) {
    if (result > 0) return {static_cast<std::size_t>(result), false};
    const int error = SSL_get_error(ssl_, result);
    ERR_clear_error();
    if (error == SSL_ERROR_WANT_WRITE) watch(true);
    if (error == SSL_ERROR_WANT_READ) watch(false);
    return {0, error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE};
  }

  int epoll_, socket_;
  std::uint64_t tag_;
  SSL* ssl_ = nullptr;
  std::size_t sent_ = 0;
  bool writing_ = false;
};

/// So that partial writes and buffers that move are allowed, and idle sessions hold no buffers.
inline SSL_CTX* make_context(const SSL_METHOD* method) {
  SSL_CTX* context = SSL_CTX_new(method);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace load
