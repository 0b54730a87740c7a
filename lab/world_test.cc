// SPDX-License-Identifier: Apache-2.0
#include "lab/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postseal::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

World parse(std::string_view toml) {
  auto world = parse_world(toml, "w.toml");
  EXPECT_TRUE(world) << (world ? "" : to_string(world.error()));
  return world.value_or(World{});
}

std::vector<std::string> names(const auto& pieces) {
  std::vector<std::string> out;
  for (const auto& piece : pieces) out.push_back(piece.name.ascii());
  return out;
}

TEST(World, a_case_with_only_a_domain_is_the_happy_path) {
  const World world = parse("[[case]]\nname = 'D01'\ndomain = 'd01.test'\n");
  EXPECT_EQ(world.name, "w.toml");
  ASSERT_THAT(names(world.zones), ElementsAre("d01.test"));
  EXPECT_EQ(world.zones[0].signing, Signing::Signed);
  EXPECT_THAT(world.zones[0].records, ElementsAre("d01.test. MX 10 mx.d01.test."));
  ASSERT_THAT(names(world.hosts), ElementsAre("mx.d01.test"));
  EXPECT_EQ(world.hosts[0].certificate.issuer, "lab-ca");
  EXPECT_THAT(world.hosts[0].tlsa, IsEmpty());
  EXPECT_THAT(world.policies, IsEmpty());
  ASSERT_EQ(world.cases.size(), 1u);
  EXPECT_THAT(world.cases[0].recipients, ElementsAre("user@d01.test"));
  EXPECT_EQ(world.cases[0].expect.outcome, "delivered");
  EXPECT_THAT(world.cases[0].no_body_at, IsEmpty());
}

TEST(World, shorthand_of_a_case_belongs_to_its_first_host) {
  const World world = parse(R"([[case]]
    name = "D02"
    domain = "d02.test"
    tlsa = ["3 1 1 wrong", "3 1 1 leaf of other"]
    certificate = { validity = "expired", names = ["other", "*.d02.test"] }
    server = { starttls = "absent", tls_max = "TLSv1" }
    hosts = [{}, { name = "backup", preference = 5 }]
    expect = { outcome = "deferred", host = "mx", not_asked = ["TLSA _25._tcp.mx"] }
  )");
  ASSERT_THAT(names(world.hosts), ElementsAre("mx.d02.test", "backup.d02.test"));
  EXPECT_THAT(world.hosts[0].tlsa, ElementsAre("3 1 1 wrong", "3 1 1 leaf of other.d02.test."));
  EXPECT_EQ(world.hosts[0].certificate.validity, "expired");
  EXPECT_THAT(world.hosts[0].certificate.names, ElementsAre("other.d02.test", "*.d02.test"));
  EXPECT_EQ(world.hosts[0].server.starttls, "absent");
  EXPECT_EQ(world.hosts[0].server.tls_min, "TLSv1");
  EXPECT_EQ(world.hosts[1].server.starttls, "offered");
  EXPECT_THAT(world.zones[0].records, ElementsAre("d02.test. MX 10 mx.d02.test.", "d02.test. MX 5 backup.d02.test."));
  EXPECT_EQ(world.cases[0].expect.host, "mx.d02.test");
  EXPECT_THAT(world.cases[0].expect.not_asked, ElementsAre("TLSA _25._tcp.mx.d02.test"));
  EXPECT_THAT(world.cases[0].no_body_at, ElementsAre("mx.d02.test", "backup.d02.test"));
}

TEST(World, mx_overrides_hosts_and_may_name_those_of_others) {
  const World world = parse(R"(
    [[host]]
    name = "mx.provider.test"
    [[case]]
    name = "one"
    domain = "one.test"
    mx = ["mx.provider.test", "5 mx", "192.0.2.1"]
    [[case]]
    name = "D39"
    domain = "d39.test"
    mx = "0 ."
    [[case]]
    name = "D38"
    domain = "d38.test"
    host = { name = "@" }
  )");
  EXPECT_THAT(names(world.zones), ElementsAre("one.test", "d39.test", "d38.test", "provider.test"));
  EXPECT_THAT(names(world.hosts), ElementsAre("mx.provider.test", "d38.test"));
  EXPECT_THAT(world.zones[0].records, ElementsAre("one.test. MX 10 mx.provider.test.", "one.test. MX 5 mx.one.test.",
                                                  "one.test. MX 30 192.0.2.1."));
  EXPECT_THAT(world.zones[1].records, ElementsAre("d39.test. MX 0 ."));
  EXPECT_THAT(world.zones[2].records, IsEmpty());
}

