// SPDX-License-Identifier: Apache-2.0
// The self-test of `postseal explain --self-test` with the real resolver in worlds that have the names it asks for: an
// Internet in order, and one for each thing that can be wrong with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "lab/live_names.h"
#include "lab/zone_key.h"

namespace postseal::lab {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// signing of the domain that is broken on purpose, size of the large answer, and further tables.
std::string internet(std::string_view signing, int texts, std::string_view more = "") {
  std::string toml = "[[zone]]\nname = 'dnssec-failed.org'\nsigning = '" + std::string(signing) +
                     "'\nrecords = '@ A 127.9.9.9'\n[[zone]]\nname = 'microsoft.com'\nrecords = [";
  for (int i = 0; i < texts; ++i) toml += "'@ TXT \"" + std::to_string(i) + std::string(120, 'x') + "\"', ";
  return toml + "]\n" + std::string(more);
}

struct Shown {
  std::vector<bool> good;
  std::vector<std::string> results;
};

Shown check(LiveNames& live, bool anchors = true) {
  Shown shown;
  for (const auto& line : live.run(resolver::self_check(live.resolver(), anchors, Deadline::in(3s)))) {
    shown.good.push_back(line.good);
    shown.results.push_back(line.check + ": " + line.result);
  }
  return shown;
}

TEST(SelfCheck, all_is_well_on_an_internet_in_order) {
  LiveNames live(internet("bogus", 20));
  const Shown shown = check(live);
  EXPECT_THAT(shown.good, ElementsAre(true, true, true, true)) << ::testing::PrintToString(shown.results);
  EXPECT_THAT(shown.results[0], HasSubstr("1 name servers"));
  EXPECT_THAT(shown.results[3], HasSubstr("bytes of TXT records of microsoft.com"));
}

TEST(SelfCheck, an_expired_signature_is_as_good_a_forgery) {
  LiveNames live(internet("expired", 20));
  EXPECT_THAT(check(live).good, ElementsAre(true, true, true, true));
}

TEST(SelfCheck, a_forgery_that_passes_is_noticed) {
  LiveNames live(internet("signed", 20));
  const Shown shown = check(live);
  EXPECT_THAT(shown.good, ElementsAre(true, true, false, true));
  EXPECT_THAT(shown.results[2], HasSubstr("broken signatures pass unnoticed"));
}

TEST(SelfCheck, a_resolver_that_hides_bogus_answers_is_noticed) {
  LiveNames live(internet("bogus", 20, "[[fault]]\nname='dnssec-failed.org'\nbelow=true\nfault='servfail'\n"));
  const Shown shown = check(live);
  EXPECT_THAT(shown.good, ElementsAre(true, true, false, true));
  EXPECT_THAT(shown.results[2], HasSubstr("iterate instead of forwarding"));
}

TEST(SelfCheck, answers_that_are_cut_are_noticed) {
  LiveNames small(internet("bogus", 2));
  const Shown shortened = check(small);
  EXPECT_THAT(shortened.good, ElementsAre(true, true, true, false));
  EXPECT_THAT(shortened.results[3], HasSubstr("too small"));

  LiveNames no_tcp(
      internet("bogus", 20, "[[fault]]\nname='microsoft.com'\ntype='TXT'\nfault='truncate'\ntcp_refused=true\n"));
  const Shown blocked = check(no_tcp);
  EXPECT_THAT(blocked.good, ElementsAre(true, true, true, false));
  EXPECT_THAT(blocked.results[3], HasSubstr("may block TCP port 53"));
}

TEST(SelfCheck, the_key_of_another_root_is_noticed) {
  LiveNames live(internet("bogus", 20));
  const Folder folder;
  const std::string file = (folder.path() / "other.key").string();
  std::ofstream(file) << ". IN DNSKEY " << ZoneKey::make()->dnskey() << "\n";
  auto config = live.config();
  config.trust_anchor = file;
  live.use(config);
  const Shown shown = check(live);
  EXPECT_FALSE(shown.good[1]);
  EXPECT_THAT(shown.results[1], HasSubstr("trust anchor is out of date"));
  EXPECT_FALSE(shown.good[0]);
  EXPECT_THAT(shown.results[0], HasSubstr("see the line about the root's keys"));
}

TEST(SelfCheck, a_resolver_without_an_anchor_is_told_so) {
  LiveNames live(internet("bogus", 20));
  auto config = live.config();
  config.trust_anchor = "none";
  live.use(config);
  EXPECT_THAT(check(live, false).good, ElementsAre(true, false, true));
  // Told that there is an anchor, the test itself finds out that there is none.
  EXPECT_THAT(check(live, true).good, ElementsAre(true, false, false, true));
}

TEST(SelfCheck, a_dead_network_is_noticed_within_the_deadline) {
  LiveNames live("[[fault]]\nname='.'\nbelow=true\nfault='drop'\n");
  const auto start = std::chrono::steady_clock::now();
  const Shown shown = check(live);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 6s);
  EXPECT_THAT(shown.good, ElementsAre(false, false, false, false));
  EXPECT_THAT(shown.results[0], HasSubstr("is the network up"));
}

}  // namespace
}  // namespace postseal::lab
