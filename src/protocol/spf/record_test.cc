// SPDX-License-Identifier: Apache-2.0
#include "protocol/spf/record.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace postseal::spf {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }
MacroString spec(const char* text) { return parse_domain_spec(text).value(); }

// RFC 7208 §4.5.
TEST(SpfRecord, only_the_exact_version_makes_a_record) {
  for (const char* text : {"v=spf1", "v=spf1 ", "V=SPF1 -all", "v=SpF1 mx"}) EXPECT_TRUE(is_record(text)) << text;
  for (const char* text : {"", "v=spf", "v=spf10", "v=spf1-all", "v=spf1\t-all", " v=spf1 -all", "v=spf2.0/pra -all",
                           "spf1 -all", "v= spf1"}) {
    EXPECT_FALSE(is_record(text)) << text;
  }
}

TEST(SpfRecord, every_mechanism_is_read_with_its_arguments) {
  struct {
    const char* term;
    Result qualifier;
    Mechanism mechanism;
  } cases[] = {
      {"all", Result::Pass, All{}},
      {"+all", Result::Pass, All{}},
      {"-all", Result::Fail, All{}},
      {"~all", Result::SoftFail, All{}},
      {"?ALL", Result::Neutral, All{}},
      {"include:example.net", Result::Pass, Include{spec("example.net")}},
      {"a", Result::Pass, Address{}},
      {"-a", Result::Fail, Address{}},
      {"a/24", Result::Pass, Address{std::nullopt, {24, 128}}},
      {"a//64", Result::Pass, Address{std::nullopt, {32, 64}}},
      {"a/0//0", Result::Pass, Address{std::nullopt, {0, 0}}},
      {"A:example.net/32//128", Result::Pass, Address{spec("example.net"), {32, 128}}},
      {"a:%{l/}.%{d}/8", Result::Pass, Address{spec("%{l/}.%{d}"), {8, 128}}},
      {"a:odd/name:here.example.net", Result::Pass, Address{spec("odd/name:here.example.net"), {}}},
      {"mx", Result::Pass, Mx{}},
      {"mx:%{d2}/27//57", Result::Pass, Mx{spec("%{d2}"), {27, 57}}},
      {"ptr", Result::Pass, Ptr{}},
      {"?ptr:example.net", Result::Neutral, Ptr{spec("example.net")}},
      {"ip4:192.0.2.0/24", Result::Pass, Network{ip("192.0.2.0"), 24}},
      {"ip4:192.0.2.1", Result::Pass, Network{ip("192.0.2.1"), 32}},
      {"ip4:192.0.2.1/0", Result::Pass, Network{ip("192.0.2.1"), 0}},
      {"IP6:2001:DB8::/32", Result::Pass, Network{ip("2001:db8::"), 32}},
      {"ip6:::1", Result::Pass, Network{ip("::1"), 128}},
      {"ip6:::ffff:192.0.2.1/96", Result::Pass, Network{ip("::ffff:192.0.2.1"), 96}},
      {"-exists:%{ir}.list.example.net", Result::Fail, Exists{spec("%{ir}.list.example.net")}},
  };
  for (const auto& [term, qualifier, mechanism] : cases) {
    const auto record = parse_record(std::string("v=spf1 ") + term);
    ASSERT_TRUE(record) << term << ": " << record.error();
    ASSERT_EQ(record->directives.size(), 1u) << term;
    EXPECT_EQ(record->directives[0].qualifier, qualifier) << term;
    EXPECT_TRUE(record->directives[0].mechanism == mechanism) << term;
    EXPECT_EQ(record->directives[0].text, term);
  }
}

