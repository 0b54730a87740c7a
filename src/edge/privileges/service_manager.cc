// SPDX-License-Identifier: Apache-2.0
#include "edge/privileges/service_manager.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <optional>

namespace postseal::privileges {

namespace {

constexpr int kFirstHanded = 3;
constexpr int kMostHanded = 64;

std::optional<int> number_in(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  int number = 0;
  const std::string_view all(text);
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), number);
  if (error != std::errc() || end != all.data() + all.size()) return std::nullopt;
  return number;
}

}  // namespace

void notify(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  const std::string_view name(path);
  sockaddr_un address{};
  if (name.size() < 2 || name.size() >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@')) return;
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const int channel = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (channel < 0) return;
  // A manager that does not listen is its own trouble.
  (void)::sendto(channel, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                 length);
  ::close(channel);
}

void notify_reloading() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                     std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
}

std::vector<HandedSocket> take_handed_sockets() {
  const auto pid = number_in("LISTEN_PID"), count = number_in("LISTEN_FDS");
  const char* given = std::getenv("LISTEN_FDNAMES");
  std::string_view names = given == nullptr ? std::string_view() : std::string_view(given);
  std::vector<HandedSocket> sockets;
  if (pid == ::getpid() && count && *count > 0 && *count <= kMostHanded) {
    for (int i = 0; i < *count; ++i) {
      const std::string_view name = names.substr(0, names.find(':'));
      names.remove_prefix(std::min(names.size(), name.size() + 1));
      ::fcntl(kFirstHanded + i, F_SETFD, FD_CLOEXEC);
      sockets.push_back({kFirstHanded + i, std::string(name)});
    }
  }
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  return sockets;
}

}  // namespace postseal::privileges
