// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "edge/settings/server_settings.h"
#include "edge/settings/server_values.h"

namespace postseal::settings {
namespace {

TEST(Network, is_an_address_with_a_prefix_or_alone) {
  struct Case {
    std::string_view text, canonical;
  };
  const Case cases[] = {
      {"192.0.2.0/24", "192.0.2.0/24"},     {"192.0.2.1", "192.0.2.1"},
      {"192.0.2.1/32", "192.0.2.1"},        {"0.0.0.0/0", "0.0.0.0/0"},
      {"2001:DB8::/32", "2001:db8::/32"},   {"::1", "::1"},
      {"192.0.2.128/25", "192.0.2.128/25"}, {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
  };
  for (const Case& c : cases) {
    auto network = Network::parse(c.text);
    ASSERT_TRUE(network) << c.text << ": " << network.error();
    EXPECT_EQ(network->to_string(), c.canonical);
  }
  for (std::string_view bad :
       {"", "/8", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/24/1", "192.0.2.1/24", "2001:db8::1/32",
        "::/129", "192.0.2.0 /24", "192.0.2", "example.org", "[::1]/128", "::ffff:192.0.2.1/100"}) {
    EXPECT_FALSE(Network::parse(bad)) << bad;
  }
}

// A38: a peer is the same whether a dual-stack socket shows it as IPv4 or mapped into IPv6.
TEST(Network, a38_mapped_addresses_are_looked_at_as_ipv4) {
  struct Case {
    std::string_view network, address;
    bool inside;
  };
  const Case cases[] = {
      {"192.0.2.0/24", "192.0.2.0", true},
      {"192.0.2.0/24", "192.0.2.255", true},
      {"192.0.2.0/24", "192.0.3.0", false},
      {"192.0.2.0/24", "::ffff:192.0.2.9", true},
      {"192.0.2.0/24", "::ffff:192.0.3.9", false},
      {"192.0.2.0/24", "::192.0.2.9", false},
      {"::ffff:192.0.2.0/120", "192.0.2.9", true},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"2001:db8::/32", "192.0.2.1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "::ffff:192.0.2.1", false},
      {"0.0.0.0/0", "::ffff:192.0.2.1", true},
      {"0.0.0.0/0", "2001:db8::1", false},
  };
  for (const Case& c : cases)
    EXPECT_EQ(Network::parse(c.network)->contains(*IpAddress::parse(c.address)), c.inside)
        << c.address << " in " << c.network;
}

TEST(ServerValues, sizes_have_a_unit_or_are_octets) {
  const std::pair<std::string_view, std::uint64_t> cases[] = {
      {"0", 0}, {"4096", 4096}, {"1K", 1024}, {"50M", 52428800}, {"1G", 1073741824}};
  for (auto [text, octets] : cases) EXPECT_EQ(parse_size(text), octets) << text;
  for (std::string_view bad : {"", "M", "1.5M", "50MB", "50m", "-1", "+1", " 1", "1 K", "99999999999G", "1T"})
    EXPECT_FALSE(parse_size(bad)) << bad;
  const std::pair<std::uint64_t, std::string_view> shown[] = {{0, "0"},       {1000, "1000"},    {1024, "1K"},
                                                              {1536, "1536"}, {52428800, "50M"}, {3ULL << 30, "3G"}};
  for (auto [octets, text] : shown) EXPECT_EQ(format_size(octets), text);
}

TEST(ServerValues, what_is_formatted_reads_back_the_same) {
  using std::chrono::milliseconds;
  for (std::int64_t count : {0, 1, 999, 1000, 1500, 60'000, 90'000, 3'600'000, 86'400'000, 432'000'000})
    EXPECT_EQ(parse_duration(format_duration(milliseconds(count))), milliseconds(count)) << count;
  for (std::string_view text : {"maildir", "maildir:/var/mail", "lmtp:/run/lmtp", "lmtp:127.0.0.1:24",
                                "lmtp:[::1]:2424", "smtp:mail.example:25", "smtp:192.0.2.1:2525"}) {
    auto transport = parse_transport(text);
    ASSERT_TRUE(transport) << text << ": " << transport.error();
    EXPECT_EQ(parse_transport(format_transport(*transport)), transport) << format_transport(*transport);
  }
  for (std::string_view text : {"a.example", "a.example:587", "[a.example]:25", "[192.0.2.1]", "[IPv6:2001:db8::1]:26"})
    EXPECT_EQ(format_next_hop(*parse_next_hop(text, {})), text);
}

}  // namespace
}  // namespace postseal::settings
