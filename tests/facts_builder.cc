// SPDX-License-Identifier: Apache-2.0
#include "tests/facts_builder.h"

#include <fmt/format.h>

namespace postseal::tests {

using dns::AnswerState;
using dns::Failure;

Domain domain(const char* name) { return Domain::parse_dns(name).value(); }

dns::TlsaRecord tlsa_record(std::uint8_t usage, std::uint8_t seed) { return {usage, 1, 1, Bytes(32, seed)}; }

namespace {

template <class R>
void set(dns::Answer<R>& answer, AnswerState state, bool secure, std::vector<R> records = {}) {
  answer.state = state;
  answer.secure = secure;
  answer.failure = state == AnswerState::Failed ? Failure::ServFail : Failure::None;
  answer.records = std::move(records);
}

void set_mx(policy::Facts& facts, Mx mx) {
  const std::vector<dns::MxRecord> one{{10, domain("mx.example.test")}};
  const std::vector<dns::MxRecord> null{{0, Domain()}};
  facts.mx.question = facts.mx.canonical = domain("example.test");
  switch (mx) {
    case Mx::Secure:
      return set(facts.mx, AnswerState::Found, true, one);
    case Mx::Insecure:
      return set(facts.mx, AnswerState::Found, false, one);
    case Mx::ImplicitSecure:
      return set(facts.mx, AnswerState::NoData, true);
    case Mx::ImplicitInsecure:
      return set(facts.mx, AnswerState::NoData, false);
    case Mx::NullSecure:
      return set(facts.mx, AnswerState::Found, true, null);
    case Mx::NullInsecure:
      return set(facts.mx, AnswerState::Found, false, null);
    case Mx::NxSecure:
      return set(facts.mx, AnswerState::NxDomain, true);
    case Mx::NxInsecure:
      return set(facts.mx, AnswerState::NxDomain, false);
    case Mx::Bogus:
      return set(facts.mx, AnswerState::Bogus, false);
    case Mx::ServFail:
      return set(facts.mx, AnswerState::Failed, false);
  }
}

bool names_hosts(Mx mx) {
  return mx == Mx::Secure || mx == Mx::Insecure || mx == Mx::ImplicitSecure || mx == Mx::ImplicitInsecure;
}

void set_address(policy::HostFacts& host, Address address) {
  const std::vector<IpAddress> here{*IpAddress::parse("127.0.0.25")};
  auto& a = host.addresses.a;
  auto& aaaa = host.addresses.aaaa;
  a.question = a.canonical = aaaa.question = aaaa.canonical = host.name;
  switch (address) {
    case Address::Secure:
      set(a, AnswerState::Found, true, here);
      return set(aaaa, AnswerState::NoData, true);
    case Address::Insecure:
      set(a, AnswerState::Found, false, here);
      return set(aaaa, AnswerState::NoData, false);
    case Address::Bogus:
      set(a, AnswerState::Bogus, false);
      return set(aaaa, AnswerState::Bogus, false);
    case Address::ServFail:
      set(a, AnswerState::Failed, false);
      return set(aaaa, AnswerState::Failed, false);
    case Address::NoData:
      set(a, AnswerState::NoData, true);
      return set(aaaa, AnswerState::NoData, true);
    case Address::NxDomain:
      set(a, AnswerState::NxDomain, true);
      return set(aaaa, AnswerState::NxDomain, true);
  }
}

void set_tlsa(policy::HostFacts& host, Tlsa tlsa) {
  using enum dane::TlsaLookup::State;
  const dns::TlsaRecord good = tlsa_record(), pkix_usage = tlsa_record(1);
  host.tlsa.base_domain = host.name;
  switch (tlsa) {
    case Tlsa::Usable:
      host.tlsa.state = Secure;
      host.tlsa_set.usable = {good};
      return set(host.tlsa.answer, AnswerState::Found, true, {good});
    case Tlsa::Mixed:
      host.tlsa.state = Secure;
      host.tlsa_set.usable = {good};
      host.tlsa_set.unusable = {{pkix_usage, dane::Unusable::PkixUsage}};
      return set(host.tlsa.answer, AnswerState::Found, true, {good, pkix_usage});
    case Tlsa::Unusable:
      host.tlsa.state = Secure;
      host.tlsa_set.unusable = {{pkix_usage, dane::Unusable::PkixUsage}};
      return set(host.tlsa.answer, AnswerState::Found, true, {pkix_usage});
    case Tlsa::Absent:
      host.tlsa.state = Absent;
      return set(host.tlsa.answer, AnswerState::NxDomain, true);
    case Tlsa::Insecure:
      host.tlsa.state = Absent;
      return set(host.tlsa.answer, AnswerState::Found, false, {good});
    case Tlsa::Bogus:
      host.tlsa.state = Failed;
      return set(host.tlsa.answer, AnswerState::Bogus, false);
    case Tlsa::ServFail:
      host.tlsa.state = Failed;
      return set(host.tlsa.answer, AnswerState::Failed, false);
  }
}

void set_policy(mtasts::StsFacts& sts, mtasts::Mode mode, const char* mx) {
  sts.source = mtasts::Source::Cached;
  sts.record = mtasts::RecordVerdict::Valid;
  sts.policy = mtasts::Policy{mode, Seconds(86400), {}};
  if (mx) sts.policy->mx.push_back({domain(mx), false});
}

void set_sts(policy::Facts& facts, Sts sts) {
  const char* match = facts.implicit_mx ? "example.test" : "mx.example.test";
  switch (sts) {
    case Sts::Absent:
      return;
    case Sts::Unknown:
      facts.sts.record_unknown = true;
      return;
    case Sts::FetchFailed:
      facts.sts.temporary_error = true;
      return;
    case Sts::NotAsked:
      facts.sts.temporary_error = facts.sts.not_asked = true;
      return;
    case Sts::EnforceMatch:
      return set_policy(facts.sts, mtasts::Mode::Enforce, match);
    case Sts::EnforceMismatch:
      return set_policy(facts.sts, mtasts::Mode::Enforce, "other.test");
    case Sts::TestingMatch:
      return set_policy(facts.sts, mtasts::Mode::Testing, match);
    case Sts::TestingMismatch:
      return set_policy(facts.sts, mtasts::Mode::Testing, "other.test");
    case Sts::None:
      return set_policy(facts.sts, mtasts::Mode::None, nullptr);
  }
}

void set_local(policy::Facts& facts, Local local) {
  using enum policy::LocalLevel;
  const auto rule = [&](policy::LocalLevel level) { facts.local = policy::LocalRule{level, std::nullopt, "", "*"}; };
  switch (local) {
    case Local::Unset:
      return;
    case Local::None:
      return rule(None);
    case Local::May:
      return rule(May);
    case Local::Dane:
      return rule(Dane);
    case Local::Encrypt:
      return rule(Encrypt);
    case Local::Secure:
      return rule(Secure);
    case Local::DaneOnly:
      return rule(DaneOnly);
    case Local::ExpiredDaneOnly:
      rule(DaneOnly);
      facts.local->expires = facts.now - Seconds(1);
      return;
  }
}

}  // namespace

policy::HostFacts host_facts(const char* name, std::uint16_t preference, Address address, Tlsa tlsa) {
  policy::HostFacts host;
  host.name = domain(name);
  host.preference = preference;
  set_address(host, address);
  // RFC 7672 §2.2.2: the gatherer asks for TLSA records only where the address is signed.
  if (address == Address::Secure) set_tlsa(host, tlsa);
  return host;
}

policy::Facts facts_of(const State& state) {
  policy::Facts facts;
  facts.next_hop = domain("example.test");
  facts.now = WallTime(Seconds(1'800'000'000));
  set_mx(facts, state.mx);
  facts.implicit_mx = state.mx == Mx::ImplicitSecure || state.mx == Mx::ImplicitInsecure;
  if (names_hosts(state.mx)) {
    facts.hosts.push_back(
        host_facts(facts.implicit_mx ? "example.test" : "mx.example.test", 10, state.address, state.tlsa));
  }
  set_sts(facts, state.sts);
  set_local(facts, state.local);
  facts.message = {state.requiretls, state.tls_required_no};
  return facts;
}

std::string describe(const State& state) {
  constexpr std::array mx{"secure",      "insecure",      "implicit secure", "implicit insecure",
                          "null secure", "null insecure", "nxdomain secure", "nxdomain insecure",
                          "bogus",       "servfail"};
  constexpr std::array address{"secure", "insecure", "bogus", "servfail", "nodata", "nxdomain"};
  constexpr std::array tlsa{"usable", "mixed", "unusable", "absent", "insecure", "bogus", "servfail"};
  constexpr std::array sts{"absent",           "unknown",       "fetch failed",     "enforce match",
                           "enforce mismatch", "testing match", "testing mismatch", "none"};
  constexpr std::array local{"unset", "none", "may", "dane", "encrypt", "secure", "dane-only", "expired dane-only"};
  const auto at = [](const auto& words, auto value) { return words[static_cast<std::size_t>(value)]; };
  return fmt::format("MX {}, address {}, TLSA {}, STS {}, local {}, REQUIRETLS {}, TLS-Required: No {}",
                     at(mx, state.mx), at(address, state.address), at(tlsa, state.tlsa), at(sts, state.sts),
                     at(local, state.local), state.requiretls, state.tls_required_no);
}

}  // namespace postseal::tests