TEST(World, a_policy_takes_its_mx_from_the_case) {
  const World world = parse(R"(
    [[policy]]
    domain = "shared.test"
    cached = { mode = "testing" }
    [[case]]
    name = "shared"
    domain = "shared.test"
    [[case]]
    name = "own"
    domain = "own.test"
    sts = { mode = "testing", max_age = 0, cached = { mx = ["old.own.test"] } }
    [[case]]
    name = "said"
    domain = "said.test"
    sts = { mx = [] }
  )");
  ASSERT_EQ(world.policies.size(), 3u);
  EXPECT_EQ(world.policies[0].domain.ascii(), "own.test");
  EXPECT_THAT(world.policies[0].mx, ElementsAre("mx.own.test"));
  EXPECT_EQ(world.policies[0].max_age, "0");
  EXPECT_THAT(world.policies[0].cached->mx, ElementsAre("old.own.test"));
  EXPECT_THAT(world.policies[1].mx, IsEmpty());
  EXPECT_THAT(world.policies[2].mx, ElementsAre("mx.shared.test"));
  EXPECT_THAT(world.policies[2].cached->mx, ElementsAre("mx.shared.test"));
}

TEST(World, a_case_can_do_without_a_zone_and_without_hosts) {
  const World world = parse(R"(
    [[zone]]
    name = "up.test"
    signing = "unsigned"
    [[case]]
    name = "D40"
    domain = "nowhere.test"
    zone = false
    hosts = []
    [[case]]
    name = "S34"
    domain = "sub.up.test"
    zone = false
    fault = [{ type = "TLSA", name = "mx", fault = "servfail" }, { fault = "delay", delay_ms = 20 }]
  )");
  EXPECT_THAT(names(world.zones), ElementsAre("up.test"));
  EXPECT_THAT(world.zones[0].records, ElementsAre("sub.up.test. MX 10 mx.sub.up.test."));
  ASSERT_THAT(names(world.faults), ElementsAre("_25._tcp.mx.sub.up.test", "sub.up.test"));
  EXPECT_EQ(world.faults[1].delay, std::chrono::milliseconds(20));
  EXPECT_EQ(world.faults[1].type, "ANY");
}

TEST(World, forgeries_referrals_and_bounds_are_read_relative_to_the_case) {
  const World world = parse(R"(
    [[case]]
    name = "A31"
    domain = "a31.test"
    zone = { nsec3 = true, nsec3_iterations = 2500, signing = "key-trap" }
    faults = [
      { name = "sub", below = true, fault = "referral", servers = 400, victim = "ns.victim.test" },
      { fault = "wrong-id", answer = "MX 10 evil.test.", copies = 7, alone = true },
    ]
    expect = { asked_at_most = { "ns" = 5, "victim.test" = 50 } }
  )");
  EXPECT_EQ(world.zones[0].nsec3_iterations, 2500);
  EXPECT_EQ(world.zones[0].signing, Signing::KeyTrap);
  EXPECT_EQ(world.faults[0].servers, 400);
  EXPECT_EQ(world.faults[0].victim.ascii(), "ns.victim.test");
  EXPECT_EQ(world.faults[1].copies, 7);
  EXPECT_TRUE(world.faults[1].alone);
  EXPECT_EQ(world.cases[0].expect.asked_at_most.at(*Domain::parse("ns.a31.test")), 5);
  EXPECT_EQ(world.cases[0].expect.asked_at_most.at(*Domain::parse("victim.test")), 50);
}

TEST(World, expectations_of_single_recipients_decide_about_bodies) {
  const World world = parse(R"(
    [[case]]
    name = "D47"
    domain = "d47.test"
    recipients = ["a@d47.test", "b@d47.test"]
    expect = { outcome = "deferred" }
    expect_for = { "b@d47.test" = { outcome = "delivered", proof = "dane-ee 3 1 1", status = "2.0.0" } }
    settings = { "resolver.trust_anchor" = "none", "delivery.chunking" = false, "delivery.max_hosts" = 3 }
  )");
  EXPECT_THAT(world.cases[0].no_body_at, IsEmpty());
  EXPECT_EQ(world.cases[0].expect_for.at("b@d47.test").proof, "dane-ee 3 1 1");
  EXPECT_EQ(world.cases[0].settings.at("delivery.chunking"), "false");
  EXPECT_EQ(world.cases[0].settings.at("delivery.max_hosts"), "3");
}

