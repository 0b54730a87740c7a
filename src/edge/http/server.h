#pragma once
// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server for operators and their programs: on a Unix socket, or on TCP for what anybody may read. What
// asks is handed over as plain values, after every limit; a handler sees no byte of HTTP. RFC 9110, RFC 9112 (Beast).
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/http/listening_socket.h"
#include "vocab/awaitable.h"

namespace postseal::http {

struct Request {
  std::string method;  ///< "GET", "POST", ...
  std::string path;    ///< decoded, "/queue/hold"
  std::vector<std::pair<std::string, std::string>> query;
  std::string body;
  std::optional<unsigned> peer_uid;  ///< on a Unix socket: whose process asks
};

struct Answer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

using Handler = std::function<Awaitable<Answer>(Request)>;

struct ServerLimits {
  std::uint32_t header = 8 * 1024;
  std::uint64_t body = 1024 * 1024;
  std::size_t connections = 64;  ///< further ones are closed at once
  /// For a request to be there in whole; for an answer to be taken.
  std::chrono::milliseconds time{10'000};
};

/// "/a%20b?c=d%2F" into path and query; nullopt for what is no such target.
struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};
std::optional<Target> parse_target(std::string_view text);

/// Belongs to one executor. The handler's objects outlive the coroutine that runs it: await finish() before they go.
class Server {
 public:
  Server(boost::asio::any_io_executor executor, ListeningSocket socket, Handler handler, ServerLimits limits = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;  ///< of TCP
  /// Takes no new connections, ends those that wait for a request, and returns when every answer under way is out.
  Awaitable<void> finish();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace postseal::http
