// SPDX-License-Identifier: Apache-2.0
#include "edge/net/proxy_header.h"

#include <gtest/gtest.h>

#include "tests/pipe_stream.h"
#include "tests/run_coroutine.h"

namespace postseal::net {
namespace {

using std::chrono::seconds;

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string header(int command, int family, const std::string& rest) {
  std::string bytes = kSignature;
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(rest.size() >> 8);
  bytes += static_cast<char>(rest.size() & 0xff);
  return bytes + rest;
}

const std::string kV4Addresses("\xc0\x00\x02\x01\xc6\x33\x64\x01\x9c\x40\x00\x19", 12);

std::string v6_addresses(std::string source) {
  return source + std::string(16, '\0') + std::string("\x9c\x40\0\x19", 4);
}

const std::string kMapped = std::string(10, '\0') + "\xff\xff\xc0" + std::string("\0\2\1", 3);

TEST(ProxyHeader, what_is_taken) {
  struct Row {
    const char* name;
    std::string bytes;
    std::string client;  ///< "address port"; empty: the connection's own counts
  };
  const Row rows[] = {
      {"TCP over IPv4", header(0x21, 0x11, kV4Addresses), "192.0.2.1 40000"},
      {"TCP over IPv6", header(0x21, 0x21, v6_addresses("\x20\x01\x0d\xb8" + std::string(11, '\0') + '\1')),
       "2001:db8::1 40000"},
      {"IPv4 mapped into IPv6 is IPv4 (A38)", header(0x21, 0x21, v6_addresses(kMapped)), "192.0.2.1 40000"},
      {"fields behind the addresses are skipped", header(0x21, 0x11, kV4Addresses + std::string("\4\0\3abc", 6)),
       "192.0.2.1 40000"},
      {"LOCAL: addresses do not count", header(0x20, 0x11, kV4Addresses), ""},
      {"unspecified", header(0x21, 0x00, ""), ""},
  };
  for (const auto& row : rows) {
    const auto result = parse_proxy_header(row.bytes + "EHLO x\r\n");
    const auto* taken = std::get_if<ProxyHeader>(&result);
    ASSERT_NE(taken, nullptr) << row.name;
    EXPECT_EQ(taken->length, row.bytes.size()) << row.name;
    const std::string client =
        taken->client ? taken->client->address.to_string() + ' ' + std::to_string(taken->client->port) : "";
    EXPECT_EQ(client, row.client) << row.name;
    for (std::size_t cut = 0; cut < row.bytes.size(); ++cut) {
      const auto part = parse_proxy_header(row.bytes.substr(0, cut));
      ASSERT_TRUE(std::holds_alternative<ProxyHeaderIncomplete>(part)) << row.name << " cut at " << cut;
      EXPECT_LE(cut + std::get<ProxyHeaderIncomplete>(part).missing, row.bytes.size()) << row.name;
    }
  }
}

TEST(ProxyHeader, what_is_refused_A38) {
  const std::pair<const char*, std::string> rows[] = {
      {"version 1", "PROXY TCP4 192.0.2.1 198.51.100.1 1 25\r\n"},
      {"no header", "EHLO x\r\n"},
      {"another version", header(0x31, 0x11, kV4Addresses)},
      {"another command", header(0x22, 0x11, kV4Addresses)},
      {"UDP", header(0x21, 0x12, kV4Addresses)},
      {"a unix socket", header(0x21, 0x31, std::string(216, 'x'))},
      {"too short for IPv4", header(0x21, 0x11, kV4Addresses.substr(1))},
      {"too short for IPv6", header(0x21, 0x21, kV4Addresses)},
      {"too long", header(0x21, 0x11, std::string(kMaxProxyHeader, 'x'))},
  };
  for (const auto& [name, bytes] : rows)
    EXPECT_TRUE(std::holds_alternative<ProxyHeaderRefused>(parse_proxy_header(bytes))) << name;
}

Awaitable<std::string> what_is_left_behind() {
  auto [near, far] = co_await tests::make_pipe({.largest_read = 5});
  co_await far->write_all(header(0x21, 0x11, kV4Addresses) + "EHLO x\r\n", Deadline::in(seconds(5)));
  auto taken = co_await read_proxy_header(near.get(), Deadline::in(seconds(5)));
  if (!taken || !taken->client) co_return "no header";
  std::string rest;
  while (rest.size() < 8) {
    char buffer[8];
    auto count = co_await near->read_some(buffer, Deadline::in(seconds(5)));
    if (!count) break;
    rest.append(buffer, *count);
  }
  co_return rest;
}

TEST(ProxyHeader, reading_leaves_the_session_where_it_begins) {
  EXPECT_EQ(tests::run_coroutine(what_is_left_behind()), "EHLO x\r\n");
}

Awaitable<IoErrorCode> a_silent_proxy() {
  auto [near, far] = co_await tests::make_pipe({});
  co_await far->write_all(kSignature, Deadline::in(seconds(5)));
  auto taken = co_await read_proxy_header(near.get(), Deadline::in(std::chrono::milliseconds(20)));
  co_return taken ? IoErrorCode::Other : taken.error().code;
}

TEST(ProxyHeader, half_a_header_is_not_waited_for_without_end) {
  EXPECT_EQ(tests::run_coroutine(a_silent_proxy()), IoErrorCode::Timeout);
}

}  // namespace
}  // namespace postseal::net
