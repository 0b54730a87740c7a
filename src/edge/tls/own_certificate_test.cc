// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/own_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/tls/chain_text.h"
#include "edge/tls/server.h"
#include "edge/tls/verify.h"
#include "protocol/dane/tlsa.h"
#include "tests/certificates.h"

namespace postseal::tls {
namespace {

using tests::kNoon;

TEST(OwnCertificate, what_is_made_is_what_it_says_and_serves) {
  auto made =
      make_self_signed({"mail.example.org", "example.org"}, kNoon - Seconds(60), kNoon + std::chrono::days(3650));
  ASSERT_TRUE(made) << made.error();
  auto facts = read_certificate(made->chain_pem);
  ASSERT_TRUE(facts) << facts.error();
  EXPECT_EQ(facts->names, (std::vector<std::string>{"mail.example.org", "example.org"}));
  EXPECT_EQ(facts->from, kNoon - Seconds(60));
  EXPECT_EQ(facts->until, kNoon + std::chrono::days(3650));
  EXPECT_TRUE(facts->self_signed);
  EXPECT_THAT(made->key_pem, testing::StartsWith("-----BEGIN PRIVATE KEY-----"));
  auto context = ServerContext::create(ServerSettings::for_mail({made->chain_pem, made->key_pem}));
  EXPECT_TRUE(context) << context.error();
}

TEST(OwnCertificate, every_key_is_another) {
  auto one = make_self_signed({"a.example"}, kNoon, kNoon + Seconds(1));
  auto two = make_self_signed({"a.example"}, kNoon, kNoon + Seconds(1));
  EXPECT_NE(read_certificate(one->chain_pem)->key_digest, read_certificate(two->chain_pem)->key_digest);
}

// RFC 7671 §5.1: what the operator publishes as 3 1 1 is what a sender verifies.
TEST(OwnCertificate, its_key_digest_is_the_tlsa_record_that_senders_verify) {
  auto made = make_self_signed({"mail.example.org"}, kNoon - Seconds(60), kNoon + Seconds(60));
  auto facts = read_certificate(made->chain_pem);
  policy::Requirement requirement;
  requirement.tls = policy::TlsUse::Required;
  requirement.proof = policy::Proof::Dane;
  requirement.tlsa = {*dane::parse_tlsa_text("3 1 1 " + facts->key_digest)};
  requirement.names = {{*Domain::parse("mail.example.org"), false}};
  auto verdict = verify_chain(requirement, *parse_chain_pem(made->chain_pem), TrustStore::empty(), kNoon);
  EXPECT_EQ(verdict.result, policy::ProofResult::Verified) << verdict.reason;
}

TEST(OwnCertificate, names_cover_hosts_as_senders_compare_them) {
  CertificateFacts facts;
  facts.names = {"Mail.Example.org", "*.example.net"};
  for (std::string_view host : {"mail.example.org", "MAIL.EXAMPLE.ORG", "a.example.net"})
    EXPECT_TRUE(covers(facts, host));
  for (std::string_view host : {"example.org", "x.mail.example.org", "example.net", "a.b.example.net", ""})
    EXPECT_FALSE(covers(facts, host)) << host;
}

TEST(OwnCertificate, what_an_authority_signed_is_not_self_signed) {
  auto root = tests::issue({.common_name = "Root", .ca = true});
  auto leaf = tests::issue({.common_name = "leaf", .dns_names = {"mx.test"}}, &root);
  auto facts = read_certificate(leaf.pem);
  ASSERT_TRUE(facts);
  EXPECT_FALSE(facts->self_signed);
  EXPECT_EQ(facts->names, std::vector<std::string>{"mx.test"});
  EXPECT_FALSE(read_certificate("no certificate"));
}

}  // namespace
}  // namespace postseal::tls
