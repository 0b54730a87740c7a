#pragma once
// SPDX-License-Identifier: Apache-2.0
// The other side of an attempt, for tests: a server by a table, and a letter of eleven octets.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "edge/net/stream.h"
#include "protocol/message/source.h"

namespace postseal::outbound {

/// A server by a table: the first word of a command, or "." for the message, gives the reply; "drop" closes.
struct Server {
  std::string ehlo = "250 x\r\n";
  std::map<std::string, std::string> replies{{"DATA", "354 go\r\n"}};
  std::map<std::string, std::string> by_line;  ///< replies to one very command
  std::vector<std::string> heard;
};

inline Awaitable<void> serve(std::unique_ptr<net::Stream> stream, std::shared_ptr<Server> server) {
  const Deadline soon = Deadline::in(std::chrono::seconds(10));
  (void)co_await stream->write_all("220 x\r\n", soon);
  std::string text;
  bool in_body = false;
  std::array<char, 1000> buffer;
  while (true) {
    const auto count = co_await stream->read_some(buffer, soon);
    if (!count) co_return;
    text.append(buffer.data(), *count);
    for (auto end = text.find("\r\n"); end != std::string::npos; end = text.find("\r\n")) {
      const std::string line = text.substr(0, end);
      text.erase(0, end + 2);
      if (in_body && line != ".") continue;
      server->heard.push_back(line);
      const std::string word = line.substr(0, line.find(' '));
      const auto found = server->replies.find(word);
      std::string reply = word == "EHLO" ? server->ehlo : found == server->replies.end() ? "250 ok\r\n" : found->second;
      if (const auto exact = server->by_line.find(line); exact != server->by_line.end()) reply = exact->second;
      in_body = word == "DATA" && reply.starts_with("354");
      if (reply == "drop") {
        stream->close();
        co_return;
      }
      (void)co_await stream->write_all(reply, soon);
    }
  }
}

/// Eleven octets, or nothing but an error.
class Text final : public message::Source {
 public:
  explicit Text(bool broken) : broken_(broken) {}
  std::ptrdiff_t read(std::span<char> buffer) override {
    if (broken_) return -1;
    const std::string_view text = std::exchange(rest_, {});
    std::ranges::copy(text, buffer.begin());
    return static_cast<std::ptrdiff_t>(text.size());
  }

 private:
  bool broken_;
  std::string_view rest_ = "A: b\r\n\r\nx\r\n";
};

}  // namespace postseal::outbound
