// SPDX-License-Identifier: Apache-2.0
#include "edge/settings/values.h"

#include <gtest/gtest.h>

namespace postseal::settings {
namespace {

using std::chrono::milliseconds;

TEST(Values, durations_have_a_unit_or_are_seconds) {
  const std::pair<std::string_view, std::int64_t> cases[] = {
      {"500ms", 500},     {"30s", 30'000}, {"5m", 300'000}, {"2h", 7'200'000},
      {"1d", 86'400'000}, {"30", 30'000},  {"0", 0},        {"0ms", 0},
  };
  for (auto [text, expected] : cases) {
    auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(*duration, milliseconds(expected)) << text;
  }
  for (std::string_view bad : {"", "s", "ms", "-5s", "5 s", "5x", "5sec", "1.5s", "s5", "+5s", "99999999999999999999s",
                               "10000000000s", " 5s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Values, servers_are_an_address_and_a_port) {
  struct Case {
    std::string_view text, address;
    int port;
  };
  const Case cases[] = {
      {"127.0.0.1:5353", "127.0.0.1", 5353},
      {"127.0.0.1", "127.0.0.1", 53},
      {"[::1]:5353", "::1", 5353},
      {"[::1]", "::1", 53},
      {"127.0.0.1@5353", "127.0.0.1", 5353},
      {"::1@5353", "::1", 5353},
      {"192.0.2.1:65535", "192.0.2.1", 65535},
  };
  for (const Case& c : cases) {
    auto server = parse_host_port(c.text);
    ASSERT_TRUE(server) << c.text << ": " << server.error();
    EXPECT_EQ(server->address.to_string(), c.address);
    EXPECT_EQ(server->port, c.port);
  }
  for (std::string_view bad : {"",
                               ":53",
                               "localhost:53",
                               "127.0.0.1:",
                               "127.0.0.1:0",
                               "127.0.0.1:65536",
                               "127.0.0.1:-1",
                               "127.0.0.1:5 3",
                               "::1",
                               "::1:53",
                               "[::1",
                               "[::1]53",
                               "[::1]:",
                               "[127.0.0.1]:53",
                               "[]:53",
                               "127.0.0.1@",
                               "127.0.0.1@0",
                               "@53",
                               "[::1]@53",
                               "127.0.0.1:53:53"}) {
    EXPECT_FALSE(parse_host_port(bad)) << bad;
  }
}

// D46: the AD bit is believed only of a resolver on this machine.
TEST(Values, d46_trusting_ad_needs_a_loopback_server) {
  EXPECT_TRUE(parse_resolver_mode("trust-ad:127.0.0.1:53", {}));
  EXPECT_TRUE(parse_resolver_mode("trust-ad:127.0.0.53", {}));
  EXPECT_TRUE(parse_resolver_mode("trust-ad:[::1]:53", {}));
  for (std::string_view bad : {"trust-ad:192.0.2.1:53", "trust-ad:10.0.0.1:53", "trust-ad:[2001:db8::1]:53",
                               "trust-ad:0.0.0.0:53", "trust-ad:[::]:53", "trust-ad:[::ffff:192.0.2.1]:53"}) {
    auto mode = parse_resolver_mode(bad, {});
    ASSERT_FALSE(mode) << bad;
    EXPECT_NE(mode.error().find("AD bit"), std::string::npos) << mode.error();
  }
}

TEST(Values, the_resolver_is_asked_in_one_of_three_ways) {
  ResolverSettings before;
  before.root = HostPort{*IpAddress::parse("127.0.0.1"), 5353};
  auto forward = parse_resolver_mode("forward:192.0.2.1:5353", before);
  ASSERT_TRUE(forward);
  EXPECT_EQ(forward->mode, ResolverMode::Forward);
  EXPECT_EQ(forward->server, (HostPort{*IpAddress::parse("192.0.2.1"), 5353}));
  EXPECT_EQ(forward->root, before.root) << "the rest stays";
  EXPECT_EQ(*parse_resolver_mode("192.0.2.1:5353", before), *forward) << "an address alone is forwarded to";
  EXPECT_EQ(*parse_resolver_mode("192.0.2.1", {}), *parse_resolver_mode("forward:192.0.2.1:53", {}));
  EXPECT_EQ(*parse_resolver_mode("[2001:db8::1]:5353", {}), *parse_resolver_mode("forward:[2001:db8::1]:5353", {}));
  auto iterate = parse_resolver_mode("iterate", *forward);
  ASSERT_TRUE(iterate);
  EXPECT_EQ(iterate->mode, ResolverMode::Iterate);
  EXPECT_FALSE(iterate->server);
  for (std::string_view bad : {"", "iterate:127.0.0.1:53", "forward", "forward:", "trust-ad",
                               "trust-ad:", "Forward:127.0.0.1", "system", "forward:dns.example:53"}) {
    EXPECT_FALSE(parse_resolver_mode(bad, {})) << bad;
  }
}

struct Hop {
  std::string_view text, next_hop;
  bool mx_lookup;
  std::optional<std::uint16_t> port;
};

TEST(Values, brackets_around_a_next_hop_turn_the_mx_lookup_off) {
  const Hop cases[] = {
      {"relay.example.org", "relay.example.org", true, {}},
      {"Relay.Example.org:587", "relay.example.org", true, 587},
      {"[relay.example.org]", "relay.example.org", false, {}},
      {"[relay.example.org]:2525", "relay.example.org", false, 2525},
      {"[192.0.2.1]", "[192.0.2.1]", false, {}},
      {"[192.0.2.1]:26", "[192.0.2.1]", false, 26},
      {"[2001:db8::1]:26", "[IPv6:2001:db8::1]", false, 26},
      {"[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]", false, {}},
      {"bücher.example", "xn--bcher-kva.example", true, {}},
  };
  for (const Hop& c : cases) {
    auto route = parse_next_hop(c.text, {});
    ASSERT_TRUE(route) << c.text << ": " << route.error();
    EXPECT_EQ(to_string(route->next_hop), c.next_hop);
    EXPECT_EQ(route->mx_lookup, c.mx_lookup) << c.text;
    EXPECT_EQ(route->port, c.port) << c.text;
  }
  for (std::string_view bad :
       {"", "[]", "[", "relay.example:", "relay.example:0", "relay.example:smtp", "192.0.2.1", "192.0.2.1:25",
        "2001:db8::1", "[relay.example", "[relay.example]25", "user@relay.example", "_x.example", ":25"}) {
    EXPECT_FALSE(parse_next_hop(bad, {})) << bad;
  }
}

TEST(Values, matches_are_kept_in_canonical_form) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"Example.ORG", "example.org"},
      {".Example.org", ".example.org"},
      {"*", "*"},
      {"bücher.example", "xn--bcher-kva.example"},
      {".bücher.example", ".xn--bcher-kva.example"},
      {"[192.0.2.1]", "[192.0.2.1]"},
      {"[ipv6:2001:DB8::1]", "[IPv6:2001:db8::1]"},
      {"[2001:db8::1]", "[IPv6:2001:db8::1]"},
  };
  for (auto [text, canonical] : cases) {
    auto match = parse_match(text);
    ASSERT_TRUE(match) << text << ": " << match.error();
    EXPECT_EQ(*match, canonical);
  }
  for (std::string_view bad :
       {"", ".", "..", "*.example.org", "**", "a@example.org", "[example.org]", "[", "192.0.2.1"}) {
    EXPECT_FALSE(parse_match(bad)) << bad;
  }
}

}  // namespace
}  // namespace postseal::settings
