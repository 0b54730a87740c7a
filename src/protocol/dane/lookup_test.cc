// SPDX-License-Identifier: Apache-2.0
#include "protocol/dane/lookup.h"

#include <gtest/gtest.h>

#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"

namespace postseal::dane {
namespace {

using dns::AnswerState;
using dns::Failure;
using dns::RecordType;
using tests::FakeResolver;
using State = TlsaLookup::State;
using Questions = std::vector<std::pair<std::string, RecordType>>;

Domain name(const std::string& text) { return *Domain::parse_dns(text); }
Deadline soon() { return Deadline::in(std::chrono::seconds(5)); }
const dns::TlsaRecord kRecord{3, 1, 1, Bytes(32, 0xab)};

/// An alias: every type at `from` is what it is at `to`, and the CNAME itself is as signed as told.
void alias(FakeResolver& dns, const std::string& from, const std::string& to, bool target_secure, bool alias_secure) {
  dns::RawAnswer address;
  address.state = AnswerState::Found;
  address.secure = target_secure && alias_secure;
  address.canonical = name(to);
  address.records = {{192, 0, 2, 1}};
  dns.set(from, RecordType::A, address);
  dns::RawAnswer none = address;
  none.state = AnswerState::NoData;
  none.records.clear();
  dns.set(from, RecordType::AAAA, none);
  dns.found(from, RecordType::CNAME, {tests::wire_name(to)}, alias_secure);
}

struct Outcome {
  HostAddresses addresses;
  std::vector<std::string> bases;
  TlsaLookup tlsa;
};

Outcome gather(FakeResolver& dns, const std::string& host, std::uint16_t port = 25) {
  Outcome outcome;
  outcome.addresses = tests::run_coroutine(lookup_addresses(dns, name(host), soon()));
  auto bases = tlsa_base_domains(name(host), outcome.addresses);
  for (const auto& base : bases) outcome.bases.push_back(base.ascii());
  outcome.tlsa = tests::run_coroutine(lookup_tlsa(dns, std::move(bases), port, soon()));
  return outcome;
}

using Bases = std::vector<std::string>;

TEST(DaneLookup, D30_addresses_of_both_families_are_asked_before_tlsa) {
  FakeResolver dns;
  dns.a("mx.test", {"192.0.2.1", "2001:db8::1"});
  dns.tlsa("_25._tcp.mx.test", {kRecord});
  const auto outcome = gather(dns, "mx.test");
  EXPECT_EQ(
      dns.asked,
      (Questions{{"mx.test", RecordType::A}, {"mx.test", RecordType::AAAA}, {"_25._tcp.mx.test", RecordType::TLSA}}));
  EXPECT_EQ(outcome.tlsa.state, State::Secure);
  EXPECT_EQ(outcome.tlsa.base_domain.ascii(), "mx.test");
  EXPECT_EQ(outcome.tlsa.answer.records, std::vector{kRecord});
}

TEST(DaneLookup, D29_an_insecure_address_means_no_tlsa_question_at_all) {
  FakeResolver dns;
  dns.a("mx.test", {"192.0.2.1"}, false);
  dns.tlsa("_25._tcp.mx.test", {kRecord});
  const auto outcome = gather(dns, "mx.test");
  EXPECT_EQ(outcome.tlsa.state, State::NotAsked);
  for (const auto& [owner, type] : dns.asked) EXPECT_NE(type, RecordType::TLSA) << owner;
  EXPECT_FALSE(outcome.addresses.cname_asked);
}

TEST(DaneLookup, D05_D06_D07_what_is_not_a_secure_rrset_is_absence) {
  struct Row {
    AnswerState state;
    bool secure;
    const char* row;
  };
  for (const Row& row : {Row{AnswerState::Found, false, "D05"}, Row{AnswerState::NoData, true, "D06"},
                         Row{AnswerState::NxDomain, true, "D06"}, Row{AnswerState::NxDomain, false, "D07"},
                         Row{AnswerState::NoData, false, "D07"}}) {
    FakeResolver dns;
    dns.a("mx.test", {"192.0.2.1"});
    if (row.state == AnswerState::Found) {
      dns.tlsa("_25._tcp.mx.test", {kRecord}, row.secure);
    } else {
      dns.state("_25._tcp.mx.test", RecordType::TLSA, row.state, row.secure);
    }
    const auto outcome = gather(dns, "mx.test");
    EXPECT_EQ(outcome.tlsa.state, State::Absent) << row.row;
    EXPECT_EQ(outcome.tlsa.asked.size(), 1u) << row.row;
  }
}

TEST(DaneLookup, D08_whoever_breaks_the_lookup_gets_a_failure_and_never_an_absence) {
  struct Row {
    AnswerState state;
    Failure failure;
  };
  for (const Row& row : {Row{AnswerState::Bogus, Failure::None}, Row{AnswerState::Failed, Failure::ServFail},
                         Row{AnswerState::Failed, Failure::Refused}, Row{AnswerState::Failed, Failure::Timeout},
                         Row{AnswerState::Failed, Failure::Malformed}, Row{AnswerState::Failed, Failure::AliasLimit},
                         Row{AnswerState::Failed, Failure::Cancelled}, Row{AnswerState::Failed, Failure::NoResolver}}) {
    FakeResolver dns;
    dns.a("mx.test", {"192.0.2.1"});
    dns.state("_25._tcp.mx.test", RecordType::TLSA, row.state, false, row.failure);
    const auto outcome = gather(dns, "mx.test");
    EXPECT_EQ(outcome.tlsa.state, State::Failed) << to_string(row.failure);
    EXPECT_EQ(outcome.tlsa.base_domain.ascii(), "mx.test");
    EXPECT_EQ(outcome.tlsa.answer.failure, row.failure);
  }
}

TEST(DaneLookup, D08_garbled_tlsa_rdata_is_a_failure) {
  FakeResolver dns;
  dns.a("mx.test", {"192.0.2.1"});
  dns.found("_25._tcp.mx.test", RecordType::TLSA, {{3, 1}});
  const auto outcome = gather(dns, "mx.test");
  EXPECT_EQ(outcome.tlsa.state, State::Failed);
  EXPECT_EQ(outcome.tlsa.answer.failure, Failure::Malformed);
}

TEST(DaneLookup, D08_a_broken_first_candidate_never_reaches_the_second) {
  FakeResolver dns;
  alias(dns, "mx.test", "host.provider", true, true);
  dns.state("_25._tcp.host.provider", RecordType::TLSA, AnswerState::Failed, false, Failure::Timeout);
  dns.tlsa("_25._tcp.mx.test", {kRecord});
  const auto outcome = gather(dns, "mx.test");
  EXPECT_EQ(outcome.tlsa.state, State::Failed);
  EXPECT_EQ(outcome.tlsa.base_domain.ascii(), "host.provider");
  EXPECT_EQ(outcome.tlsa.asked.size(), 1u);
}

TEST(DaneLookup, D28_a_host_whose_addresses_are_unknown_has_no_base_domain) {
  FakeResolver dns;
  dns.state("mx.test", RecordType::A, AnswerState::Failed, false, Failure::ServFail);
  dns.state("mx.test", RecordType::AAAA, AnswerState::Failed, false, Failure::ServFail);
  const auto outcome = gather(dns, "mx.test");
  EXPECT_TRUE(outcome.bases.empty());
  EXPECT_EQ(outcome.tlsa.state, State::NotAsked);
  EXPECT_TRUE(outcome.addresses.a.unknown());
}

TEST(DaneLookup, D31_no_addresses_no_tlsa_question) {
  FakeResolver dns;
  dns.state("mx.test", RecordType::A, AnswerState::NoData);
  dns.state("mx.test", RecordType::AAAA, AnswerState::NoData);
  dns.tlsa("_25._tcp.mx.test", {kRecord});
  const auto outcome = gather(dns, "mx.test");
  EXPECT_TRUE(outcome.addresses.a.absent());
  EXPECT_EQ(outcome.tlsa.state, State::NotAsked);
}

TEST(DaneLookup, D31_one_family_without_data_leaves_the_other) {
  struct Row {
    const char* address;
    RecordType other;
    bool other_secure;
  };
  for (const Row& row : {Row{"192.0.2.1", RecordType::AAAA, true}, Row{"2001:db8::1", RecordType::A, true},
                         Row{"192.0.2.1", RecordType::AAAA, false}}) {
    FakeResolver dns;
    dns.a("mx.test", {row.address});
    dns.state("mx.test", row.other, AnswerState::NoData, row.other_secure);
    EXPECT_EQ(gather(dns, "mx.test").bases, Bases{"mx.test"});
  }
}

TEST(DaneLookup, a_failing_family_beside_a_found_one_neither_raises_nor_lowers) {
  for (const auto state : {AnswerState::Bogus, AnswerState::Failed}) {
    for (const bool secure : {true, false}) {
      FakeResolver dns;
      dns.a("mx.test", {"192.0.2.1"}, secure);
      dns.state("mx.test", RecordType::AAAA, state);
      EXPECT_EQ(gather(dns, "mx.test").bases, secure ? Bases{"mx.test"} : Bases{});
    }
  }
}

TEST(DaneLookup, an_insecure_family_beside_a_secure_one_counts) {
  FakeResolver dns;
  dns.a("mx.test", {"192.0.2.1"}, true);
  dns.a("mx.test", {"2001:db8::1"}, false);
  EXPECT_TRUE(gather(dns, "mx.test").bases.empty());
}

TEST(DaneLookup, D32_D37_a_secure_alias_is_tried_expanded_first_then_as_written) {
  FakeResolver dns;
  alias(dns, "mx.test", "host.provider", true, true);
  dns.tlsa("_25._tcp.mx.test", {kRecord});
  const auto outcome = gather(dns, "mx.test");
  EXPECT_EQ(outcome.bases, (Bases{"host.provider", "mx.test"}));
  EXPECT_EQ(outcome.tlsa.state, State::Secure);
  EXPECT_EQ(outcome.tlsa.base_domain.ascii(), "mx.test");
  EXPECT_EQ(outcome.tlsa.asked.size(), 2u);
  EXPECT_FALSE(outcome.addresses.cname_asked);
}

TEST(DaneLookup, D32_records_at_the_expanded_name_decide) {
  FakeResolver dns;
  alias(dns, "mx.test", "host.provider", true, true);
  dns.tlsa("_25._tcp.host.provider", {kRecord});
  dns.tlsa("_25._tcp.mx.test", {{3, 1, 1, Bytes(32, 1)}});
  const auto outcome = gather(dns, "mx.test");
  EXPECT_EQ(outcome.tlsa.base_domain.ascii(), "host.provider");
  EXPECT_EQ(outcome.tlsa.asked.size(), 1u);
}

TEST(DaneLookup, D33_a_signed_alias_into_an_unsigned_zone_is_asked_as_written_only) {
  FakeResolver dns;
  alias(dns, "mx.test", "host.provider", false, true);
  dns.tlsa("_25._tcp.mx.test", {kRecord});
  const auto outcome = gather(dns, "mx.test");
  EXPECT_TRUE(outcome.addresses.cname_asked);
  EXPECT_EQ(outcome.bases, Bases{"mx.test"});
  EXPECT_EQ(outcome.tlsa.state, State::Secure);
}

TEST(DaneLookup, D34_an_unsigned_alias_means_no_dane) {
  FakeResolver dns;
  alias(dns, "mx.test", "host.provider", true, false);
  dns.tlsa("_25._tcp.mx.test", {kRecord});
  dns.tlsa("_25._tcp.host.provider", {kRecord});
  const auto outcome = gather(dns, "mx.test");
  EXPECT_TRUE(outcome.addresses.cname_asked);
  EXPECT_TRUE(outcome.bases.empty());
  EXPECT_EQ(outcome.tlsa.state, State::NotAsked);
}

TEST(DaneLookup, D34_an_unsigned_alias_that_is_denied_when_asked_for_means_no_dane) {
  FakeResolver dns;
  alias(dns, "mx.test", "host.provider", true, false);
  dns.state("mx.test", RecordType::CNAME, AnswerState::NoData, false);
  dns.tlsa("_25._tcp.mx.test", {kRecord});
  EXPECT_TRUE(gather(dns, "mx.test").bases.empty());
}

TEST(DaneLookup, D37_where_the_families_have_different_aliases_the_one_of_a_counts) {
  FakeResolver dns;
  alias(dns, "mx.test", "v4.provider", true, true);
  dns::RawAnswer v6;
  v6.state = AnswerState::Found;
  v6.secure = true;
  v6.canonical = name("v6.provider");
  v6.records = {Bytes(16, 1)};
  dns.set("mx.test", RecordType::AAAA, v6);
  EXPECT_EQ(gather(dns, "mx.test").bases, (Bases{"v4.provider", "mx.test"}));
}

TEST(DaneLookup, D34_an_unknown_alias_is_not_an_unsigned_alias) {
  for (const auto state : {AnswerState::Bogus, AnswerState::Failed}) {
    FakeResolver dns;
    alias(dns, "mx.test", "host.provider", false, true);
    dns.state("mx.test", RecordType::CNAME, state);
    dns.state("_25._tcp.mx.test", RecordType::TLSA, AnswerState::Failed, false, Failure::Timeout);
    EXPECT_EQ(gather(dns, "mx.test").tlsa.state, State::Failed) << "dropping two packets must not switch DANE off";
  }
}

TEST(DaneLookup, D36_a_secure_alias_of_the_tlsa_owner_keeps_the_base_domain) {
  FakeResolver dns;
  dns.a("mx.test", {"192.0.2.1"});
  dns::RawAnswer shared;
  shared.state = AnswerState::Found;
  shared.secure = true;
  shared.canonical = name("tlsa201._dane.test");
  shared.records = {{3, 1, 1, 0xab}};
  dns.set("_25._tcp.mx.test", RecordType::TLSA, shared);
  const auto outcome = gather(dns, "mx.test");
  EXPECT_EQ(outcome.tlsa.state, State::Secure);
  EXPECT_EQ(outcome.tlsa.base_domain.ascii(), "mx.test");
}

TEST(DaneLookup, D36_an_insecure_link_of_the_tlsa_owner_leads_to_the_next_candidate) {
  FakeResolver dns;
  alias(dns, "mx.test", "host.provider", true, true);
  dns.tlsa("_25._tcp.host.provider", {kRecord}, false);
  dns.tlsa("_25._tcp.mx.test", {kRecord});
  EXPECT_EQ(gather(dns, "mx.test").tlsa.base_domain.ascii(), "mx.test");
}

TEST(DaneLookup, D36_an_alias_loop_of_the_tlsa_owner_is_a_failure) {
  FakeResolver dns;
  dns.a("mx.test", {"192.0.2.1"});
  dns.state("_25._tcp.mx.test", RecordType::TLSA, AnswerState::Failed, false, Failure::AliasLimit);
  EXPECT_EQ(gather(dns, "mx.test").tlsa.state, State::Failed);
}

TEST(DaneLookup, D38_an_implicit_mx_is_asked_at_the_domain_itself) {
  FakeResolver dns;
  dns.a("example.test", {"192.0.2.1"});
  dns.tlsa("_25._tcp.example.test", {kRecord});
  EXPECT_EQ(gather(dns, "example.test").tlsa.base_domain.ascii(), "example.test");
}

TEST(DaneLookup, D45_another_port_is_another_name) {
  FakeResolver dns;
  dns.a("mx.test", {"192.0.2.1"});
  dns.tlsa("_25._tcp.mx.test", {kRecord});
  EXPECT_EQ(gather(dns, "mx.test", 2525).tlsa.state, State::Absent);
  EXPECT_EQ(dns.asked.back().first, "_2525._tcp.mx.test");
}

TEST(DaneLookup, a_base_domain_too_long_for_a_prefix_has_no_records) {
  std::string longest;
  for (int i = 0; i < 4; ++i) longest += std::string(61, 'a') + ".";
  longest += "a";
  FakeResolver dns;
  dns.a(longest, {"192.0.2.1"});
  const auto outcome = gather(dns, longest);
  EXPECT_EQ(outcome.tlsa.state, State::Absent);
  EXPECT_TRUE(outcome.tlsa.asked.empty());
}

}  // namespace
}  // namespace postseal::dane