// RFC 7208 §4.6, RFC 7208 §4.6.1, RFC 7208 §5.
TEST(SpfRecord, a_syntax_error_anywhere_spoils_the_record) {
  for (const char* term : {
           "moo",                     // no mechanism
           "al",                      //
           "-",                       // a qualifier and nothing
           "--all",                   // two qualifiers
           "all:example.net",         // arguments that "all" does not have
           "all/24",                  //
           "all.",                    //
           "include",                 // arguments that are missing
           "include:",                //
           "include:example.net/24",  // a length that it does not take
           "exists",                  //
           "exists:",                 //
           "exists:example.net/24",   //
           "a:",                      // an empty domain
           "a:/24",                   //
           "mx:",                     //
           "ptr:",                    //
           "ptr/24",                  //
           "a/33",                    // lengths out of range
           "a//129",                  //
           "mx/33",                   //
           "mx//129",                 //
           "a/024",                   // leading zeros
           "a//064",                  //
           "a/24/64",                 // one slash for two lengths
           "a/24//64//64",            //
           "a//64/24",                // the wrong order
           "a/",                      //
           "a//",                     //
           "a/24x",                   //
           "a/-1",                    //
           "a:example.net/99999999999999999999",
           "ip4",                     //
           "ip4:",                    //
           "ip4:192.0.2",             // parts left out
           "ip4:192.0.2.1.1",         //
           "ip4:192.0.2.01",          // a leading zero
           "ip4:192.0.2.256",         //
           "ip4:192.0.2.1/33",        //
           "ip4:192.0.2.1/032",       //
           "ip4:192.0.2.1//32",       //
           "ip4:192.0.2.1:25",        //
           "ip4:2001:db8::1",         // the other family
           "ip4:%{i}",                // no macros in networks
           "ip6",                     //
           "ip6:192.0.2.1",           //
           "ip6:2001:db8::1/129",     //
           "ip6:2001:db8::1//64",     //
           "ip6::2001::db8",          //
           "redirect:example.net",    // a modifier is no mechanism
           "-redirect=example.net",   // and has no qualifier
           "=all",                    // no name
           "1up=x",                   // names begin with a letter
           "x/y=z",                   // and have no slash
           "x=%",                     // macros of unknown modifiers are checked
           "x=%{d",                   //
           "exp=",                    // empty domains
           "redirect=",               //
           "exp=com",                 //
           "redirect=-all",           //
           "exp=%{r}.example.net",    //
           "a:%{x}.example.net",      //
           "a:192.0.2.1",             // an address instead of a name
           "mx\tall",                 // only blanks separate
           "a:\xc3\xbc.example.net",  // US-ASCII alone
           "\x80",                    //
           "ip4:192.0.2.1\n",         //
       }) {
    const auto record = parse_record(std::string("v=spf1 +all ") + term + " -all");
    EXPECT_FALSE(record) << term;
    if (!record) {
      EXPECT_TRUE(std::ranges::all_of(record.error(), [](char c) { return c >= ' ' && c < 0x7f; })) << term;
    }
  }
}

// RFC 7208 §6.
TEST(SpfRecord, modifiers_stand_anywhere_and_the_known_ones_once) {
  const auto record =
      parse_record("v=spf1 redirect=a.example exp=b.example  -all  unknown=%{c}:x/y UNKNOWN=x unknown= ");
  ASSERT_TRUE(record) << record.error();
  EXPECT_EQ(record->redirect, spec("a.example"));
  EXPECT_EQ(record->explanation, spec("b.example"));
  EXPECT_EQ(record->directives.size(), 1u);
  EXPECT_TRUE(parse_record("v=spf1 REDIRECT=a.example").value().redirect);
  EXPECT_FALSE(parse_record("v=spf1 redirect=a.example -all redirect=a.example"));
  EXPECT_FALSE(parse_record("v=spf1 exp=a.example -all Exp=b.example"));
  EXPECT_TRUE(parse_record("v=spf1 name.with-all_of.it=x")) << "names of modifiers";
}

TEST(SpfRecord, networks_hold_addresses_of_their_family) {
  struct {
    const char* address;
    const char* network;
    unsigned bits;
    bool in;
  } cases[] = {
      {"192.0.2.1", "192.0.2.1", 32, true},         {"192.0.2.1", "192.0.2.0", 32, false},
      {"192.0.2.255", "192.0.2.0", 24, true},       {"192.0.3.0", "192.0.2.0", 24, false},
      {"192.0.3.255", "192.0.2.0", 23, true},       {"192.0.4.0", "192.0.2.0", 23, false},
      {"10.0.0.1", "192.0.2.0", 0, true},           {"128.0.0.1", "192.0.2.0", 1, true},
      {"127.0.0.1", "192.0.2.0", 1, false},         {"2001:db8::1", "2001:db8::", 32, true},
      {"2001:db9::", "2001:db8::", 32, false},      {"2001:db9::", "2001:db8::", 31, true},
      {"2001:db8::1", "2001:db8::", 127, true},     {"2001:db8::2", "2001:db8::", 127, false},
      {"2001:db8::1", "192.0.2.1", 0, false},       {"192.0.2.1", "2001:db8::1", 0, false},
      {"192.0.2.1", "::ffff:192.0.2.1", 96, false},
  };
  for (const auto& [address, network, bits, in] : cases) {
    EXPECT_EQ(is_in(ip(address), ip(network), bits), in) << address << " in " << network << "/" << bits;
  }
}

}  // namespace
}  // namespace postseal::spf
