// SPDX-License-Identifier: Apache-2.0
#include "tests/raw_name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <stdexcept>
#include <utility>

#include "tests/fake_resolver.h"
#include "tests/signed_zones.h"

namespace postseal::tests {
namespace {

constexpr std::size_t kHeader = 12;
constexpr int kLookEveryMilliseconds = 50;

void put16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::uint16_t get16(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

sockaddr_in at(std::uint32_t address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(address);
  out.sin_port = htons(port);
  return out;
}

int bound(std::uint32_t address, std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in where = at(address, port);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    throw std::runtime_error("a port of loopback is taken");
  }
  return socket;
}

/// Where the question ends; 0 if this is no query.
std::size_t read_question(RawQuery& query) {
  const Bytes& packet = query.packet;
  std::size_t at = kHeader;
  while (at < packet.size() && packet[at] != 0) {
    if (!query.name.empty()) query.name += '.';
    const std::size_t length = packet[at++];
    for (std::size_t i = 0; i < length && at < packet.size(); ++i) {
      query.name += static_cast<char>(std::tolower(packet[at++]));
    }
  }
  if (at + 5 > packet.size()) return 0;
  query.id = get16(packet, 0);
  query.type = get16(packet, at + 1);
  return at + 5;
}

}  // namespace

RawMessage::RawMessage(const RawQuery& query, int rcode) {
  RawQuery again{.packet = query.packet};
  bytes_.assign(query.packet.begin(), query.packet.begin() + static_cast<std::ptrdiff_t>(read_question(again)));
  // QR and AA; RD as asked; RA, so that it can play the resolver of a provider too.
  bytes_[2] = static_cast<std::uint8_t>(0x84 | (bytes_[2] & 0x01));
  bytes_[3] = static_cast<std::uint8_t>(0x80 | rcode);
  for (std::size_t i = 6; i < kHeader; ++i) bytes_[i] = 0;
}

RawMessage& RawMessage::record(std::size_t section, const Bytes& owner, std::uint16_t type, const Bytes& rdata) {
  const std::size_t count = get16(bytes_, section) + 1U;
  bytes_[section] = static_cast<std::uint8_t>(count >> 8);
  bytes_[section + 1] = static_cast<std::uint8_t>(count);
  bytes_.insert(bytes_.end(), owner.begin(), owner.end());
  put16(bytes_, type);
  put16(bytes_, 1);
  put16(bytes_, 0);
  put16(bytes_, 300);
  put16(bytes_, rdata.size());
  bytes_.insert(bytes_.end(), rdata.begin(), rdata.end());
  return *this;
}

RawMessage& RawMessage::answer(std::uint16_t type, const Bytes& rdata) {
  return record(6, {0xc0, kHeader}, type, rdata);
}

RawMessage& RawMessage::authority(const std::string& owner, std::uint16_t type, const Bytes& rdata) {
  return record(8, wire_name(owner), type, rdata);
}

RawMessage& RawMessage::additional(const std::string& owner, std::uint16_t type, const Bytes& rdata) {
  return record(10, wire_name(owner), type, rdata);
}

RawMessage& RawMessage::lame() {
  bytes_[2] &= static_cast<std::uint8_t>(~0x04);
  return *this;
}

RawMessage& RawMessage::truncated() {
  bytes_[2] |= 0x02;
  return *this;
}

RawMessage& RawMessage::id(std::uint16_t other) {
  bytes_[0] = static_cast<std::uint8_t>(other >> 8);
  bytes_[1] = static_cast<std::uint8_t>(other);
  return *this;
}

RawMessage nothing_there(const RawQuery& query, const std::string& zone, int rcode) {
  Bytes soa = wire_name("ns." + zone);
  const Bytes mailbox = wire_name("hostmaster." + zone);
  soa.insert(soa.end(), mailbox.begin(), mailbox.end());
  for (const unsigned number : {1U, 3600U, 600U, 86400U, 60U}) {
    put16(soa, number >> 16);
    put16(soa, number & 0xffff);
  }
  return RawMessage(query, rcode).authority(zone, 6, soa);
}

RawNameServer::RawNameServer(Behaviour behaviour) : behaviour_(std::move(behaviour)), port_(free_loopback_port()) {
  socket_ = bound(INADDR_LOOPBACK, port_);
  other_port_ = bound(INADDR_LOOPBACK, 0);
  other_address_ = bound(INADDR_LOOPBACK + 1, port_);
  thread_ = std::thread([this] { serve(); });
}

RawNameServer::~RawNameServer() {
  stop_ = true;
  thread_.join();
  for (const int socket : {socket_, other_port_, other_address_}) ::close(socket);
}

std::vector<RawQuery> RawNameServer::asked() const {
  const std::lock_guard guard(lock_);
  return asked_;
}

void RawNameServer::serve() {
  while (!stop_) {
    pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, kLookEveryMilliseconds) != 1) continue;
    std::array<std::uint8_t, 4096> buffer{};
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    const auto size = ::recvfrom(socket_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&peer), &length);
    if (size < static_cast<ssize_t>(kHeader)) continue;
    RawQuery query{.packet = {buffer.begin(), buffer.begin() + size}, .port = ntohs(peer.sin_port)};
    if (read_question(query) == 0) continue;
    {
      const std::lock_guard guard(lock_);
      asked_.push_back(query);
    }
    for (const RawReply& reply : behaviour_(query)) {
      const int from = reply.from == RawReply::From::Server      ? socket_
                       : reply.from == RawReply::From::OtherPort ? other_port_
                                                                 : other_address_;
      ::sendto(from, reply.packet.data(), reply.packet.size(), 0, reinterpret_cast<const sockaddr*>(&peer), length);
    }
  }
}

}  // namespace postseal::tests
