// SPDX-License-Identifier: Apache-2.0
#include "protocol/policy/reuse.h"

#include <gtest/gtest.h>

#include "tests/facts_builder.h"

namespace postseal::policy {
namespace {

using namespace tests;

/// What a server is really able to show; verify_chain() would say Verified exactly for these proofs.
enum class Server { Plaintext, BrokenStartTls, Weak, Unproved, Pkix, Dane, PkixAndDane };
constexpr std::array kServers{Server::Plaintext, Server::BrokenStartTls, Server::Weak,       Server::Unproved,
                              Server::Pkix,      Server::Dane,           Server::PkixAndDane};

bool proves(Server server, Proof proof) {
  switch (proof) {
    case Proof::None:
      return true;
    case Proof::Pkix:
      return server == Server::Pkix || server == Server::PkixAndDane;
    case Proof::Dane:
      return server == Server::Dane || server == Server::PkixAndDane;
  }
  return false;
}

bool is_encrypted(Server server) { return server != Server::Plaintext && server != Server::BrokenStartTls; }

SessionEvidence evidence_of(Server server, bool requiretls, bool weakened) {
  SessionEvidence evidence;
  evidence.mx_host = domain("mx.example.test");
  evidence.address = *IpAddress::parse("127.0.0.25");
  evidence.starttls_offered = server != Server::Plaintext;
  if (is_encrypted(server)) {
    evidence.tls = TlsEvidence{};
    evidence.tls->strong = server != Server::Weak;
  }
  evidence.requiretls_offered = requiretls && is_encrypted(server);
  evidence.weakened = weakened;
  return evidence;
}

/// Written down anew from docs/threat-model.md, not from the code under test.
bool satisfies(Server server, const SessionEvidence& evidence, const Requirement& need) {
  if (need.tls == TlsUse::Required && !is_encrypted(server)) return false;
  // Where STARTTLS is offered and TLS may be used, a session without it is not what this domain would get.
  if (need.tls == TlsUse::IfOffered && server == Server::BrokenStartTls) return false;
  if (need.floor == TlsFloor::Tls12 && (server == Server::Weak || !is_encrypted(server))) return false;
  if (need.proof != Proof::None && !proves(server, need.proof)) return false;
  return !need.requiretls_keyword || evidence.requiretls_offered;
}

// I10, D47: over every decision and every kind of session.
TEST(Reuse, a_session_carries_a_domain_only_if_it_satisfies_that_domains_own_decision) {
  std::size_t carried = 0;
  for (const Mx mx : {Mx::Secure, Mx::Insecure})
    for (const Tlsa tlsa : kTlsa)
      for (const Sts sts : kSts)
        for (const Local local : kLocal)
          for (const bool requiretls : {false, true})
            for (const bool no : {false, true})
              for (const Server server : kServers)
                for (const bool offers : {false, true})
                  for (const bool weakened : {false, true}) {
                    const State state{mx, Address::Secure, tlsa, sts, local, requiretls, no};
                    const HostDecision decision = decide(facts_of(state)).hosts.at(0);
                    const SessionEvidence evidence = evidence_of(server, offers, weakened);
                    ProofVerdict verdict;
                    if (decision.requirement.proof != Proof::None) {
                      const bool verified = proves(server, decision.requirement.proof);
                      verdict.result = verified ? ProofResult::Verified : ProofResult::Rejected;
                    }
                    const bool may = may_carry(evidence, decision, verdict);
                    if (may) {
                      ASSERT_EQ(decision.use, HostUse::Dial) << describe(state);
                      ASSERT_FALSE(weakened) << describe(state);
                      ASSERT_TRUE(satisfies(server, evidence, decision.requirement)) << describe(state);
                      ++carried;
                    }
                  }
  EXPECT_GT(carried, 0u);
}

TEST(Reuse, another_host_or_an_address_that_the_domain_does_not_name_is_refused) {
  HostDecision decision = decide(facts_of({.tlsa = Tlsa::Absent})).hosts.at(0);
  SessionEvidence evidence = evidence_of(Server::Unproved, false, false);
  EXPECT_TRUE(may_carry(evidence, decision, {}));
  evidence.mx_host = domain("mx.other.test");
  EXPECT_FALSE(may_carry(evidence, decision, {}));
  evidence = evidence_of(Server::Unproved, false, false);
  evidence.address = *IpAddress::parse("127.0.0.26");
  EXPECT_FALSE(may_carry(evidence, decision, {}));
}

}  // namespace
}  // namespace postseal::policy
