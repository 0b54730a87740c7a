// SPDX-License-Identifier: Apache-2.0
#include "lab/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <set>

#include "lab/credentials.h"

namespace postseal::lab {
namespace {

using X509Ptr = std::unique_ptr<X509, void (*)(X509*)>;

X509Ptr from_der(const Bytes& der) {
  const unsigned char* at = der.data();
  return X509Ptr(d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free);
}

/// OpenSSL's word on a chain as a TLS client would judge it, with the lab's root trusted.
int verify(const Issued& issued, const Bytes& trusted, const char* name) {
  std::unique_ptr<X509_STORE, void (*)(X509_STORE*)> store(X509_STORE_new(), X509_STORE_free);
  X509_STORE_add_cert(store.get(), from_der(trusted).get());
  STACK_OF(X509)* others = sk_X509_new_null();
  for (const Bytes& der : issued.chain) sk_X509_push(others, from_der(der).release());
  const X509Ptr leaf = from_der(issued.leaf);
  std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> context(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), others);
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set1_host(parameters, name, 0);
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  X509_VERIFY_PARAM_set_auth_level(parameters, 1);
  X509_verify_cert(context.get());
  const int error = X509_STORE_CTX_get_error(context.get());
  sk_X509_pop_free(others, X509_free);
  return error;
}

struct Row {
  std::string_view what;
  CertificateSpec spec;
  int error;
  std::size_t sent;
};

TEST(Authority, issues_what_is_asked_for_defects_and_all) {
  auto authority = Authority::create();
  ASSERT_TRUE(authority) << authority.error();
  const auto root = authority->issue({}, "any.test")->root;
  const auto spec = [](auto change) {
    CertificateSpec out;
    change(out);
    return out;
  };
  const Row rows[] = {
      {"honest", {}, X509_V_OK, 1},
      {"root sent", spec([](auto& s) { s.send_root = true; }), X509_V_OK, 2},
      {"intermediate", spec([](auto& s) { s.issuer = "lab-intermediate"; }), X509_V_OK, 2},
      {"untrusted", spec([](auto& s) { s.issuer = "untrusted-ca"; }), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1},
      {"self", spec([](auto& s) { s.issuer = "self"; }), X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 1},
      {"expired", spec([](auto& s) { s.validity = "expired"; }), X509_V_ERR_CERT_HAS_EXPIRED, 1},
      {"not yet", spec([](auto& s) { s.validity = "not-yet-valid"; }), X509_V_ERR_CERT_NOT_YET_VALID, 1},
      {"other name", spec([](auto& s) { s.names = {"x.test"}; }), X509_V_ERR_HOSTNAME_MISMATCH, 1},
      {"CN only", spec([](auto& s) { s.names = {"CN=mx.d.test"}; }), X509_V_ERR_HOSTNAME_MISMATCH, 1},
      {"wildcard", spec([](auto& s) { s.names = {"*.d.test"}; }), X509_V_OK, 1},
      {"address", spec([](auto& s) { s.names = {"IP=127.0.0.1"}; }), X509_V_ERR_HOSTNAME_MISMATCH, 1},
      {"rsa", spec([](auto& s) { s.key = "rsa2048"; }), X509_V_OK, 1},
      {"weak rsa", spec([](auto& s) { s.key = "rsa1024"; }), X509_V_OK, 1},
      {"p192", spec([](auto& s) { s.key = "p192"; }), X509_V_OK, 1},
      {"ed25519", spec([](auto& s) { s.key = "ed25519"; }), X509_V_OK, 1},
      {"client", spec([](auto& s) { s.defects = {"client-auth-only"}; }), X509_V_ERR_INVALID_PURPOSE, 1},
      {"sha1", spec([](auto& s) { s.defects = {"sha1"}; }), X509_V_ERR_CA_MD_TOO_WEAK, 1},
      {"md5", spec([](auto& s) { s.defects = {"md5"}; }), X509_V_ERR_CA_MD_TOO_WEAK, 2},
      {"old", spec([](auto& s) { s.defects = {"intermediate-expired"}; }), X509_V_ERR_CERT_HAS_EXPIRED, 2},
      {"no CA", spec([](auto& s) { s.defects = {"intermediate-not-ca"}; }), X509_V_ERR_INVALID_CA, 2},
      {"depth", spec([](auto& s) { s.defects = {"path-length"}; }), X509_V_ERR_PATH_LENGTH_EXCEEDED, 3},
      {"fence", spec([](auto& s) { s.defects = {"name-constraints"}; }), X509_V_ERR_PERMITTED_VIOLATION, 2},
      {"gap", spec([](auto& s) { s.defects = {"intermediate-missing"}; }), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
       1},
  };
  for (const Row& row : rows) {
    const auto issued = authority->issue(row.spec, "mx.d.test");
    ASSERT_TRUE(issued) << row.what << issued.error();
    EXPECT_EQ(issued->chain.size(), row.sent) << row.what;
    const int error = verify(*issued, root, "mx.d.test");
    EXPECT_STREQ(X509_verify_cert_error_string(error), X509_verify_cert_error_string(row.error)) << row.what;
  }
}

TEST(Authority, a_hundred_certificates_take_no_time_that_people_notice) {
  auto authority = Authority::create();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(authority->issue({}, "mx" + std::to_string(i) + ".test"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(Credentials, symbolic_tlsa_records_are_of_the_certificates_meant) {
  const auto world = parse_world(R"([[host]]
    name = "a.x.test"
    certificate = { issuer = "lab-intermediate" }
    [[host]]
    name = "b.x.test"
    certificate = { issuer = "self" }
  )",
                                 "w.toml");
  ASSERT_TRUE(world) << to_string(world.error());
  auto authority = Authority::create();
  const auto credentials = issue_credentials(*authority, *world);
  ASSERT_TRUE(credentials) << credentials.error();
  const Issued& a = credentials->hosts.at(*Domain::parse("a.x.test"));
  const Issued& b = credentials->hosts.at(*Domain::parse("b.x.test"));
  const auto full = [](std::string_view head, const Bytes& der) {
    return "\\# " + std::to_string(der.size() + 3) + " " + std::string(head) + to_hex(der);
  };
  const auto rdata = [&](std::string_view text) {
    const auto made =
        tlsa_rdata(*parse_tlsa_spec(text, Domain::parse("x.test").value()), *Domain::parse("a.x.test"), *credentials);
    EXPECT_TRUE(made) << text;
    return *made;
  };
  using ::testing::ElementsAre;
  using ::testing::StartsWith;
  EXPECT_THAT(rdata("3 0 0"), ElementsAre(full("030000", a.leaf)));
  EXPECT_THAT(rdata("2 0 0"), ElementsAre(full("020000", a.root)));
  EXPECT_THAT(rdata("2 0 0 intermediate"), ElementsAre(full("020000", a.intermediate)));
  EXPECT_THAT(rdata("2 0 0 leaf"), ElementsAre(full("020000", a.leaf)));
  EXPECT_THAT(rdata("2 0 0 of b"), ElementsAre(full("020000", b.leaf)));
  EXPECT_THAT(rdata("3 0 0 leaf-of b"), ElementsAre(full("030000", b.leaf)));
  EXPECT_THAT(rdata("3 1 1"), ElementsAre(StartsWith("\\# 35 030101")));
  EXPECT_THAT(rdata("3 1 2"), ElementsAre(StartsWith("\\# 67 030102")));
  EXPECT_THAT(rdata("3 1 1 short"), ElementsAre(StartsWith("\\# 19 030101")));
  EXPECT_THAT(rdata("3 1 1 empty"), ElementsAre("\\# 3 030101"));
  EXPECT_THAT(rdata("4 2 9 00FF"), ElementsAre("\\# 5 04020900ff"));
  EXPECT_NE(rdata("3 1 1 wrong"), rdata("3 1 1"));
  const auto many = rdata("3 1 1 wrong x120");
  EXPECT_EQ(std::set(many.begin(), many.end()).size(), 120u);
  EXPECT_FALSE(tlsa_rdata(*parse_tlsa_spec("3 1 1 of nobody.test", {}), {}, *credentials));
  EXPECT_FALSE(tlsa_rdata(*parse_tlsa_spec("3 1 1", {}), {}, *credentials));
  EXPECT_FALSE(tlsa_rdata(*parse_tlsa_spec("2 0 1 intermediate of b.x.test", {}), {}, *credentials));
}

}  // namespace
}  // namespace postseal::lab
