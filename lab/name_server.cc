// SPDX-License-Identifier: Apache-2.0
#include "lab/name_server.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <vector>

#include "lab/dns_packet.h"
#include "lab/signing.h"

namespace postseal::lab {
namespace {

constexpr int kPollMilliseconds = 20;
constexpr int kPortsTried = 20;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

sockaddr_in socket_address(const IpAddress& address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  std::ranges::copy(address.bytes(), reinterpret_cast<std::uint8_t*>(&out.sin_addr));
  return out;
}

bool is_free(const IpAddress& address, std::uint16_t port) {
  const sockaddr_in at = socket_address(address, port);
  for (const int kind : {SOCK_STREAM, SOCK_DGRAM}) {
    const Descriptor socket(::socket(AF_INET, kind | SOCK_CLOEXEC, 0));
    if (::bind(socket.number(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return false;
  }
  return true;
}

std::expected<std::uint16_t, std::string> free_port(const IpAddress& address) {
  std::random_device random;
  std::uniform_int_distribution<int> ports(20000, 32000);
  for (int i = 0; i < kPortsTried; ++i) {
    const auto port = static_cast<std::uint16_t>(ports(random));
    if (is_free(address, port)) return port;
  }
  return std::unexpected(fmt::format("no port of {} is free", address.to_string()));
}

std::expected<void, std::string> write_configuration(std::span<const ZoneFile> zones,
                                                     const std::filesystem::path& directory, const IpAddress& address,
                                                     std::uint16_t port) {
  std::ofstream out(directory / "knot.conf", std::ios::trunc);
  // Semantic checks would keep broken zones from being served.
  out << fmt::format(
      "server:\n  rundir: \"{0}\"\n  listen: {1}@{2}\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 2\n"
      "  tcp-reuseport: off\n"
      "control:\n  listen: \"{0}/knot.sock\"\n"
      "log:\n  - target: stderr\n    any: warning\n"
      "database:\n  storage: \"{0}/db\"\n  journal-db-max-size: 16M\n  kasp-db-max-size: 16M\n  timer-db-max-size: "
      "16M\n"
      "template:\n  - id: default\n    storage: \"{0}\"\n    semantic-checks: off\n    zonefile-load: whole\n"
      "    zonefile-sync: -1\n    journal-content: none\n"
      "zone:\n",
      directory.string(), address.to_string(), port);
  for (std::size_t i = 0; i < zones.size(); ++i) {
    out << fmt::format("  - domain: \"{}.\"\n    file: \"{}\"\n", zones[i].name.ascii(),
                       zone_path(directory, i).filename().string());
  }
  out.close();
  if (!out) return std::unexpected(fmt::format("{}/knot.conf cannot be written", directory.string()));
  return {};
}

/// Asks for the SOA of a zone until it is answered with authority.
std::expected<void, std::string> await_zone(const Descriptor& socket, const ZoneFile& zone, std::uint16_t id,
                                            ChildProcess& process, const std::string& log, Deadline deadline) {
  const Bytes query = write_query({.id = id, .name = zone.name, .type = 6});
  while (!deadline.passed()) {
    if (process.ended()) return std::unexpected(fmt::format("knotd ended at once: {}", end_of_output(log)));
    if (::send(socket.number(), query.data(), query.size(), 0) < 0) {
      // Nobody listens yet.
      ::poll(nullptr, 0, kPollMilliseconds);
      continue;
    }
    pollfd waiting{.fd = socket.number(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, kPollMilliseconds);
    std::uint8_t buffer[4096];
    const auto size = ::recv(socket.number(), buffer, sizeof buffer, MSG_DONTWAIT);
    const auto head =
        size > 0 ? parse_reply_head(std::span(buffer).first(static_cast<std::size_t>(size)), id) : std::nullopt;
    if (head && head->code == Rcode::NoError && head->authoritative) return {};
    // Still loading: it has answered SERVFAIL, or REFUSED, at once.
    if (size > 0 || (waiting.revents & POLLERR) != 0) ::poll(nullptr, 0, kPollMilliseconds);
  }
  return std::unexpected(fmt::format("knotd does not serve zone {}.: {}", zone.name.ascii(), end_of_output(log)));
}

}  // namespace

std::expected<NameServer, std::string> NameServer::start(std::span<const ZoneFile> zones,
                                                         const std::filesystem::path& directory, IpAddress address,
                                                         Deadline deadline) {
  const auto port = free_port(address);
  if (!port) return std::unexpected(port.error());
  const auto absolute = std::filesystem::absolute(directory);
  if (auto written = write_configuration(zones, absolute, address, *port); !written) {
    return std::unexpected(std::move(written.error()));
  }
  const std::string log = (absolute / "knotd.log").string();
  auto process = ChildProcess::start({{"knotd", "-c", (absolute / "knot.conf").string()}, log});
  if (!process) return std::unexpected(std::move(process.error()));
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in server = socket_address(address, *port);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
    return std::unexpected(fmt::format("{} cannot be reached", address.to_string()));
  }
  for (std::size_t i = 0; i < zones.size(); ++i) {
    auto ready = await_zone(socket, zones[i], static_cast<std::uint16_t>(i + 1), *process, log, deadline);
    if (!ready) return std::unexpected(std::move(ready.error()));
  }
  return NameServer(std::move(*process), *port);
}

}  // namespace postseal::lab
