// SPDX-License-Identifier: Apache-2.0
// Worlds brought up for real: ldns-signzone, knotd, the name front, and libunbound as the one who asks.
#include "lab/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "lab/live_names.h"
#include "lab/zone_line.h"

namespace postseal::lab {
namespace {

using dns::AnswerState;
using dns::RecordType;
using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kWorld = R"(
  [[case]]
  name = "signed"
  domain = "signed.test"
  tlsa = ["3 1 1", "3 1 1 empty", "2 0 1"]
  sts = {}
  zone = { records = ["alias CNAME mx", "_25._tcp.alias TLSA 3 1 1 of mx.signed.test", "*.wild TXT 'x'"] }
  [[case]]
  name = "nsec3"
  domain = "nsec3.test"
  zone = { nsec3 = true }
  [[case]]
  name = "unsigned"
  domain = "unsigned.test"
  zone = { signing = "unsigned" }
  tlsa = "3 1 1 empty"
  [[case]]
  name = "bogus"
  domain = "bogus.test"
  zone = { signing = "bogus" }
  [[case]]
  name = "expired"
  domain = "expired.test"
  zone = { signing = "expired" }
  [[case]]
  name = "early"
  domain = "early.test"
  zone = { signing = "not-yet-valid" }
  [[case]]
  name = "wrong-ds"
  domain = "wrong-ds.test"
  zone = { signing = "wrong-ds" }
  [[case]]
  name = "denial"
  domain = "denial.test"
  zone = { signing = "broken-denial" }
  [[case]]
  name = "denial3"
  domain = "denial3.test"
  zone = { signing = "broken-denial", nsec3 = true }
  [[case]]
  name = "forged"
  domain = "forged.test"
  zone = { forged = ["@ MX 10 evil.test."] }
  [[case]]
  name = "child"
  domain = "deep.signed.test"
  zones = [{ name = "hosts", signing = "unsigned" }]
  hosts = { name = "mx.hosts" }
  [[case]]
  name = "faults"
  domain = "faults.test"
  hosts = [{}, {}, {}, {}, {}, {}]
  zone = { records = ["long TXT one"] }
  faults = [
    { name = "mx", type = "A", fault = "servfail" }, { name = "mx2", type = "A", fault = "refused" },
    { name = "mx3", type = "A", fault = "garble" }, { name = "mx4", type = "A", fault = "spoof", answer = "A 127.6.6.6" },
    { name = "mx5", type = "A", fault = "truncate" }, { name = "mx6", type = "A", fault = "truncate", tcp_refused = true },
    { name = "long", type = "TXT", fault = "forge-ad" },
  ]
  [[case]]
  name = "spoofable"
  domain = "spoofable.test"
  zone = { signing = "unsigned" }
  fault = { type = "MX", fault = "spoof", answer = "MX 10 evil.test." }
)";

TEST(Names, zones_are_as_secure_or_broken_as_the_world_says) {
  LiveNames live(kWorld);
  struct Row {
    const char* name;
    RecordType type;
    const char* state;
  };
  const Row rows[] = {
      {"signed.test", RecordType::MX, "found secure"},
      {"mx.signed.test", RecordType::A, "found secure"},
      {"_2525._tcp.mx.signed.test", RecordType::TLSA, "found secure"},
      {"_2525._tcp.alias.signed.test", RecordType::TLSA, "found secure"},
      {"_25._tcp.mx.signed.test", RecordType::TLSA, "nxdomain secure"},
      {"alias.signed.test", RecordType::A, "found secure"},
      {"any.wild.signed.test", RecordType::TXT, "found secure"},
      {"mx.signed.test", RecordType::AAAA, "nodata secure"},
      {"_mta-sts.signed.test", RecordType::TXT, "found secure"},
      {"mta-sts.signed.test", RecordType::A, "found secure"},
      {"no.signed.test", RecordType::A, "nxdomain secure"},
      {"nowhere.test", RecordType::MX, "nxdomain secure"},
      {"example.org", RecordType::MX, "nxdomain secure"},
      {"nsec3.test", RecordType::MX, "found secure"},
      {"no.nsec3.test", RecordType::MX, "nxdomain secure"},
      {"unsigned.test", RecordType::MX, "found"},
      {"no.unsigned.test", RecordType::A, "nxdomain"},
      {"_2525._tcp.mx.unsigned.test", RecordType::TLSA, "found"},
      {"bogus.test", RecordType::MX, "bogus"},
      {"mx.bogus.test", RecordType::A, "bogus"},
      {"no.bogus.test", RecordType::A, "bogus"},
      {"expired.test", RecordType::MX, "bogus"},
      {"early.test", RecordType::MX, "bogus"},
      {"wrong-ds.test", RecordType::MX, "bogus"},
      {"denial.test", RecordType::MX, "found secure"},
      {"forged.test", RecordType::MX, "bogus"},
      {"mx.forged.test", RecordType::A, "found secure"},
      {"deep.signed.test", RecordType::MX, "found secure"},
      {"mx.hosts.deep.signed.test", RecordType::A, "found"},
      {"mx5.faults.test", RecordType::A, "found secure"},
      {"mx4.faults.test", RecordType::A, "bogus"},
      {"spoofable.test", RecordType::MX, "found"},
      {"long.faults.test", RecordType::TXT, "found secure"},
  };
  for (const Row& row : rows) EXPECT_EQ(live.state(row.name, row.type), row.state) << row.name;
  // Knot may answer these at all or not: they never prove anything.
  for (const char* name : {"no.denial.test", "no.denial3.test", "mx.faults.test", "mx2.faults.test", "mx3.faults.test",
                           "mx6.faults.test"}) {
    EXPECT_TRUE(live.ask(name, RecordType::A).unknown()) << name;
  }
  EXPECT_THAT(live.names().asked(), Contains("TLSA _25._tcp.mx.signed.test"));
  EXPECT_THAT(live.names().asked(), Contains("MX forged.test"));
  EXPECT_THAT(live.names().asked(), Not(Contains("MX never.test")));
}

TEST(Names, a_dropped_answer_fails_by_the_askers_deadline_only) {
  LiveNames live(
      "[[case]]\nname='d'\ndomain='d.test'\nfault={type='MX',fault='drop'}\n"
      "[[case]]\nname='s'\ndomain='s.test'\nfault={type='MX',fault='delay',delay_ms=50}\n");
  const auto dropped = live.ask("d.test", RecordType::MX, 300ms);
  EXPECT_EQ(dropped.state, AnswerState::Failed);
  EXPECT_EQ(dropped.failure, dns::Failure::Timeout);
  EXPECT_EQ(live.state("mx.d.test", RecordType::A), "found secure");
  EXPECT_EQ(live.state("s.test", RecordType::MX), "found secure");
}

TEST(Names, eighty_zones_are_up_in_seconds) {
  std::string toml;
  for (int i = 0; i < 80; ++i) {
    toml += "[[case]]\nname='" + std::to_string(i) + "'\ndomain='d" + std::to_string(i) + ".test'\ntlsa='3 1 1'\n";
  }
  const auto start = std::chrono::steady_clock::now();
  LiveNames live(toml);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_EQ(live.state("d79.test", RecordType::MX), "found secure");
}

/// What goes wrong when a world's names are brought up; empty if nothing does.
std::string bring_up(const std::expected<World, WorldError>& world) {
  if (!world) return to_string(world.error());
  const Folder folder;
  const Addresses addresses(*world);
  auto authority = Authority::create();
  const auto credentials = issue_credentials(*authority, *world);
  if (!credentials) return credentials.error();
  boost::asio::io_context io;
  const auto names =
      Names::start({*world, addresses, *credentials, folder.path(), 2525, 0}, io.get_executor(), Deadline::in(20s));
  return names ? "" : names.error();
}

TEST(Names, records_that_cannot_be_are_errors_that_name_the_zone) {
  const auto with = [](const std::string& record) {
    return bring_up(parse_world("[[zone]]\nname='z.test'\nrecords=['" + record + "']\n", "w.toml"));
  };
  EXPECT_EQ(with("x A 127.1.1.1"), "");
  EXPECT_THAT(with("x TLSA 3 1 1"), HasSubstr("zone z.test.: record \"x TLSA 3 1 1\""));
  EXPECT_THAT(with("x MX"), HasSubstr("not OWNER TYPE DATA"));
  EXPECT_THAT(with("x A 1.2.3.4.5"), HasSubstr("ldns-signzone"));
}

TEST(Names, those_of_every_world_that_comes_along_can_be_served) {
  int worlds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(POSTSEAL_SOURCE_DIR "/lab/worlds")) {
    if (entry.path().extension() != ".toml") continue;
    ++worlds;
    EXPECT_EQ(bring_up(load_world(entry.path())), "") << entry.path();
  }
  EXPECT_GT(worlds, 0);
}

TEST(Addresses, every_host_has_its_own_and_those_that_are_said_are_kept) {
  const auto world = parse_world(
      "[[host]]\nname='a.x.test'\n[[host]]\nname='b.x.test'\naddresses='127.20.0.1'\n"
      "[[host]]\nname='c.x.test'\n[[policy]]\ndomain='x.test'\n",
      "w.toml");
  ASSERT_TRUE(world) << to_string(world.error());
  const Addresses addresses(*world);
  const auto of = [&](const char* host) { return addresses.of_host(*Domain::parse(host)).at(0).to_string(); };
  EXPECT_EQ(of("a.x.test"), "127.20.0.2");
  EXPECT_EQ(of("b.x.test"), "127.20.0.1");
  EXPECT_EQ(of("c.x.test"), "127.20.0.3");
  EXPECT_EQ(addresses.of_policy_host(*Domain::parse("x.test")).to_string(), "127.30.0.1");
  EXPECT_TRUE(addresses.of_host(*Domain::parse("d.x.test")).empty());
}

}  // namespace
}  // namespace postseal::lab
