// SPDX-License-Identifier: Apache-2.0
#include "vocab/ip_address.h"

#include <gtest/gtest.h>

namespace postseal {
namespace {

TEST(IpAddress, both_families_are_read_and_written) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"2001:DB8::1", "2001:db8::1"},
      {"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
      {"::", "::"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
  };
  for (auto [text, canonical] : cases) {
    auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), canonical);
    EXPECT_EQ(address->is_v4(), !text.contains(':')) << text;
    EXPECT_EQ(address->bytes().size(), address->is_v4() ? 4u : 16u);
  }
}

TEST(IpAddress, other_texts_are_no_address) {
  for (std::string_view bad :
       {"", "1", "1.2.3", "192.0.2.256", "192.0.2.01", "0x7f.0.0.1", "192.0.2.1 ", " 192.0.2.1", "[192.0.2.1]",
        "192.0.2.1:25", "fe80::1%lo", "2001:db8::1::", ":::", "12345::", "example.org"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("192.0.2.1\0", 10))) << "NUL";
  EXPECT_FALSE(IpAddress::parse(std::string(10000, '1')));
}

TEST(IpAddress, families_are_never_equal) {
  EXPECT_NE(*IpAddress::parse("192.0.2.1"), *IpAddress::parse("::ffff:192.0.2.1"));
  EXPECT_NE(*IpAddress::parse("0.0.0.0"), *IpAddress::parse("::"));
}

// D46 rests on this.
TEST(IpAddress, d46_loopback_is_127_slash_8_and_one) {
  for (std::string_view yes : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IpAddress::parse(yes)->is_loopback()) << yes;
  }
  for (std::string_view no : {"126.0.0.1", "128.0.0.1", "0.0.0.0", "::", "::2", "::127.0.0.1", "::ffff:128.0.0.1"}) {
    EXPECT_FALSE(IpAddress::parse(no)->is_loopback()) << no;
  }
}

struct Reach {
  std::string_view address;
  bool special;
  std::string_view why;
};

// RFC 6890 and the two IANA registries: both edges of each block.
TEST(IpAddress, special_purpose_addresses_are_told_from_global_ones) {
  const Reach cases[] = {
      {"0.0.0.0", true, "this network"},
      {"0.255.255.255", true, ""},
      {"1.0.0.0", false, ""},
      {"9.255.255.255", false, ""},
      {"10.0.0.0", true, "private"},
      {"11.0.0.0", false, ""},
      {"100.63.255.255", false, ""},
      {"100.64.0.0", true, "carriers"},
      {"100.127.255.255", true, ""},
      {"100.128.0.0", false, ""},
      {"127.0.0.1", true, "loopback"},
      {"169.254.169.254", true, "cloud metadata"},
      {"169.253.255.255", false, ""},
      {"172.15.255.255", false, ""},
      {"172.16.0.0", true, "private"},
      {"172.31.255.255", true, ""},
      {"172.32.0.0", false, ""},
      {"192.0.0.8", true, "protocol assignments"},
      {"192.0.1.0", false, ""},
      {"192.0.2.1", true, "documentation"},
      {"192.88.99.1", true, "6to4 relay"},
      {"192.168.1.1", true, "private"},
      {"192.169.0.0", false, ""},
      {"198.17.255.255", false, ""},
      {"198.18.0.0", true, "benchmarking"},
      {"198.19.255.255", true, ""},
      {"198.20.0.0", false, ""},
      {"198.51.100.7", true, "documentation"},
      {"203.0.113.7", true, "documentation"},
      {"223.255.255.255", false, ""},
      {"224.0.0.1", true, "multicast"},
      {"255.255.255.255", true, "broadcast"},
      {"::", true, "unspecified"},
      {"::1", true, "loopback"},
      {"::ffff:10.0.0.1", true, "mapped private"},
      {"::ffff:8.8.8.8", false, "mapped global"},
      {"64:ff9b::10.0.0.1", true, "NAT64 to private"},
      {"64:ff9b::8.8.8.8", false, "NAT64 to global"},
      {"64:ff9b:1::1", true, "local NAT64"},
      {"100::1", true, "discard"},
      {"2001::1", true, "Teredo"},
      {"2001:1ff:ffff::", true, "protocol assignments"},
      {"2001:200::", false, ""},
      {"2001:db8::1", true, "documentation"},
      {"2001:db9::1", false, ""},
      {"2002:0a00:0001::", true, "6to4 of 10.0.0.1"},
      {"2002:0808:0808::", false, "6to4 of 8.8.8.8"},
      {"2606:4700::1111", false, ""},
      {"3fff:fff::1", true, "documentation"},
      {"3fff:1000::1", false, ""},
      {"4000::1", true, "not given out"},
      {"fc00::1", true, "unique local"},
      {"fd12::1", true, "unique local"},
      {"fe80::1", true, "link-local"},
      {"fec0::1", true, "site-local"},
      {"ff02::1", true, "multicast"},
  };
  for (const Reach& c : cases) {
    auto address = IpAddress::parse(c.address);
    ASSERT_TRUE(address) << c.address;
    EXPECT_EQ(address->is_special_purpose(), c.special) << c.address << " " << c.why;
  }
}

}  // namespace
}  // namespace postseal
