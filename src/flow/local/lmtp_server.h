#pragma once
// SPDX-License-Identifier: Apache-2.0
// An LMTP server for tests, on a Unix socket or a TCP port. What is not said is an honest one that takes everything.
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "vocab/awaitable.h"

namespace postseal::local::testing {

namespace asio = boost::asio;

struct LmtpScript {
  std::string greeting = "220 lmtp.test LMTP";
  std::string hello = "250-lmtp.test\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME";
  std::map<std::string, std::string> to_rcpt;    ///< by address; else 250
  std::map<std::string, std::string> to_letter;  ///< by address, after the letter; else 250
  int letters_per_session = 1000;                ///< then it closes without a word
  bool closes_instead_of_verdicts = false;
};

class LmtpServer {
 public:
  LmtpServer(asio::any_io_executor executor, LmtpScript script)
      : script(std::move(script)),
        path((std::filesystem::temp_directory_path() / ("postseal-lmtp-" + std::to_string(::getpid()))).string()),
        unix_(executor),
        tcp_(executor, {asio::ip::address_v4::loopback(), 0}) {
    std::filesystem::remove(path);
    unix_.open();
    unix_.bind(asio::local::stream_protocol::endpoint(path));
    unix_.listen();
    asio::co_spawn(executor, accept_all(unix_), asio::detached);
    asio::co_spawn(executor, accept_all(tcp_), asio::detached);
  }
  ~LmtpServer() { std::filesystem::remove(path); }

  std::uint16_t port() const { return tcp_.local_endpoint().port(); }

  /// No more connections; those that are open go on.
  void stop() {
    unix_.close();
    tcp_.close();
  }

  LmtpScript script;
  std::string path;
  int sessions = 0;
  std::vector<std::string> commands;
  std::vector<std::string> letters;

 private:
  using Socket = asio::generic::stream_protocol::socket;

  template <class Acceptor>
  Awaitable<void> accept_all(Acceptor& acceptor) {
    while (true) {
      auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      ++sessions;
      asio::co_spawn(acceptor.get_executor(), serve(Socket(std::move(socket))), asio::detached);
    }
  }

  static std::string address_in(const std::string& line) {
    const auto begin = line.find('<') + 1;
    return line.substr(begin, line.find('>') - begin);
  }

  static std::string reply_of(const std::map<std::string, std::string>& replies, const std::string& address) {
    const auto found = replies.find(address);
    return found == replies.end() ? "250 2.0.0 ok" : found->second;
  }

  Awaitable<void> serve(Socket socket) {
    std::string buffer;
    std::vector<std::string> accepted;
    int letters_here = 0;
    std::string output = script.greeting + "\r\n";
    while (true) {
      auto [write_error, written] =
          co_await asio::async_write(socket, asio::buffer(output), asio::as_tuple(asio::use_awaitable));
      if (write_error || (letters_here >= script.letters_per_session && accepted.empty())) co_return;
      auto [error, count] = co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), "\r\n",
                                                            asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      const std::string line = buffer.substr(0, count - 2);
      buffer.erase(0, count);
      commands.push_back(line);
      output = "250 2.0.0 ok\r\n";
      if (line.starts_with("LHLO")) output = script.hello + "\r\n";
      if (line.starts_with("QUIT")) output = "221 2.0.0 bye\r\n";
      if (line.starts_with("MAIL")) accepted.clear();
      if (line.starts_with("RCPT")) {
        const std::string reply = reply_of(script.to_rcpt, address_in(line));
        if (reply.starts_with("250")) accepted.push_back(address_in(line));
        output = reply + "\r\n";
      }
      if (!line.starts_with("DATA")) continue;
      if (accepted.empty()) {
        output = "503 5.5.1 no recipients\r\n";
        continue;
      }
      co_await asio::async_write(socket, asio::buffer("354 go\r\n", 8), asio::as_tuple(asio::use_awaitable));
      auto [letter_error, size] = co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), "\r\n.\r\n",
                                                                  asio::as_tuple(asio::use_awaitable));
      if (letter_error) co_return;
      letters.push_back(buffer.substr(0, size - 3));
      buffer.erase(0, size);
      if (script.closes_instead_of_verdicts) co_return;
      output.clear();
      for (const std::string& address : accepted) output += reply_of(script.to_letter, address) + "\r\n";
      accepted.clear();
      ++letters_here;
    }
  }

  asio::local::stream_protocol::acceptor unix_;
  asio::ip::tcp::acceptor tcp_;
};

}  // namespace postseal::local::testing
