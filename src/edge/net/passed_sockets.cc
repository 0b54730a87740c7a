// SPDX-License-Identifier: Apache-2.0
// sd_listen_fds(3) without libsystemd.
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "edge/net/listen.h"

namespace postseal::net {

namespace {

constexpr int kFirst = 3;
constexpr long kMost = 64;

long number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return -1;
  const std::string_view digits = text;
  long value = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc{} && end == digits.data() + digits.size() ? value : -1;
}

}  // namespace

std::vector<PassedSocket> passed_sockets() {
  std::vector<PassedSocket> sockets;
  // A child that inherited the variables must not take them for its own.
  const long count = number_in("LISTEN_FDS");
  if (number_in("LISTEN_PID") != ::getpid() || count < 1 || count > kMost) return sockets;
  const char* given = std::getenv("LISTEN_FDNAMES");
  std::string_view names = given == nullptr ? "" : given;
  for (int i = 0; i < count; ++i) {
    const std::size_t end = names.find(':');
    PassedSocket socket{kFirst + i, std::string(names.substr(0, end))};
    names = end == std::string_view::npos ? "" : names.substr(end + 1);
    if (::fcntl(socket.fd, F_SETFD, FD_CLOEXEC) == 0) sockets.push_back(std::move(socket));
  }
  return sockets;
}

}  // namespace postseal::net