TEST(World, the_example_of_the_documentation_is_valid) {
  const auto world = load_world(POSTSEAL_SOURCE_DIR "/lab/worlds/example.toml");
  ASSERT_TRUE(world) << to_string(world.error());
  EXPECT_EQ(world->cases.size(), 10u);
}

TEST(World, every_key_of_the_documentation_is_read) {
  const auto world = load_world(POSTSEAL_SOURCE_DIR "/fuzz/corpus/world/everything");
  ASSERT_TRUE(world) << to_string(world.error());
  ASSERT_EQ(world->cases.size(), 1u);
  EXPECT_EQ(world->hosts[0].server.starttls, "injected");
  EXPECT_EQ(world->policies[0].status, 301);
  EXPECT_EQ(world->cases[0].local_rule, "dane-only");
}

struct Mistake {
  std::string toml;
  int line;
  std::string_view says;
};

TEST(World, mistakes_name_line_key_and_what_is_allowed) {
  const std::string head = "[[case]]\nname = 'C'\ndomain = 'c.test'\n";
  const Mistake mistakes[] = {
      {"name = \n", 1, "not TOML"},
      {"nmae = 'x'\n", 1, "unknown key 'nmae' in the world; allowed: about, case"},
      {"name = 1.5\n", 1, "floating point"},
      {"case = 5\n", 1, "'case' of the world must be a table or a list of tables"},
      {"[[case]]\ndomain = 'c.test'\n", 1, "'name' of [[case]] is missing"},
      {"[[case]]\nname = 'C'\n", 1, "'recipients' of case C is missing"},
      {head + "sings = 5\n", 4, "unknown key 'sings' in case C"},
      {head + "[[case]]\nname = 'C'\ndomain = 'd.test'\n", 4, "case C is there twice"},
      {head + "[[zone]]\nname = 'c.test'\nrecords = ['$INCLUDE /etc/passwd']\n", 6, "no zone file record"},
      {head + "[[zone]]\nname = 'z.test'\n[[zone]]\nname = 'z.test'\n", 6, "zone z.test is there twice"},
      {head + "zone = { signing = 'sigend' }\n", 4, "is \"sigend\"; allowed: signed, unsigned, bogus"},
      {head + "zone = true\n", 4, "must be a table, or false"},
      {head + "requiretls = 'yes'\n", 4, "'requiretls' of case C must be true or false"},
      {head + "recipients = 'nobody'\n", 4, "has \"nobody\""},
      {head + "host = {}\nhosts = []\n", 4, "are the same"},
      {head + "host = { preference = 70000 }\n", 4, "allowed: 0 to 65535"},
      {head + "host = { addresses = '192.0.2.1' }\n", 4, "stays on loopback"},
      {head + "host = { addresses = '127.53.0.1' }\n", 4, "needs for name servers"},
      {head + "hosts = [{ addresses = '127.9.9.9' }, { addresses = '127.9.9.9' }]\n", 1, "given to two hosts"},
      {head + "hosts = [{ name = 'mx' }, { name = 'mx' }]\n", 1, "host mx.c.test is there twice"},
      {head + "hosts = []\ntlsa = '3 1 1'\n", 5, "needs a host"},
      {head + "hosts = [{ tlsa = '3 1 1' }]\ntlsa = '3 1 1'\n", 5, "say it once"},
      {head + "tlsa = '3 1'\n", 4, "allowed: USAGE SELECTOR MATCHING"},
      {head + "tlsa = '3 1 256'\n", 4, "allowed: USAGE SELECTOR MATCHING"},
      {head + "tlsa = '3 1 1 xyz'\n", 4, "allowed: USAGE SELECTOR MATCHING"},
      {head + "tlsa = '3 1 1 wrong x1001'\n", 4, "allowed: USAGE SELECTOR MATCHING"},
      {head + "mx = 'ten mx'\n", 4, "must be like"},
      {head + "certificate = { issuer = 'letsencrypt' }\n", 4, "allowed: lab-ca"},
      {head + "certificate = { names = 'EMAIL=x' }\n", 4, "allowed: a name, CN=name"},
      {head + "server = { replies = { stage = 'helo', reply = '250 x' } }\n", 4, "allowed: connect, ehlo"},
      {head + "server = { replies = { stage = 'ehlo', reply = 'later' } }\n", 4, "three digits"},
      {head + "server = { tls_min = 'TLSv1.3', tls_max = 'TLSv1.2' }\n", 4, "below tls_min"},
      {head + "server = { tls_script = 'rc2' }\n", 4, "allowed: ssl3, rc4"},
      {head + "server = { tls_script = 'rc4', handshake = 'alert' }\n", 4, "leaves no room for 'handshake'"},
      {head + "sts = { body = 'x', mode = 'none' }\n", 4, "instead of mode"},
      {head + "fault = { fault = 'spoof' }\n", 4, "what to spoof"},
      {head + "fault = { fault = 'wrong-id' }\n", 4, "what to spoof"},
      {head + "fault = { fault = 'short-data' }\n", 4, "what to spoof"},
      {head + "fault = { fault = 'spoof', answer = 'A 127.0.0.1', copies = 2 }\n", 4, "needs a fault wrong-id"},
      {head + "fault = { fault = 'drop', alone = true }\n", 4, "needs a fault wrong-id"},
      {head + "fault = { fault = 'wrong-port', answer = 'A 127.0.0.1', copies = 1001 }\n", 4, "allowed: 1 to 1000"},
      {head + "fault = { fault = 'referral', servers = 10 }\n", 4, "needs 'servers' and 'victim'"},
      {head + "fault = { fault = 'referral', victim = 'v' }\n", 4, "needs 'servers' and 'victim'"},
      {head + "fault = { fault = 'referral', servers = 2001, victim = 'v' }\n", 4, "allowed: 1 to 2000"},
      {head + "fault = { fault = 'drop', servers = 10 }\n", 4, "needs fault = \"referral\""},
      {head + "fault = { fault = 'wrong' }\n", 4, "other-case, wrong-id, wrong-question, wrong-port, wrong-address"},
      {head + "zone = { nsec3_iterations = 10 }\n", 4, "needs nsec3 = true"},
      {head + "zone = { nsec3 = true, nsec3_iterations = 65536 }\n", 4, "allowed: 0 to 65535"},
      {head + "expect = { asked_at_most = { 'v.test' = 'few' } }\n", 4, "must be like"},
      {head + "expect = { asked_at_most = 5 }\n", 4, "'asked_at_most' of expect of case C must be a table"},
      {head + "fault = { type = 'MX' }\n", 4, "'fault' of fault of case C is missing"},
      {head + "expect = { proof = 'dnae' }\n", 4, "allowed: dane-ee"},
      {head + "expect = { status = '4.7' }\n", 4, "must be like \"4.7.5\""},
      {head + "expect = { tlsrpt = 'none' }\n", 4, "allowed: starttls-not-supported"},
      {head + "expect_for = { \"x@c.test\" = {} }\n", 4, "not among the recipients"},
      {head + "[[policy]]\ndomain = 'c.test'\n[[policy]]\ndomain = 'c.test'\n", 6, "policy of c.test is there twice"},
      {"[[host]]\nname = 'a.b.test'\npreference = 10\n", 1, "write MX records"},
      {"about = [[[[[[[[[[]]]]]]]]]]\n", 1, "nested deeper"},
  };
  for (const Mistake& mistake : mistakes) {
    const auto world = parse_world(mistake.toml, "w.toml");
    ASSERT_FALSE(world) << mistake.toml;
    EXPECT_EQ(world.error().line, mistake.line) << mistake.toml << world.error().what;
    EXPECT_THAT(world.error().what, HasSubstr(mistake.says)) << mistake.toml;
    EXPECT_THAT(to_string(world.error()), HasSubstr("w.toml:"));
  }
}

TEST(World, size_and_counts_are_bounded) {
  EXPECT_FALSE(parse_world(std::string(kMaxWorldBytes + 1, '\n'), "w.toml"));
  std::string many;
  for (int i = 0; i < 2001; ++i) many += "[[zone]]\nname = 'z" + std::to_string(i) + ".test'\n";
  const auto world = parse_world(many, "w.toml");
  ASSERT_FALSE(world);
  EXPECT_THAT(world.error().what, HasSubstr("more than 2000"));
  EXPECT_FALSE(load_world("/nowhere/at/all.toml"));
  EXPECT_FALSE(load_world("/"));
}

}  // namespace
}  // namespace postseal::lab
