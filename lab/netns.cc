// SPDX-License-Identifier: Apache-2.0
#include "lab/netns.h"

#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <utility>
#include <vector>

namespace postseal::lab {

namespace {

class Socket {
 public:
  Socket(int family, int type) : fd_(::socket(family, type | SOCK_CLOEXEC, 0)) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string failure(std::string_view what) { return fmt::format("{}: {}", what, std::strerror(errno)); }

bool bind_any(const Socket& socket, std::uint16_t port) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  return ::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
}

std::uint16_t port_of(const Socket& socket) {
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.sin_port);
}

}  // namespace

bool may_have_namespace() { return ::geteuid() == 0; }

std::expected<void, std::string> enter_namespace() {
  if (::unshare(CLONE_NEWNET) != 0) return std::unexpected(failure("cannot make a network namespace"));
  const Socket socket(AF_INET, SOCK_DGRAM);
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  if (::ioctl(socket.fd(), SIOCGIFFLAGS, &request) != 0) return std::unexpected(failure("cannot read lo's flags"));
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.fd(), SIOCSIFFLAGS, &request) != 0) return std::unexpected(failure("cannot bring lo up"));
  return {};
}

std::expected<Ports, std::string> free_high_ports() {
  // Held all at once, so that the kernel gives out three different ones.
  std::vector<Socket> held;
  std::vector<std::uint16_t> ports;
  constexpr int kTries = 100;
  for (int i = 0; i < kTries && ports.size() < 3; ++i) {
    Socket stream(AF_INET, SOCK_STREAM);
    Socket datagram(AF_INET, SOCK_DGRAM);
    if (!bind_any(stream, 0)) return std::unexpected(failure("cannot find a free port"));
    const std::uint16_t port = port_of(stream);
    if (port == 0 || !bind_any(datagram, port)) continue;
    ports.push_back(port);
    held.push_back(std::move(stream));
    held.push_back(std::move(datagram));
  }
  if (ports.size() < 3) return std::unexpected("cannot find three free ports");
  return Ports{ports[0], ports[1], ports[2]};
}

}  // namespace postseal::lab
