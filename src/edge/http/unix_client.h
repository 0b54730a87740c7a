#pragma once
// SPDX-License-Identifier: Apache-2.0
// One HTTP request over a Unix socket, by libcurl, on the caller's thread: how commands reach the running server.
#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postseal::http {

struct Question {
  std::string socket;
  std::string method = "GET";
  std::string path;  ///< not encoded
  std::vector<std::pair<std::string, std::string>> query;
  std::string body;
  std::chrono::seconds timeout{60};
};

struct Reply {
  int status = 0;
  std::string body;
};

enum class AskErrorCode {
  NobodyThere,  ///< no socket, or nobody listens
  NotAllowed,   ///< the socket is not ours to write to
  Failed,
};
struct AskError {
  AskErrorCode code;
  std::string what;
};

std::expected<Reply, AskError> ask(const Question& question);

}  // namespace postseal::http
