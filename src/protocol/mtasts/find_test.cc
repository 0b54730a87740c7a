// SPDX-License-Identifier: Apache-2.0
#include "protocol/mtasts/find.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "protocol/mtasts/refresh.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"
#include "tests/still_clock.h"

namespace postseal::mtasts {
namespace {

using dns::AnswerState;
using tlsrpt::ResultType;

constexpr WallTime kStart{Seconds(1'800'000'000)};
constexpr Seconds kDay{86400};
constexpr Seconds kWeek{7 * 86400};

std::string body(const std::string& mode, const std::string& max_age, const std::string& mx = "mx: mx.example.org\n") {
  return "version: STSv1\nmode: " + mode + "\n" + mx + "max_age: " + max_age + "\n";
}

class FakeFetcher final : public PolicyFetcher {
 public:
  Awaitable<std::expected<std::string, FetchError>> fetch(Domain policy_domain, Deadline) override {
    asked.push_back(policy_domain.ascii());
    co_return answer;
  }
  std::expected<std::string, FetchError> answer;
  std::vector<std::string> asked;
};

class FakeCache final : public PolicyCache {
 public:
  CacheEntry load(const Domain& policy_domain) override { return entries[policy_domain.ascii()]; }
  void save(const Domain& policy_domain, const CacheEntry& entry) override { entries[policy_domain.ascii()] = entry; }
  std::map<std::string, CacheEntry> entries;
};

/// A sender of mail for example.org, which announces the policy "1": enforce, mx.example.org, a week.
class FindPolicy : public testing::Test {
 protected:
  FindPolicy() {
    announce("1");
    fetcher.answer = body("enforce", "604800");
  }
  void announce(const std::string& id) { resolver.txt("_mta-sts.example.org", {{"v=STSv1; id=" + id + ";"}}); }
  void txt(AnswerState state, dns::Failure failure = dns::Failure::None) {
    resolver.state("_mta-sts.example.org", dns::RecordType::TXT, state, true, failure);
  }
  void fetch_fails() {
    fetcher.answer = std::unexpected(FetchError{ResultType::StsPolicyFetchError, "port 443 is dead"});
  }
  StsFacts find(const char* domain = "example.org") {
    return tests::run_coroutine(find_policy(resolver, fetcher, cache, clock, Domain::parse(domain).value(), settings,
                                            Deadline::in(std::chrono::seconds(10))));
  }
  CacheEntry& entry() { return cache.entries["example.org"]; }
  std::size_t fetches() const { return fetcher.asked.size(); }

  tests::FakeResolver resolver;
  FakeFetcher fetcher;
  FakeCache cache;
  tests::StillClock clock{kStart};
  FindSettings settings;
};

std::size_t count(const StsFacts& facts, ResultType type) {
  return static_cast<std::size_t>(
      std::ranges::count_if(facts.findings, [&](const Finding& finding) { return finding.result == type; }));
}

TEST_F(FindPolicy, a_new_policy_is_fetched_and_remembered) {
  const StsFacts facts = find();
  EXPECT_EQ(facts.source, Source::Fetched);
  EXPECT_EQ(facts.policy.value().mode, Mode::Enforce);
  EXPECT_EQ(facts.id, "1");
  EXPECT_EQ(facts.expires, kStart + kWeek);
  EXPECT_EQ(facts.record, RecordVerdict::Valid);
  EXPECT_TRUE(facts.findings.empty());
  EXPECT_EQ(entry().policy.value(), (CachedPolicy{"1", *facts.policy, kStart}));
}

TEST_F(FindPolicy, S01_no_record_and_no_memory_is_no_mta_sts_and_asks_nobody) {
  for (const AnswerState state : {AnswerState::NoData, AnswerState::NxDomain}) {
    txt(state);
    const StsFacts facts = find();
    EXPECT_EQ(facts.source, Source::None);
    EXPECT_FALSE(facts.policy);
    EXPECT_FALSE(facts.record_unknown);
    EXPECT_FALSE(facts.temporary_error);
    EXPECT_TRUE(facts.findings.empty());
  }
  EXPECT_EQ(fetches(), 0U);
  EXPECT_TRUE(cache.entries["example.org"].policy == std::nullopt);
}

TEST_F(FindPolicy, S02_a_record_that_is_gone_or_broken_does_not_end_an_unexpired_policy) {
  find();
  auto still_enforced = [&](const char* what) {
    const StsFacts facts = find();
    EXPECT_EQ(facts.source, Source::Cached) << what;
    ASSERT_TRUE(facts.policy) << what;
    EXPECT_EQ(facts.policy->mode, Mode::Enforce) << what;
  };
  txt(AnswerState::NxDomain);
  still_enforced("nxdomain");
  txt(AnswerState::NoData);
  still_enforced("nodata");
  resolver.txt("_mta-sts.example.org", {{"v=STSv1; id=1"}, {"v=STSv1; id=2"}});
  still_enforced("two records");
  resolver.txt("_mta-sts.example.org", {{"v=STSv1; id=../.."}});
  still_enforced("invalid");
  clock.advance(kWeek - Seconds(1));
  still_enforced("last second");
  EXPECT_EQ(fetches(), 1U) << "a record that is gone announces nothing to fetch";
}

TEST_F(FindPolicy, S03_a_lookup_that_fails_is_recorded_and_counts_as_no_policy_without_memory) {
  for (const dns::Failure failure : {dns::Failure::ServFail, dns::Failure::Timeout, dns::Failure::Refused}) {
    txt(AnswerState::Failed, failure);
    const StsFacts facts = find();
    EXPECT_EQ(facts.source, Source::None);
    EXPECT_TRUE(facts.record_unknown);
    EXPECT_EQ(count(facts, ResultType::StsPolicyFetchError), 1U);
  }
  txt(AnswerState::Bogus);
  const StsFacts bogus = find();
  EXPECT_TRUE(bogus.record_unknown);
  EXPECT_EQ(count(bogus, ResultType::DnssecInvalid), 1U);
  EXPECT_EQ(fetches(), 0U);
}

TEST_F(FindPolicy, S03_a_lookup_that_fails_leaves_the_remembered_policy) {
  find();
  for (const AnswerState state : {AnswerState::Bogus, AnswerState::Failed}) {
    txt(state, state == AnswerState::Failed ? dns::Failure::Timeout : dns::Failure::None);
    const StsFacts facts = find();
    EXPECT_EQ(facts.source, Source::Cached);
    EXPECT_TRUE(facts.record_unknown);
    EXPECT_EQ(facts.findings.size(), 1U);
  }
  EXPECT_EQ(fetches(), 1U);
}

TEST_F(FindPolicy, S08_the_record_may_stand_at_the_end_of_an_alias) {
  dns::RawAnswer answer;
  answer.state = AnswerState::Found;
  answer.canonical = Domain::parse_dns("_mta-sts.provider.example").value();
  const std::string text = "v=STSv1; id=1;";
  Bytes rdata{static_cast<std::uint8_t>(text.size())};
  rdata.insert(rdata.end(), text.begin(), text.end());
  answer.records = {rdata};
  resolver.set("_mta-sts.example.org", dns::RecordType::TXT, answer);
  EXPECT_EQ(find().source, Source::Fetched);
}

TEST_F(FindPolicy, S09_an_unchanged_id_asks_nobody_and_a_new_one_at_once) {
  find();
  clock.advance(Seconds(60));
  EXPECT_EQ(find().source, Source::Cached);
  EXPECT_EQ(fetches(), 1U);
  announce("2");
  EXPECT_EQ(find().source, Source::Fetched);
  EXPECT_EQ(fetches(), 2U);
  EXPECT_EQ(entry().policy.value().fetched, kStart + Seconds(60));
}

// Pitfall 1, A09: a forged id and a blocked port 443.
TEST_F(FindPolicy, S09_a_new_id_that_cannot_be_fetched_keeps_the_unexpired_policy_and_is_reported) {
  find();
  announce("forged");
  fetch_fails();
  for (int i = 0; i < 3; ++i) {
    const StsFacts facts = find();
    EXPECT_EQ(facts.source, Source::Cached);
    EXPECT_EQ(facts.id, "1");
    EXPECT_EQ(facts.policy.value().mode, Mode::Enforce);
    EXPECT_TRUE(facts.temporary_error);
    EXPECT_EQ(count(facts, ResultType::StsPolicyFetchError), 1U);
    EXPECT_NE(facts.findings.at(0).text.find("forged"), std::string::npos);
    EXPECT_EQ(entry().policy.value().id, "1");
    clock.advance(kDay);
  }
}

TEST_F(FindPolicy, S09_a_new_id_with_an_invalid_policy_keeps_the_unexpired_policy) {
  find();
  announce("2");
  fetcher.answer = "<html></html>";
  const StsFacts facts = find();
  EXPECT_EQ(facts.source, Source::Cached);
  EXPECT_EQ(facts.id, "1");
  EXPECT_EQ(count(facts, ResultType::StsPolicyInvalid), 1U);
  EXPECT_NE(facts.findings.at(0).text.find("line 1"), std::string::npos);
}

TEST_F(FindPolicy, S10_a_failed_fetch_without_memory_is_no_mta_sts_and_named) {
  struct {
    std::expected<std::string, FetchError> answer;
    ResultType result;
  } cases[] = {{std::unexpected(FetchError{ResultType::StsPolicyFetchError, "404"}), ResultType::StsPolicyFetchError},
               {std::unexpected(FetchError{ResultType::StsWebpkiInvalid, "expired"}), ResultType::StsWebpkiInvalid},
               {"mode: enforce", ResultType::StsPolicyInvalid}};
  for (const auto& [answer, result] : cases) {
    cache.entries.clear();
    fetcher.answer = answer;
    for (const char* attempt : {"fetched", "backing off"}) {
      const StsFacts facts = find();
      EXPECT_EQ(facts.source, Source::None);
      EXPECT_FALSE(facts.policy);
      EXPECT_TRUE(facts.temporary_error);
      EXPECT_EQ(count(facts, result), 1U) << attempt;
    }
  }
  EXPECT_EQ(fetches(), 3U);
}

// E2 is about who keeps this domain's policy from us, not about strangers whose policy hosts are slow.
TEST_F(FindPolicy, a_fetch_that_never_began_says_nothing_and_is_tried_again_at_once) {
  const auto good = fetcher.answer;
  fetcher.answer = std::unexpected(FetchError{ResultType::StsPolicyFetchError, "others are waited for", true});
  const StsFacts facts = find();
  EXPECT_TRUE(facts.not_asked);
  EXPECT_TRUE(facts.temporary_error);
  EXPECT_EQ(count(facts, ResultType::StsPolicyFetchError), 0U);
  EXPECT_FALSE(entry().failure);
  fetcher.answer = good;
  EXPECT_EQ(find().source, Source::Fetched);

  fetcher.answer = std::unexpected(FetchError{ResultType::StsPolicyFetchError, "others are waited for", true});
  announce("2");
  const StsFacts cached = find();
  EXPECT_EQ(cached.source, Source::Cached);
  EXPECT_FALSE(cached.not_asked);
}

TEST_F(FindPolicy, S20_mode_none_is_remembered_for_its_max_age) {
  fetcher.answer = body("none", "604800", "");
  EXPECT_EQ(find().policy.value().mode, Mode::None);
  const StsFacts facts = find();
  EXPECT_EQ(facts.source, Source::Cached);
  EXPECT_EQ(facts.policy.value().mode, Mode::None);
  EXPECT_EQ(fetches(), 1U);
}

TEST_F(FindPolicy, S23_a_max_age_of_0_holds_for_this_delivery_only) {
  fetcher.answer = body("enforce", "0");
  EXPECT_EQ(find().policy.value().mode, Mode::Enforce);
  EXPECT_FALSE(entry().policy);
  fetch_fails();
  EXPECT_FALSE(find().policy);
  EXPECT_EQ(fetches(), 2U);
}

TEST_F(FindPolicy, S23_a_max_age_of_0_replaces_what_was_remembered) {
  find();
  announce("2");
  fetcher.answer = body("testing", "0");
  EXPECT_EQ(find().policy.value().mode, Mode::Testing);
  EXPECT_FALSE(entry().policy);
}

TEST_F(FindPolicy, S34_a_subdomain_asks_for_itself_only) {
  const StsFacts facts = find("sub.example.org");
  EXPECT_FALSE(facts.policy);
  ASSERT_EQ(resolver.asked.size(), 1U);
  EXPECT_EQ(resolver.asked[0].first, "_mta-sts.sub.example.org");
}

TEST_F(FindPolicy, S34_the_root_has_no_policy_and_is_asked_for_none) {
  const StsFacts facts = tests::run_coroutine(
      find_policy(resolver, fetcher, cache, clock, Domain(), settings, Deadline::in(std::chrono::seconds(10))));
  EXPECT_FALSE(facts.policy);
  EXPECT_TRUE(resolver.asked.empty());
}

TEST_F(FindPolicy, a_silent_name_server_has_the_time_of_a_lookup_and_not_of_the_fetch) {
  class Silent final : public dns::Resolver {
   public:
    Awaitable<dns::RawAnswer> lookup(Domain, dns::RecordType, Deadline deadline) override {
      until = deadline.at;
      co_return dns::RawAnswer{};
    }
    SteadyTime until;
  } silent;
  settings.lookup_at_most = std::chrono::seconds(2);
  const auto before = std::chrono::steady_clock::now();
  for (const auto& [whole, at_most] : {std::pair{Seconds(60), Seconds(2)}, {Seconds(1), Seconds(1)}}) {
    tests::run_coroutine(
        find_policy(silent, fetcher, cache, clock, *Domain::parse("example.org"), settings, Deadline::in(whole)));
    EXPECT_GE(silent.until, before + at_most);
    EXPECT_LT(silent.until, std::chrono::steady_clock::now() + at_most + std::chrono::milliseconds(1));
  }
}

TEST_F(FindPolicy, S40_a_name_in_other_letters_is_asked_for_by_its_a_label) {
  find(
      "b\xc3\xbc"
      "cher.example");
  EXPECT_EQ(resolver.asked.at(0).first, "_mta-sts.xn--bcher-kva.example");
}

// Pitfall 2: neither the TXT record nor a failed fetch prolongs a policy's life.
TEST_F(FindPolicy, S41_a_policy_expires_exactly_max_age_after_its_last_fetch) {
  find();
  fetch_fails();
  for (int day = 0; day < 6; ++day) {
    clock.advance(kDay);
    EXPECT_EQ(find().expires, kStart + kWeek);
  }
  clock.advance(kDay - Seconds(1));
  EXPECT_EQ(find().source, Source::Cached);
  clock.advance(Seconds(1));
  EXPECT_EQ(find().source, Source::None);
  EXPECT_FALSE(find().policy);
}

TEST_F(FindPolicy, S41_a_policy_is_refreshed_within_a_day_or_half_its_life) {
  struct {
    Seconds max_age;
    Seconds latest;
  } cases[] = {{kWeek, kDay}, {kMaxAge, kDay}, {Seconds(3600), Seconds(1800)}};
  for (const auto& [max_age, latest] : cases) {
    cache.entries.clear();
    fetcher.answer = body("enforce", std::to_string(max_age.count()));
    find();
    const std::size_t before = fetches();
    clock.advance(latest * 85 / 100);
    EXPECT_EQ(find().source, Source::Cached) << max_age.count();
    clock.advance(latest * 15 / 100);
    EXPECT_EQ(find().source, Source::Fetched) << max_age.count();
    EXPECT_EQ(fetches(), before + 1);
    EXPECT_EQ(entry().policy.value().fetched, clock.now());
  }
}

TEST(RefreshInterval, S41_the_refreshes_of_many_domains_spread_over_a_tenth_of_the_interval) {
  std::set<Seconds> intervals;
  for (int i = 0; i < 100; ++i) {
    const Domain domain = Domain::parse("example" + std::to_string(i) + ".org").value();
    intervals.insert(refresh_interval(kWeek, domain, {}));
  }
  EXPECT_GT(intervals.size(), 50U);
  EXPECT_GE(*intervals.begin(), kDay * 9 / 10);
  EXPECT_LE(*intervals.rbegin(), kDay);
}

// A09: TXT answers alone are dropped.
TEST_F(FindPolicy, S41_a_policy_that_is_due_is_refreshed_while_dns_is_silent) {
  find();
  txt(AnswerState::Failed, dns::Failure::Timeout);
  clock.advance(kDay);
  const StsFacts facts = find();
  EXPECT_EQ(facts.source, Source::Fetched);
  EXPECT_EQ(facts.id, "1");
  EXPECT_TRUE(facts.record_unknown);
  EXPECT_EQ(facts.expires, kStart + kDay + kWeek);
}

TEST_F(FindPolicy, S42_enforce_to_none_is_adopted_at_once) {
  find();
  announce("2");
  fetcher.answer = body("none", "60", "");
  const StsFacts facts = find();
  EXPECT_EQ(facts.policy.value().mode, Mode::None);
  EXPECT_EQ(entry().policy.value().policy.mode, Mode::None);
  EXPECT_EQ(facts.findings.size(), 1U) << "and noted: it takes protection away";
}

// A10: a taken-over policy host is believed, but not silently; the owner's next id puts it right.
TEST_F(FindPolicy, S43_other_hosts_in_an_enforced_policy_are_noted) {
  find();
  announce("evil");
  fetcher.answer = body("enforce", "31557600", "mx: mx.evil.example\n");
  const StsFacts facts = find();
  EXPECT_EQ(facts.policy.value().mx.at(0).to_string(), "mx.evil.example");
  ASSERT_EQ(facts.findings.size(), 1U);
  EXPECT_EQ(facts.findings[0].result, std::nullopt);
  EXPECT_NE(facts.findings[0].text.find("mx.evil.example"), std::string::npos);
  announce("owner");
  fetcher.answer = body("enforce", "604800");
  EXPECT_EQ(find().policy.value().mx.at(0).to_string(), "mx.example.org");
}

TEST_F(FindPolicy, S43_the_same_hosts_in_another_order_are_not_noted) {
  fetcher.answer = body("enforce", "604800", "mx: a.example\nmx: b.example\n");
  find();
  announce("2");
  fetcher.answer = body("enforce", "86400", "mx: b.example\nmx: a.example\n");
  EXPECT_TRUE(find().findings.empty());
}

TEST_F(FindPolicy, S43_other_hosts_in_a_policy_that_was_not_enforced_are_not_noted) {
  fetcher.answer = body("testing", "604800");
  find();
  announce("2");
  fetcher.answer = body("enforce", "604800", "mx: mx.elsewhere.example\n");
  EXPECT_TRUE(find().findings.empty());
}

TEST_F(FindPolicy, S44_after_a_failure_the_same_id_waits_five_minutes_across_restarts) {
  fetch_fails();
  find();
  clock.advance(Seconds(299));
  const StsFacts waiting = find();  // the cache is all that is kept between calls
  EXPECT_EQ(fetches(), 1U);
  EXPECT_TRUE(waiting.temporary_error);
  EXPECT_NE(waiting.findings.at(0).text.find("port 443 is dead"), std::string::npos);
  clock.advance(Seconds(1));
  find();
  EXPECT_EQ(fetches(), 2U);
}

TEST_F(FindPolicy, S44_another_id_does_not_wait) {
  fetch_fails();
  find();
  announce("2");
  fetcher.answer = body("enforce", "604800");
  EXPECT_EQ(find().source, Source::Fetched);
  EXPECT_FALSE(entry().failure) << "success ends the back-off";
}

TEST_F(FindPolicy, A35_a_clock_set_back_keeps_the_policy_and_fetches_it_anew) {
  find();
  clock.advance(-2 * kDay);
  fetch_fails();
  const StsFacts facts = find();
  EXPECT_EQ(facts.source, Source::Cached);
  EXPECT_EQ(facts.policy.value().mode, Mode::Enforce);
  EXPECT_EQ(fetches(), 2U);
  entry().failure->at = kStart + kDay;  // noted while the clock was ahead
  fetcher.answer = body("enforce", "604800");
  EXPECT_EQ(find().source, Source::Fetched) << "such a note does not hold back for days";
  EXPECT_EQ(entry().policy.value().fetched, kStart - 2 * kDay);
}

TEST_F(FindPolicy, A35_a_clock_set_forward_does_not_erase_the_policy) {
  find();
  fetch_fails();
  clock.advance(2 * kWeek);
  EXPECT_FALSE(find().policy);
  clock.advance(-2 * kWeek);
  EXPECT_EQ(find().source, Source::Cached);
}

TEST_F(FindPolicy, a_name_too_long_for_a_record_has_none) {
  const std::string label(60, 'a');
  const StsFacts facts = find((label + "." + label + "." + label + "." + label + ".example").c_str());
  EXPECT_FALSE(facts.policy);
  EXPECT_TRUE(resolver.asked.empty());
}

}  // namespace
}  // namespace postseal::mtasts
