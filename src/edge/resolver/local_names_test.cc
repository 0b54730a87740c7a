// SPDX-License-Identifier: Apache-2.0
// Names that libunbound would answer by itself: who is asked about them.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/resolver/resolver.h"
#include "tests/raw_name_server.h"

namespace postseal::resolver {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using dns::RecordType;
using tests::nothing_there;
using tests::RawMessage;
using tests::RawNameServer;
using tests::RawQuery;
using tests::RawReply;

constexpr std::uint16_t kPtr = 12;
const IpAddress kLoopback = IpAddress::v4({127, 0, 0, 1});

/// Knows every name.
std::vector<RawReply> answer(const RawQuery& query) {
  if (query.type != kPtr) return nothing_there(query, "", 0);
  return RawMessage(query).answer(kPtr, {4, 'n', 'a', 'm', 'e', 4, 't', 'e', 's', 't', 0});
}

dns::RawAnswer ask(ResolverConfig config, const std::string& question) {
  asio::io_context io;
  config.trust_anchor = "none";
  auto resolver = UnboundResolver::create(config, io.get_executor());
  EXPECT_TRUE(resolver) << resolver.error();
  dns::RawAnswer result;
  asio::co_spawn(io, (*resolver)->lookup(*Domain::parse_dns(question), RecordType::PTR, Deadline::in(5s)),
                 [&](std::exception_ptr, dns::RawAnswer got) { result = std::move(got); });
  io.run();
  return result;
}

bool was_asked(const RawNameServer& server, const std::string& name) {
  const auto asked = server.asked();
  return std::ranges::any_of(asked, [&](const RawQuery& query) { return query.name == name; });
}

const std::vector<std::string> kPrivate = {"1.0.0.10.in-addr.arpa",
                                           "1.0.16.172.in-addr.arpa",
                                           "1.0.168.192.in-addr.arpa",
                                           "1.0.64.100.in-addr.arpa",
                                           "1.2.0.192.in-addr.arpa",
                                           "1.100.51.198.in-addr.arpa",
                                           "1.113.0.203.in-addr.arpa",
                                           "1.0.254.169.in-addr.arpa",
                                           "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
                                           "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
                                           "host.test",
                                           "host.invalid",
                                           "host.home.arpa"};

TEST(LocalNames, a_server_that_somebody_named_is_asked_for_private_names) {
  for (const std::string& name : kPrivate) {
    RawNameServer server(answer);
    ResolverConfig config;
    config.mode = Mode::Forward;
    config.server = ServerAddress{kLoopback, server.port()};
    EXPECT_TRUE(ask(config, name).found()) << name;
    EXPECT_TRUE(was_asked(server, name)) << name;
  }
}

// RFC 7686 §2.
TEST(LocalNames, nobody_is_asked_for_them_on_the_internet_nor_for_what_only_this_host_knows) {
  RawNameServer server(answer);
  ResolverConfig iterate;
  iterate.root = ServerAddress{kLoopback, server.port()};
  for (const std::string& name : kPrivate) {
    EXPECT_FALSE(ask(iterate, name).found()) << name;
    EXPECT_FALSE(was_asked(server, name)) << name;
  }
  ResolverConfig forward;
  forward.mode = Mode::Forward;
  forward.server = ServerAddress{kLoopback, server.port()};
  for (const std::string name : {"host.onion", "1.0.0.127.in-addr.arpa", "localhost"}) {
    ask(forward, name);
    EXPECT_FALSE(was_asked(server, name)) << name;
  }
}

}  // namespace
}  // namespace postseal::resolver
