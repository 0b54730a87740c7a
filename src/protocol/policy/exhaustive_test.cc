// SPDX-License-Identifier: Apache-2.0
// The decision over every combination of abstract facts. The invariants I1..I9 and the exceptions E1..E4 are those of
// docs/threat-model.md, by the same names.
#include <gtest/gtest.h>

#include <functional>

#include "protocol/policy/decide.h"
#include "protocol/policy/raise.h"
#include "tests/facts_builder.h"

namespace postseal::policy {
namespace {

using namespace tests;

void for_each_state(const std::function<void(const State&)>& visit) {
  for (const Mx mx : kMx)
    for (const Address address : kAddress)
      for (const Tlsa tlsa : kTlsa)
        for (const Sts sts : kSts)
          for (const Local local : kLocal)
            for (const bool requiretls : {false, true})
              for (const bool no : {false, true}) visit({mx, address, tlsa, sts, local, requiretls, no});
}

bool names_a_host(Mx mx) {
  return mx == Mx::Secure || mx == Mx::Insecure || mx == Mx::ImplicitSecure || mx == Mx::ImplicitInsecure;
}
bool is_secure(Mx mx) {
  return mx == Mx::Secure || mx == Mx::ImplicitSecure || mx == Mx::NullSecure || mx == Mx::NxSecure;
}
bool has_usable(Tlsa tlsa) { return tlsa == Tlsa::Usable || tlsa == Tlsa::Mixed; }
bool is_weakened(const State& state) { return state.tls_required_no && !state.requiretls; }
bool enforced(Sts sts) { return sts == Sts::EnforceMatch || sts == Sts::EnforceMismatch; }

/// The one host's part; a host that is not there is as good as skipped.
HostDecision host_of(const Decision& decision) {
  return decision.hosts.empty() ? HostDecision{} : decision.hosts.front();
}

/// b gives nothing away that a kept: either b does not dial, or b asks for at least as much.
bool no_weaker(const Decision& a, const Decision& b) {
  const HostDecision was = host_of(a), is = host_of(b);
  if (is.use != HostUse::Dial) return true;
  return was.use == HostUse::Dial && at_least(is.requirement, was.requirement);
}

TEST(Exhaustive, I1_a_secure_usable_tlsa_set_always_demands_dane) {
  for_each_state([](const State& state) {
    if (!names_a_host(state.mx) || state.address != Address::Secure || !has_usable(state.tlsa) || is_weakened(state))
      return;
    const HostDecision host = host_of(decide(facts_of(state)));
    if (host.use == HostUse::Dial) {
      ASSERT_EQ(host.requirement.proof, Proof::Dane) << describe(state);
      ASSERT_EQ(host.requirement.tls, TlsUse::Required) << describe(state);
    }
  });
}

TEST(Exhaustive, I2_what_nobody_knows_never_opens_a_host) {
  for_each_state([](const State& state) {
    const Decision truth = decide(facts_of(state));
    const auto check = [&](State hidden) {
      ASSERT_TRUE(no_weaker(truth, decide(facts_of(hidden)))) << describe(state) << "\n -> " << describe(hidden);
    };
    for (const Mx mx : {Mx::Bogus, Mx::ServFail}) {
      State hidden = state;
      hidden.mx = mx;
      check(hidden);
    }
    for (const Address address : {Address::Bogus, Address::ServFail}) {
      State hidden = state;
      hidden.address = address;
      check(hidden);
    }
    // E3: the sender itself said that DANE must not stop this message.
    if (is_weakened(state)) return;
    for (const Tlsa tlsa : {Tlsa::Bogus, Tlsa::ServFail}) {
      State hidden = state;
      hidden.tlsa = tlsa;
      check(hidden);
    }
    State not_asked = state;
    not_asked.sts = Sts::NotAsked;
    check(not_asked);
  });
}

TEST(Exhaustive, I3_a_stronger_local_rule_never_weakens) {
  constexpr std::array kRising{Local::None, Local::May, Local::Dane, Local::Encrypt, Local::Secure, Local::DaneOnly};
  for_each_state([&](const State& state) {
    if (state.local != Local::Unset) return;
    for (std::size_t i = 1; i < kRising.size(); ++i) {
      State weak = state, strong = state;
      weak.local = kRising[i - 1];
      strong.local = kRising[i];
      ASSERT_TRUE(no_weaker(decide(facts_of(weak)), decide(facts_of(strong))))
          << describe(weak) << "\n -> " << describe(strong);
    }
  });
}

TEST(Exhaustive, I4_requiretls_and_published_policies_only_raise) {
  for_each_state([](const State& state) {
    State plain = state;
    plain.requiretls = plain.tls_required_no = false;
    State asked = plain;
    asked.requiretls = true;
    ASSERT_TRUE(no_weaker(decide(facts_of(plain)), decide(facts_of(asked)))) << describe(state);
    State unpublished = plain;
    unpublished.sts = Sts::Absent;
    const Decision published = decide(facts_of(plain));
    // A policy that names the host vouches for it: a rule that asks for an authentic MX is satisfied by that.
    const bool vouched = state.local == Local::Secure && host_of(published).mx_authentic;
    ASSERT_TRUE(vouched || no_weaker(decide(facts_of(unpublished)), published)) << describe(state);
  });
}

TEST(Exhaustive, I5_tls_required_no_takes_away_dane_and_mta_sts_and_nothing_else) {
  for_each_state([](const State& state) {
    if (!is_weakened(state)) return;
    const Decision weakened = decide(facts_of(state));
    ASSERT_TRUE(weakened.weakened) << describe(state);
    State unpublished = state;
    unpublished.tls_required_no = false;
    unpublished.sts = Sts::Absent;
    if (state.local != Local::DaneOnly) unpublished.tlsa = Tlsa::Absent;
    ASSERT_TRUE(no_weaker(decide(facts_of(unpublished)), weakened)) << describe(state);
  });
}

TEST(Exhaustive, I6_requiretls_is_sent_only_to_an_authentic_mx_with_a_proof) {
  for_each_state([](const State& state) {
    if (!state.requiretls) return;
    const HostDecision host = host_of(decide(facts_of(state)));
    if (host.use != HostUse::Dial) return;
    ASSERT_TRUE(host.mx_authentic) << describe(state);
    ASSERT_NE(host.requirement.proof, Proof::None) << describe(state);
    ASSERT_TRUE(host.requirement.requiretls_keyword) << describe(state);
  });
}

TEST(Exhaustive, I6_secure_never_takes_a_name_or_a_key_that_only_an_unsigned_mx_answer_vouches_for) {
  for_each_state([](const State& state) {
    if (state.local != Local::Secure) return;
    const HostDecision host = host_of(decide(facts_of(state)));
    if (host.use != HostUse::Dial || host.mx_authentic) return;
    ASSERT_EQ(host.requirement.proof, Proof::Pkix) << describe(state);
    for (const ReferenceName& name : host.requirement.names)
      ASSERT_EQ(name.name, domain("example.test")) << describe(state);
  });
}

TEST(Exhaustive, every_requirement_is_well_formed) {
  for_each_state([](const State& state) {
    const Decision decision = decide(facts_of(state));
    for (const HostDecision& host : decision.hosts) {
      ASSERT_FALSE(host.reasons.empty()) << describe(state);
      if (host.use != HostUse::Dial) continue;
      const Requirement& need = host.requirement;
      ASSERT_FALSE(host.addresses.empty()) << describe(state);
      ASSERT_EQ(need.tlsa.empty(), need.proof != Proof::Dane) << describe(state);
      if (need.proof != Proof::None) {
        ASSERT_EQ(need.tls, TlsUse::Required) << describe(state);
        ASSERT_EQ(need.floor, TlsFloor::Tls12) << describe(state);
        ASSERT_FALSE(need.names.empty()) << describe(state);
      }
    }
    if (decision.course == Course::Bounce) ASSERT_EQ(decision.status.klass, 5) << describe(state);
    if (decision.course == Course::Defer) ASSERT_EQ(decision.status.klass, 4) << describe(state);
  });
}

// --- the attackers of docs/threat-model.md: what each can turn a true fact into ---

/// Drops packets: any answer can become a failure.
std::vector<State> dropped(const State& truth) {
  std::vector<State> seen{truth};
  const auto vary = [&](auto State::* part, auto value) {
    const auto before = seen;
    for (State state : before) {
      state.*part = value;
      seen.push_back(state);
    }
  };
  vary(&State::mx, Mx::ServFail);
  vary(&State::address, Address::ServFail);
  vary(&State::tlsa, Tlsa::ServFail);
  // A policy in the cache stays in force (S02, S03, S10); the builder's policies are cached ones. Without one the
  // policy is not seen: E2.
  if (truth.sts == Sts::Absent) vary(&State::sts, Sts::Unknown);
  return seen;
}

/// Forges unsigned answers, and drops: an insecure truth becomes any insecure answer; a secure truth only bogus or
/// failed. Signed zones cannot be turned into unsigned ones.
std::vector<State> forged(const State& truth) {
  std::vector<State> seen;
  std::vector<Mx> mx{truth.mx, Mx::ServFail, Mx::Bogus};
  if (!is_secure(truth.mx)) {
    mx.insert(mx.end(), {Mx::Insecure, Mx::ImplicitInsecure, Mx::NullInsecure, Mx::NxInsecure});
  }
  std::vector<Address> address{truth.address, Address::ServFail, Address::Bogus};
  std::vector<Tlsa> tlsa{truth.tlsa, Tlsa::ServFail, Tlsa::Bogus};
  if (truth.address == Address::Insecure) address.push_back(Address::Insecure);
  if (truth.tlsa == Tlsa::Insecure) tlsa.insert(tlsa.end(), {Tlsa::Insecure});
  for (const Mx m : mx)
    for (const Address a : address)
      for (const Tlsa t : tlsa) {
        State state = truth;
        state.mx = m;
        state.address = a;
        state.tlsa = t;
        seen.push_back(state);
      }
  return seen;
}

bool exception_names_it(const State& truth, const State& seen) {
  // E1: an unsigned MX answer, and no enforced policy that names the hosts: who the server is cannot be known.
  const bool unsigned_mx = !is_secure(truth.mx) && !enforced(truth.sts);
  // E3: TLS-Required: No.
  return (unsigned_mx && truth.mx != seen.mx) || is_weakened(truth);
}

TEST(Exhaustive, I7_no_attacker_on_dns_gets_a_weaker_proof_accepted_but_for_the_named_exceptions) {
  for_each_state([](const State& truth) {
    if (truth.local == Local::ExpiredDaneOnly) return;
    const Decision honest = decide(facts_of(truth));
    for (const auto attack : {&dropped, &forged}) {
      for (const State& seen : (*attack)(truth)) {
        if (exception_names_it(truth, seen)) continue;
        // A forged "no MX" moves the mail to the domain itself: under an enforced policy that has to be in it (S38).
        if (enforced(truth.sts) && seen.mx != truth.mx && seen.sts == Sts::EnforceMatch) {
          State elsewhere = seen;
          elsewhere.sts = Sts::EnforceMismatch;
          ASSERT_NE(host_of(decide(facts_of(elsewhere))).use, HostUse::Dial) << describe(elsewhere);
          continue;
        }
        ASSERT_TRUE(no_weaker(honest, decide(facts_of(seen)))) << describe(truth) << "\n -> " << describe(seen);
      }
    }
  });
}

TEST(Exhaustive, I8_nothing_that_can_be_forged_causes_a_bounce_but_for_the_named_exceptions) {
  for_each_state([](const State& truth) {
    const Decision honest = decide(facts_of(truth));
    if (honest.course == Course::Bounce) return;
    for (const auto attack : {&dropped, &forged}) {
      for (const State& seen : (*attack)(truth)) {
        // E4: an unsigned MX answer that says "does not exist", "takes no mail" or names hosts that do not exist is
        // believed, as RFC 5321 and RFC 7505 ask; but an enforced policy in force makes absence doubtful.
        const bool null_mx = seen.mx == Mx::NullInsecure;
        if (!is_secure(truth.mx) && seen.mx != truth.mx && (null_mx || !enforced(truth.sts))) continue;
        // X05: REQUIRETLS without an authentic MX is refused at once, as the sender asked.
        if (truth.requiretls) continue;
        ASSERT_NE(decide(facts_of(seen)).course, Course::Bounce) << describe(truth) << "\n -> " << describe(seen);
      }
    }
  });
}

TEST(Exhaustive, I9_a_host_is_judged_by_itself_and_the_order_is_preference_alone) {  // D42
  for (const Address address : kAddress)
    for (const Tlsa tlsa : kTlsa)
      for (const Address other_address : kAddress)
        for (const Tlsa other_tlsa : kTlsa) {
          Facts facts = facts_of({.address = address, .tlsa = tlsa});
          const HostDecision alone = decide(facts).hosts.at(0);
          facts.hosts.push_back(host_facts("mx2.example.test", 20, other_address, other_tlsa));
          const Decision both = decide(facts);
          ASSERT_EQ(both.hosts.at(0).use, alone.use);
          ASSERT_EQ(both.hosts.at(0).requirement, alone.requirement);
          ASSERT_EQ(both.hosts.at(1).host, domain("mx2.example.test"));
        }
}

}  // namespace
}  // namespace postseal::policy
