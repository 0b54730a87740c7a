// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/session_pool.h"

#include <gtest/gtest.h>

#include "protocol/policy/decide.h"
#include "tests/certificates.h"
#include "tests/facts_builder.h"
#include "tests/still_clock.h"

namespace postseal::outbound {
namespace {

using namespace tests;

const Certificate& certificate() {
  static const Certificate made = issue({.dns_names = {"mx.example.test"}});
  return made;
}

/// Proved when it was opened, by whatever its first domain asked for.
std::unique_ptr<Session> session() {
  auto made = std::make_unique<Session>();
  made->evidence.mx_host = domain("mx.example.test");
  made->evidence.address = *IpAddress::parse("127.0.0.25");
  made->evidence.tls = policy::TlsEvidence{};
  made->evidence.tls->strong = true;
  made->evidence.tls->chain = {certificate().der};
  made->evidence.verdict.result = policy::ProofResult::Verified;
  return made;
}

struct Pool : ::testing::Test {
  tls::TrustStore trust = tls::TrustStore::empty();
  StillClock clock{kNoon};
  SessionPool pool{trust, clock};
  policy::HostDecision nothing_asked = policy::decide(facts_of({.tlsa = Tlsa::Absent})).hosts.at(0);
  policy::HostDecision dane = policy::decide(facts_of({})).hosts.at(0);
};

TEST_F(Pool, a_session_is_handed_out_once_and_only_for_its_own_port) {  // D45
  EXPECT_EQ(pool.put(session()), nullptr);
  EXPECT_EQ(pool.take(nothing_asked, 587), nullptr);
  EXPECT_NE(pool.take(nothing_asked, 25), nullptr);
  EXPECT_EQ(pool.take(nothing_asked, 25), nullptr);
}

TEST_F(Pool, D47_an_earlier_verdict_does_not_stand_in_for_the_domains_own) {
  dane.requirement.tlsa = {tests::tlsa_record()};  // not this certificate's
  (void)pool.put(session());
  EXPECT_EQ(pool.take(dane, 25), nullptr);
}

TEST_F(Pool, D47_the_verdict_is_brought_up_to_the_domain_that_takes_the_session) {
  dane.requirement.tlsa = {tests::tlsa_of(certificate(), 3, 1, 1)};
  auto unproved = session();
  unproved->evidence.verdict = {};
  (void)pool.put(std::move(unproved));
  const auto taken = pool.take(dane, 25);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->evidence.verdict.matched, dane.requirement.tlsa.at(0));
}

TEST_F(Pool, X07_a_weakened_session_is_given_back_and_not_kept) {
  auto weakened = session();
  weakened->evidence.weakened = true;
  EXPECT_NE(pool.put(std::move(weakened)), nullptr);
  EXPECT_TRUE(pool.drain().empty());
}

}  // namespace
}  // namespace postseal::outbound
