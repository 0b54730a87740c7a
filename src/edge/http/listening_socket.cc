// SPDX-License-Identifier: Apache-2.0
#include "edge/http/listening_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace postseal::http {

namespace {

constexpr int kBacklog = 64;

std::unexpected<std::string> fail(const std::string& where, int error) {
  return std::unexpected(fmt::format("cannot listen on {}: {}", where, std::strerror(error)));
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

bool somebody_answers(const sockaddr_un& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return true;
  const int connected = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // A full queue of connections (EAGAIN) is an answer, too.
  const bool dead = connected != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return !dead;
}

socklen_t fill(sockaddr_storage& storage, const IpAddress& address, std::uint16_t port) {
  if (address.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
    return sizeof v4;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
  return sizeof v6;
}

}  // namespace

std::expected<ListeningSocket, std::string> ListeningSocket::on_unix(const std::string& path, mode_t mode) {
  const sockaddr_un address = unix_address(path);
  if (path.empty() || path.size() >= sizeof address.sun_path) return fail(path, ENAMETOOLONG);
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) return fail(path, ENOTSOCK);
    if (somebody_answers(address)) return fail(path, EADDRINUSE);
    ::unlink(path.c_str());
  }
  ListeningSocket listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Linux gives the file the mode of the descriptor (less the umask), so that it is never open to more; chmod() then
  // gives back what the umask took.
  if (listening.descriptor_ < 0 || ::fchmod(listening.descriptor_, mode) != 0 ||
      ::bind(listening.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(path, errno);
  listening.path_ = path;
  if (::chmod(path.c_str(), mode) != 0 || ::listen(listening.descriptor_, kBacklog) != 0) return fail(path, errno);
  return listening;
}

std::expected<ListeningSocket, std::string> ListeningSocket::on_tcp(const IpAddress& address, std::uint16_t port) {
  sockaddr_storage storage{};
  const socklen_t length = fill(storage, address, port);
  ListeningSocket listening(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  if (listening.descriptor_ < 0 ||
      ::setsockopt(listening.descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(listening.descriptor_, reinterpret_cast<const sockaddr*>(&storage), length) != 0 ||
      ::listen(listening.descriptor_, kBacklog) != 0)
    return fail(fmt::format("{} port {}", address.to_string(), port), errno);
  return listening;
}

ListeningSocket ListeningSocket::adopt(int descriptor) {
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return ListeningSocket(descriptor);
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::exchange(other.path_, {})) {}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

ListeningSocket::~ListeningSocket() { close(); }

std::uint16_t ListeningSocket::port() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return 0;
  if (storage.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in&>(storage).sin_port);
  if (storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6&>(storage).sin6_port);
  return 0;
}

void ListeningSocket::close() noexcept {
  if (descriptor_ < 0) return;
  if (!path_.empty()) ::unlink(path_.c_str());
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace postseal::http
