// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/gather.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "protocol/policy/decide.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"
#include "tests/still_clock.h"

namespace postseal::outbound {
namespace {

class NoFetcher final : public mtasts::PolicyFetcher {
 public:
  Awaitable<std::expected<std::string, mtasts::FetchError>> fetch(Domain, Deadline) override {
    co_return std::unexpected(mtasts::FetchError{tlsrpt::ResultType::StsPolicyFetchError, "nobody there"});
  }
};

class NoCache final : public mtasts::PolicyCache {
 public:
  mtasts::CacheEntry load(const Domain&) override { return {}; }
  void save(const Domain&, const mtasts::CacheEntry&) override {}
};

struct Gathering : ::testing::Test {
  tests::FakeResolver dns;
  NoFetcher fetcher;
  NoCache cache;
  tests::StillClock clock{WallTime(Seconds(1'800'000'000))};
  settings::Settings settings;

  policy::Facts gather(const char* destination) {
    MailDestination to = Mailbox::parse(std::string("user@") + destination)->destination();
    return tests::run_coroutine(
        gather_facts({dns, fetcher, cache, clock}, settings, std::move(to), {}, Deadline::in(std::chrono::seconds(5))));
  }
  bool asked(const std::string& name, dns::RecordType type) {
    return std::ranges::find(dns.asked, std::pair(name, type)) != dns.asked.end();
  }
};

std::vector<std::string> names(const policy::Facts& facts) {
  std::vector<std::string> out;
  for (const auto& host : facts.hosts) out.push_back(host.name.ascii());
  return out;
}

const std::vector<dns::TlsaRecord> kTlsa{{3, 1, 1, Bytes(32, 7)}};

TEST_F(Gathering, D42_hosts_come_by_preference_and_ties_are_mixed) {
  dns.mx("example.test", {{20, "c.test"}, {10, "a.test"}, {10, "b.test"}});
  std::set<std::vector<std::string>> orders;
  for (int i = 0; i < 64; ++i) orders.insert(names(gather("example.test")));
  EXPECT_EQ(orders,
            (std::set<std::vector<std::string>>{{"a.test", "b.test", "c.test"}, {"b.test", "a.test", "c.test"}}));
}

TEST_F(Gathering, D30_D29_tlsa_is_asked_only_behind_a_signed_address) {
  dns.mx("example.test", {{10, "signed.test"}, {20, "unsigned.test"}});
  dns.a("signed.test", {"192.0.2.1"});
  dns.a("unsigned.test", {"192.0.2.2"}, false);
  dns.tlsa("_25._tcp.signed.test", kTlsa);
  const auto facts = gather("example.test");
  EXPECT_EQ(facts.hosts.at(0).tlsa.state, dane::TlsaLookup::State::Secure);
  EXPECT_EQ(facts.hosts.at(0).tlsa_set.usable, kTlsa);
  EXPECT_EQ(facts.hosts.at(1).tlsa.state, dane::TlsaLookup::State::NotAsked);
  EXPECT_FALSE(asked("_25._tcp.unsigned.test", dns::RecordType::TLSA));
  const auto at = [&](const char* name, dns::RecordType type) {
    return std::ranges::find(dns.asked, std::pair<std::string, dns::RecordType>(name, type)) - dns.asked.begin();
  };
  EXPECT_LT(at("signed.test", dns::RecordType::A), at("_25._tcp.signed.test", dns::RecordType::TLSA));
}

TEST_F(Gathering, D38_without_mx_the_domain_itself_is_the_host) {
  dns.state("example.test", dns::RecordType::MX, dns::AnswerState::NoData);
  dns.a("example.test", {"192.0.2.1"});
  dns.tlsa("_25._tcp.example.test", kTlsa);
  const auto facts = gather("example.test");
  EXPECT_TRUE(facts.implicit_mx);
  EXPECT_EQ(names(facts), std::vector<std::string>{"example.test"});
  EXPECT_EQ(facts.hosts.at(0).tlsa.state, dane::TlsaLookup::State::Secure);
}

TEST_F(Gathering, D39_a_null_mx_asks_for_no_address) {
  dns.mx("example.test", {{0, "."}});
  const auto facts = gather("example.test");
  EXPECT_TRUE(facts.hosts.empty());
  EXPECT_FALSE(asked("example.test", dns::RecordType::A));
  EXPECT_EQ(policy::decide(facts).status.to_string(), "5.1.10");
}

TEST_F(Gathering, D39_a_root_exchange_beside_others_is_no_host) {
  dns.mx("example.test", {{0, "."}, {10, "mx.test"}});
  EXPECT_EQ(names(gather("example.test")), std::vector<std::string>{"mx.test"});
}

TEST_F(Gathering, D41_an_exchange_that_is_no_host_name_is_not_looked_up) {
  dns.mx("example.test", {{10, "192.0.2.1"}, {20, "a_b.test"}, {30, "mx.test"}});
  const auto facts = gather("example.test");
  EXPECT_FALSE(facts.hosts.at(0).name_valid);
  EXPECT_FALSE(facts.hosts.at(1).name_valid);
  EXPECT_TRUE(facts.hosts.at(2).name_valid);
  EXPECT_FALSE(asked("192.0.2.1", dns::RecordType::A));
  EXPECT_FALSE(asked("a_b.test", dns::RecordType::A));
}

TEST_F(Gathering, D27_an_unknown_mx_is_not_taken_for_none) {
  dns.state("example.test", dns::RecordType::MX, dns::AnswerState::Failed, false, dns::Failure::ServFail);
  dns.a("example.test", {"192.0.2.1"});
  const auto facts = gather("example.test");
  EXPECT_FALSE(facts.implicit_mx);
  EXPECT_TRUE(facts.hosts.empty());
}

TEST_F(Gathering, D45_another_port_has_its_own_tlsa_name) {
  settings.delivery.port = 2525;
  dns.mx("example.test", {{10, "mx.test"}});
  dns.a("mx.test", {"192.0.2.1"});
  dns.tlsa("_2525._tcp.mx.test", kTlsa);
  EXPECT_EQ(gather("example.test").hosts.at(0).tlsa.state, dane::TlsaLookup::State::Secure);
  EXPECT_FALSE(asked("_25._tcp.mx.test", dns::RecordType::TLSA));
}

TEST_F(Gathering, S34_the_policy_domain_is_the_recipients_own) {
  dns.mx("sub.example.test", {{10, "mx.test"}});
  gather("sub.example.test");
  EXPECT_TRUE(asked("_mta-sts.sub.example.test", dns::RecordType::TXT));
  EXPECT_FALSE(asked("_mta-sts.example.test", dns::RecordType::TXT));
}

TEST_F(Gathering, S35_behind_a_smart_host_its_domain_is_the_policy_domain) {
  settings.routes.push_back({"example.test", Domain::parse("relay.test").value(), true, std::nullopt});
  dns.mx("relay.test", {{10, "mx.relay.test"}});
  const auto facts = gather("example.test");
  EXPECT_EQ(names(facts), std::vector<std::string>{"mx.relay.test"});
  EXPECT_TRUE(asked("_mta-sts.relay.test", dns::RecordType::TXT));
  EXPECT_FALSE(asked("_mta-sts.example.test", dns::RecordType::TXT));
}

TEST_F(Gathering, D45_a_route_to_one_host_asks_for_no_mx_and_uses_its_port) {
  settings.routes.push_back({"example.test", Domain::parse("relay.test").value(), false, 587});
  dns.a("relay.test", {"192.0.2.1"});
  dns.tlsa("_587._tcp.relay.test", kTlsa);
  const auto facts = gather("example.test");
  EXPECT_FALSE(facts.mx_lookup);
  EXPECT_EQ(facts.port, 587);
  EXPECT_FALSE(asked("relay.test", dns::RecordType::MX));
  EXPECT_FALSE(asked("_mta-sts.relay.test", dns::RecordType::TXT))
      << "the administrator chose the host, not an MX answer";
  EXPECT_EQ(policy::decide(facts).hosts.at(0).requirement.proof, policy::Proof::Dane);
}

TEST_F(Gathering, D41_S37_a_literal_asks_dns_nothing) {
  const auto facts = gather("[192.0.2.1]");
  EXPECT_TRUE(dns.asked.empty());
  EXPECT_EQ(facts.hosts.at(0).addresses.a.records.front().to_string(), "192.0.2.1");
}

TEST_F(Gathering, A31_no_more_hosts_are_asked_for_than_the_settings_allow) {
  std::vector<std::pair<int, std::string>> many;
  for (int i = 0; i < 5000; ++i) many.emplace_back(i, "mx" + std::to_string(i) + ".test");
  dns.mx("example.test", many);
  EXPECT_EQ(gather("example.test").hosts.size(), settings.delivery.max_hosts);
}

}  // namespace
}  // namespace postseal::outbound
