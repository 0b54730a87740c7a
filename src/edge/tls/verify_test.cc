// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/certificates.h"

namespace postseal::tls {
namespace {

using policy::Proof;
using policy::ProofFailure;
using policy::ProofResult;
using policy::ProofVerdict;
using policy::ReferenceName;
using policy::Requirement;
using testing::HasSubstr;
using tests::Certificate;
using tests::CertificateAsk;
using tests::issue;
using tests::KeyKind;
using tests::kNoon;
using tests::tlsa_of;
using tests::wrong_tlsa;
using Records = std::vector<dane::TlsaRecord>;
using std::chrono::days;

ReferenceName name(std::string_view text, bool below = false) { return {*Domain::parse(text), below}; }

Requirement dane(Records records, std::vector<ReferenceName> names = {name("mx.test")}) {
  Requirement requirement;
  requirement.tls = policy::TlsUse::Required;
  requirement.floor = policy::TlsFloor::Tls12;
  requirement.proof = Proof::Dane;
  requirement.names = std::move(names);
  requirement.tlsa = std::move(records);
  return requirement;
}

Requirement pkix(std::vector<ReferenceName> names = {name("mx.test")}) {
  Requirement requirement = dane({}, std::move(names));
  requirement.proof = Proof::Pkix;
  return requirement;
}

std::vector<Bytes> chain_of(std::initializer_list<Certificate> certificates) {
  std::vector<Bytes> chain;
  for (const auto& certificate : certificates) chain.push_back(certificate.der);
  return chain;
}

/// A CA, an intermediate and a good leaf, made once.
struct World {
  Certificate root = issue({.common_name = "Root", .ca = true});
  Certificate intermediate = issue({.common_name = "Intermediate", .ca = true}, &root);
  Certificate leaf = issue({.dns_names = {"mx.test"}}, &intermediate);
  Certificate lonely = issue({.common_name = "alone", .dns_names = {"elsewhere.test"}});
  Certificate stranger = issue({.common_name = "Stranger", .ca = true});
  std::vector<Bytes> chain = chain_of({leaf, intermediate, root});

  /// A leaf below the intermediate, with the chain it is sent with.
  std::vector<Bytes> chain_for(const CertificateAsk& ask) const {
    return chain_of({issue(ask, &intermediate), intermediate, root});
  }
};

const World& world() {
  static const World made;
  return made;
}

TrustStore trusting(const Certificate& ca) {
  const auto path = std::filesystem::path(testing::TempDir()) /
                    ("postseal-ca-" + std::to_string(std::hash<std::string>{}(ca.pem)) + ".pem");
  std::ofstream(path) << ca.pem;
  auto store = TrustStore::from_file(path.string());
  std::filesystem::remove(path);
  EXPECT_TRUE(store.has_value()) << store.error();
  return std::move(*store);
}

ProofVerdict judge(const Requirement& requirement, const std::vector<Bytes>& chain) {
  return verify_chain(requirement, chain, TrustStore::empty(), kNoon);
}

ProofVerdict judge_pkix(const Requirement& requirement, const std::vector<Bytes>& chain) {
  static const TrustStore trust = trusting(world().root);
  return verify_chain(requirement, chain, trust, kNoon);
}

struct Case {
  std::string claim;
  Records records;
  std::vector<Bytes> chain;
  ProofFailure failure = ProofFailure::None;
  std::optional<int> depth;
  std::vector<ReferenceName> names = {name("mx.test")};
};

void check(const std::vector<Case>& cases) {
  for (const Case& row : cases) {
    const auto verdict = judge(dane(row.records, row.names), row.chain);
    EXPECT_EQ(verdict.failure, row.failure) << row.claim << ": " << verdict.reason;
    EXPECT_EQ(verdict.result, row.failure == ProofFailure::None ? ProofResult::Verified : ProofResult::Rejected)
        << row.claim;
    EXPECT_EQ(verdict.depth, row.depth) << row.claim;
    EXPECT_FALSE(verdict.reason.empty()) << row.claim;
  }
}

TEST(VerifyChain, nothing_asked_is_nothing_judged) {
  EXPECT_EQ(judge(Requirement{}, {}), ProofVerdict{});
  EXPECT_EQ(judge(Requirement{}, world().chain).result, ProofResult::NotAsked);
}

TEST(VerifyChain, fails_closed_on_what_should_never_come) {
  EXPECT_EQ(judge(dane({tlsa_of(world().leaf, 3, 1, 1)}), {}).failure, ProofFailure::NoCertificate);
  EXPECT_EQ(judge(dane({}), world().chain).failure, ProofFailure::TlsaMismatch);
  EXPECT_EQ(judge(dane({tlsa_of(world().leaf, 3, 1, 1)}), {Bytes{1, 2, 3}}).failure, ProofFailure::Other);
  Bytes trailing = world().leaf.der;
  trailing.push_back(0);
  EXPECT_EQ(judge(dane({tlsa_of(world().leaf, 3, 1, 1)}), {trailing}).failure, ProofFailure::Other);
  EXPECT_EQ(judge_pkix(pkix({}), world().chain).failure, ProofFailure::HostMismatch) << "no name is not any name";
  EXPECT_EQ(judge(dane({tlsa_of(world().root, 2, 0, 1)}, {}), world().chain).failure, ProofFailure::HostMismatch);
}

// D13: with DANE-EE the key is the whole proof.
TEST(DaneEe, ignores_names_dates_issuer_and_purpose_D13) {
  std::vector<Case> cases;
  const auto add = [&](std::string claim, const CertificateAsk& ask, const Certificate* issuer = nullptr) {
    const Certificate made = issue(ask, issuer);
    cases.push_back({std::move(claim), {tlsa_of(made, 3, 1, 1)}, chain_of({made}), ProofFailure::None, 0});
  };
  add("name mismatch", {.dns_names = {"other.test"}});
  add("no name at all", {.dns_names = {}});
  add("expired", {.dns_names = {"mx.test"}, .from = kNoon - days(9), .until = kNoon - days(5)});
  add("not yet valid", {.dns_names = {"mx.test"}, .from = kNoon + days(5), .until = kNoon + days(9)});
  add("self-signed", {.dns_names = {"mx.test"}});
  add("clientAuth only", {.dns_names = {"mx.test"}, .extended_key_usage = "clientAuth"});
  add("unknown CA, not sent", {.dns_names = {"mx.test"}}, &world().stranger);
  add("a CA certificate as leaf", {.dns_names = {"mx.test"}, .ca = true});
  add("RSA-1024", {.dns_names = {"mx.test"}, .key = KeyKind::Rsa1024});
  add("SHA-1 signature", {.dns_names = {"mx.test"}, .digest = "SHA1"}, &world().stranger);
  check(cases);
}

TEST(DaneEe, every_selector_and_matching_type_binds_D14) {
  std::vector<Case> cases;
  for (int selector : {0, 1})
    for (int matching_type : {0, 1, 2}) {
      const auto right = tlsa_of(world().lonely, 3, selector, matching_type);
      const auto wrong = tlsa_of(world().leaf, 3, selector, matching_type);
      cases.push_back({dane::name_of(right), {right}, chain_of({world().lonely}), ProofFailure::None, 0});
      cases.push_back({dane::name_of(right) + " of another certificate",
                       {wrong},
                       chain_of({world().lonely}),
                       ProofFailure::TlsaMismatch,
                       {}});
    }
  check(cases);
}

TEST(Dane, a_record_counts_for_its_own_place_in_the_chain_only_D15) {
  const World& w = world();
  check({
      {"EE record of the intermediate", {tlsa_of(w.intermediate, 3, 0, 1)}, w.chain, ProofFailure::TlsaMismatch, {}},
      {"EE record of the root's key", {tlsa_of(w.root, 3, 1, 1)}, w.chain, ProofFailure::TlsaMismatch, {}},
      {"TA record of the leaf", {tlsa_of(w.leaf, 2, 0, 1)}, w.chain, ProofFailure::TlsaMismatch, {}},
      {"TA record of the leaf's key", {tlsa_of(w.leaf, 2, 1, 1)}, w.chain, ProofFailure::TlsaMismatch, {}},
  });
}

TEST(DaneTa, an_anchor_in_the_chain_proves_a_leaf_with_the_name_D16) {
  const World& w = world();
  const auto short_chain = chain_of({w.leaf, w.intermediate});
  check({
      {"root by certificate", {tlsa_of(w.root, 2, 0, 1)}, w.chain, ProofFailure::None, 2},
      {"root by key", {tlsa_of(w.root, 2, 1, 1)}, w.chain, ProofFailure::None, 2},
      {"root by SHA2-512", {tlsa_of(w.root, 2, 0, 2)}, w.chain, ProofFailure::None, 2},
      {"intermediate as anchor", {tlsa_of(w.intermediate, 2, 0, 1)}, short_chain, ProofFailure::None, 1},
      {"intermediate by key, root sent too", {tlsa_of(w.intermediate, 2, 1, 1)}, w.chain, ProofFailure::None, 1},
  });
  const auto verdict = judge(dane({tlsa_of(w.root, 2, 0, 1)}), w.chain);
  EXPECT_EQ(verdict.matched, tlsa_of(w.root, 2, 0, 1));
  EXPECT_EQ(verdict.matched_name, "mx.test");
}

TEST(DaneTa, the_leaf_must_carry_a_reference_name_D17) {
  const World& w = world();
  const Records anchor = {tlsa_of(w.root, 2, 0, 1)};
  check({
      {"base domain", anchor, w.chain, ProofFailure::None, 2, {name("mx.test")}},
      {"next hop",
       anchor,
       w.chain_for({.dns_names = {"test"}}),
       ProofFailure::None,
       2,
       {name("mx.test"), name("test")}},
      {"upper case in the certificate", anchor, w.chain_for({.dns_names = {"MX.Test"}}), ProofFailure::None, 2},
      {"another name", anchor, w.chain_for({.dns_names = {"other.test"}}), ProofFailure::HostMismatch, {}},
      {"the name as a prefix",
       anchor,
       w.chain_for({.dns_names = {"mx.test.evil.test"}}),
       ProofFailure::HostMismatch,
       {}},
      {"the name as a suffix", anchor, w.chain_for({.dns_names = {"evil-mx.test"}}), ProofFailure::HostMismatch, {}},
      {"names below, when asked",
       anchor,
       w.chain_for({.dns_names = {"a.b.test"}}),
       ProofFailure::None,
       2,
       {name("test", true)}},
      {"names below, when not asked",
       anchor,
       w.chain_for({.dns_names = {"a.b.test"}}),
       ProofFailure::HostMismatch,
       {},
       {name("test")}},
  });
}

TEST(DaneTa, dates_count_D18) {
  const World& w = world();
  const Certificate old =
      issue({.common_name = "Old", .from = kNoon - days(9), .until = kNoon - days(1), .ca = true}, &w.root);
  const Certificate below = issue({.dns_names = {"mx.test"}}, &old);
  const Records anchor = {tlsa_of(w.root, 2, 0, 1)};
  check({
      {"leaf expired",
       anchor,
       w.chain_for({.dns_names = {"mx.test"}, .from = kNoon - days(9), .until = kNoon - days(1)}),
       ProofFailure::Expired,
       {}},
      {"leaf not yet valid",
       anchor,
       w.chain_for({.dns_names = {"mx.test"}, .from = kNoon + days(1), .until = kNoon + days(9)}),
       ProofFailure::NotYetValid,
       {}},
      {"intermediate expired", anchor, chain_of({below, old, w.root}), ProofFailure::Expired, {}},
  });
}

TEST(DaneTa, an_anchor_that_was_not_sent_must_stand_in_dns_in_full_D19) {
  const World& w = world();
  const auto without_root = chain_of({w.leaf, w.intermediate});
  check({
      {"digest of the certificate", {tlsa_of(w.root, 2, 0, 1)}, without_root, ProofFailure::TlsaMismatch, {}},
      {"digest of the key", {tlsa_of(w.root, 2, 1, 1)}, without_root, ProofFailure::TlsaMismatch, {}},
      {"certificate in full", {tlsa_of(w.root, 2, 0, 0)}, without_root, ProofFailure::None, 2},
      {"key in full", {tlsa_of(w.root, 2, 1, 0)}, without_root, ProofFailure::None, 1},
      {"another key in full", {tlsa_of(w.stranger, 2, 1, 0)}, without_root, ProofFailure::TlsaMismatch, {}},
      {"no CA of the system helps", {tlsa_of(w.stranger, 2, 0, 1)}, w.chain, ProofFailure::TlsaMismatch, {}},
  });
}

TEST(DaneTa, the_path_must_be_sound_D20) {
  const World& w = world();
  const Records anchor = {tlsa_of(w.root, 2, 0, 1)};
  const Certificate tight = issue({.common_name = "Tight", .ca = true, .path_length = 0}, &w.root);
  const Certificate too_deep = issue({.common_name = "Too deep", .ca = true}, &tight);
  const Certificate no_ca = issue({.common_name = "No CA", .dns_names = {"ca.test"}}, &w.root);
  const Certificate bound =
      issue({.common_name = "Bound", .ca = true, .name_constraints = "permitted;DNS:elsewhere.test"}, &w.root);
  const Certificate mocked = issue({.common_name = "Root", .ca = true});  // the root's name, another key
  const CertificateAsk good = {.dns_names = {"mx.test"}};
  check({
      {"path length",
       anchor,
       chain_of({issue(good, &too_deep), too_deep, tight, w.root}),
       ProofFailure::NotTrusted,
       {}},
      {"issuer is no CA", anchor, chain_of({issue(good, &no_ca), no_ca, w.root}), ProofFailure::NotTrusted, {}},
      {"name constraints", anchor, chain_of({issue(good, &bound), bound, w.root}), ProofFailure::NotTrusted, {}},
      {"clientAuth only",
       anchor,
       w.chain_for({.dns_names = {"mx.test"}, .extended_key_usage = "clientAuth"}),
       ProofFailure::NotTrusted,
       {}},
      {"no EKU is any purpose", anchor, w.chain_for({.dns_names = {"mx.test"}, .extended_key_usage = ""}),
       ProofFailure::None, 2},
      {"anchor sent, but not above the leaf",
       {tlsa_of(w.stranger, 2, 0, 1)},
       chain_of({w.leaf, w.intermediate, w.stranger}),
       ProofFailure::TlsaMismatch,
       {}},
      {"issuer's name without its signature",
       {tlsa_of(mocked, 2, 0, 1)},
       chain_of({w.leaf, w.intermediate, mocked}),
       ProofFailure::NotTrusted,
       {}},
  });
}

// D21, D22 hold for DANE-TA and for MTA-STS alike: each row goes through both.
TEST(ReferenceNames, only_dns_ids_count_and_wildcards_are_one_whole_label_D21_D22_A13) {
  struct Row {
    std::string claim;
    CertificateAsk ask;
    std::string reference;
    bool good;
  };
  const Row rows[] = {
      {"exact", {.dns_names = {"mx.test"}}, "mx.test", true},
      {"one of several", {.dns_names = {"a.test", "mx.test"}}, "mx.test", true},
      {"CN only", {.common_name = "mx.test"}, "mx.test", false},
      {"CN right, SAN wrong", {.common_name = "mx.test", .dns_names = {"a.test"}}, "mx.test", false},
      {"wildcard, one label", {.dns_names = {"*.org.test"}}, "mx.org.test", true},
      {"wildcard, two labels", {.dns_names = {"*.org.test"}}, "a.mx.org.test", false},
      {"wildcard, no label", {.dns_names = {"*.org.test"}}, "org.test", false},
      {"partial wildcard in front", {.dns_names = {"smtp*.org.test"}}, "smtp1.org.test", false},
      {"partial wildcard behind", {.dns_names = {"*1.org.test"}}, "smtp1.org.test", false},
      {"wildcard inside", {.dns_names = {"mx.*.test"}}, "mx.org.test", false},
      {"two wildcards", {.dns_names = {"*.*.test"}}, "mx.org.test", false},
      {"wildcard under a top-level domain", {.dns_names = {"*.com"}}, "mx.com", false},
      {"bare wildcard", {.dns_names = {"*"}}, "test", false},
      {"IP SAN", {.ip_addresses = {"192.0.2.1"}}, "mx.test", false},
      {"IP written as a name", {.ip_addresses = {"192.0.2.1"}}, "192.0.2.1.test", false},
      {"A-label", {.dns_names = {"xn--bcher-kva.test"}}, "xn--bcher-kva.test", true},
  };
  for (const Row& row : rows) {
    const auto chain = world().chain_for(row.ask);
    const auto by_dane = judge(dane({tlsa_of(world().root, 2, 0, 1)}, {name(row.reference)}), chain);
    const auto by_pkix = judge_pkix(pkix({name(row.reference)}), chain);
    EXPECT_EQ(by_dane.result == ProofResult::Verified, row.good) << row.claim << ": " << by_dane.reason;
    EXPECT_EQ(by_pkix.result == ProofResult::Verified, row.good) << row.claim << ": " << by_pkix.reason;
    if (!row.good) EXPECT_EQ(by_pkix.failure, ProofFailure::HostMismatch) << row.claim;
    EXPECT_EQ(by_pkix.matched_name, row.good ? row.reference : "") << row.claim;
  }
}

TEST(Dane, one_matching_record_is_enough_D23) {
  const World& w = world();
  check({
      {"3 1 1 wrong, 2 0 1 right", {wrong_tlsa(3, 1, 1), tlsa_of(w.root, 2, 0, 1)}, w.chain, ProofFailure::None, 2},
      {"3 1 1 right, 2 0 1 wrong", {tlsa_of(w.leaf, 3, 1, 1), wrong_tlsa(2, 0, 1)}, w.chain, ProofFailure::None, 0},
      {"old and new key", {wrong_tlsa(3, 1, 1), tlsa_of(w.leaf, 3, 1, 1)}, w.chain, ProofFailure::None, 0},
      {"3 1 1 right and names wrong, with a 2 0 1 that needs them",
       {tlsa_of(w.leaf, 3, 1, 1), tlsa_of(w.root, 2, 0, 1)},
       w.chain,
       ProofFailure::None,
       0,
       {name("elsewhere.test")}},
      {"all wrong", {wrong_tlsa(3, 1, 1), wrong_tlsa(2, 0, 1)}, w.chain, ProofFailure::TlsaMismatch, {}},
  });
}

TEST(Dane, the_strongest_digest_decides_D24) {
  const World& w = world();
  check({
      {"3 1 2 wrong, 3 1 1 right",
       {wrong_tlsa(3, 1, 2), tlsa_of(w.leaf, 3, 1, 1)},
       w.chain,
       ProofFailure::TlsaMismatch,
       {}},
      {"3 1 2 right, 3 1 1 wrong", {tlsa_of(w.leaf, 3, 1, 2), wrong_tlsa(3, 1, 1)}, w.chain, ProofFailure::None, 0},
      {"agility is per selector", {wrong_tlsa(3, 0, 2), tlsa_of(w.leaf, 3, 1, 1)}, w.chain, ProofFailure::None, 0},
      {"agility is per usage", {wrong_tlsa(2, 1, 2), tlsa_of(w.leaf, 3, 1, 1)}, w.chain, ProofFailure::None, 0},
      {"full data is no digest", {wrong_tlsa(3, 1, 2), tlsa_of(w.leaf, 3, 1, 0)}, w.chain, ProofFailure::None, 0},
  });
  EXPECT_THAT(judge(dane({wrong_tlsa(3, 1, 2), tlsa_of(w.leaf, 3, 1, 1)}), w.chain).reason, HasSubstr("RFC 7671 §9"));
}

TEST(Dane, pkix_usages_never_reach_openssl_D11) {
  const World& w = world();
  EXPECT_EQ(judge(dane({tlsa_of(w.leaf, 1, 1, 1)}), w.chain).failure, ProofFailure::TlsaMismatch);
  EXPECT_EQ(judge(dane({tlsa_of(w.leaf, 1, 1, 1), tlsa_of(w.leaf, 3, 1, 1)}), w.chain).result, ProofResult::Verified);
}

TEST(Dane, a_hundred_records_are_judged_D50) {
  Records records(99, wrong_tlsa(3, 1, 1));
  for (std::size_t at = 0; at < records.size(); ++at) records[at].data[0] = static_cast<std::uint8_t>(at);
  records.push_back(tlsa_of(world().leaf, 3, 1, 1));
  EXPECT_EQ(judge(dane(records), world().chain).result, ProofResult::Verified);
}

// A13 under a proof that rests on signatures: DANE-TA and PKIX alike.
TEST(WeakCrypto, is_refused_where_a_signature_convinces_A13) {
  const World& w = world();
  const Certificate weak_ca = issue({.common_name = "Weak", .key = KeyKind::Rsa1024, .ca = true}, &w.root);
  const Certificate rsa_ca = issue({.common_name = "RSA", .key = KeyKind::Rsa2048, .ca = true}, &w.root);
  const CertificateAsk good = {.dns_names = {"mx.test"}};
  const CertificateAsk md5 = {.dns_names = {"mx.test"}, .digest = "MD5"};
  struct Row {
    std::string claim;
    std::vector<Bytes> chain;
  };
  const Row rows[] = {
      {"RSA-1024 leaf", w.chain_for({.dns_names = {"mx.test"}, .key = KeyKind::Rsa1024})},
      {"P-192 leaf", w.chain_for({.dns_names = {"mx.test"}, .key = KeyKind::P192})},
      {"SHA-1 signature", w.chain_for({.dns_names = {"mx.test"}, .digest = "SHA1"})},
      {"MD5 signature", chain_of({issue(md5, &rsa_ca), rsa_ca, w.root})},
      {"RSA-1024 intermediate", chain_of({issue(good, &weak_ca), weak_ca, w.root})},
  };
  for (const Row& row : rows) {
    const auto by_dane = judge(dane({tlsa_of(w.root, 2, 0, 1)}), row.chain);
    EXPECT_EQ(by_dane.failure, ProofFailure::WeakKey) << row.claim << ": " << by_dane.reason;
    const auto by_pkix = judge_pkix(pkix(), row.chain);
    EXPECT_EQ(by_pkix.failure, ProofFailure::WeakKey) << row.claim << ": " << by_pkix.reason;
  }
  const Certificate weak = issue({.dns_names = {"mx.test"}, .key = KeyKind::Rsa1024}, &w.root);
  EXPECT_EQ(judge(dane({tlsa_of(weak, 3, 1, 1), tlsa_of(w.root, 2, 0, 1)}), chain_of({weak, w.root})).result,
            ProofResult::Verified)
      << "the key itself stands in DNS";
  EXPECT_EQ(judge(dane({wrong_tlsa(3, 1, 1), tlsa_of(w.root, 2, 0, 1)}), chain_of({weak, w.root})).failure,
            ProofFailure::WeakKey);
  EXPECT_EQ(judge(dane({wrong_tlsa(3, 1, 1)}), chain_of({weak, w.root})).failure, ProofFailure::TlsaMismatch);
}

TEST(Pkix, tells_the_failures_apart_S31_A13) {
  const World& w = world();
  const Certificate below_leaf = issue({.common_name = "below", .dns_names = {"mx.test"}}, &w.leaf);
  const Certificate foreign = issue({.dns_names = {"mx.test"}}, &w.stranger);
  const Certificate bound =
      issue({.common_name = "Bound", .ca = true, .name_constraints = "excluded;DNS:mx.test"}, &w.root);
  struct Row {
    std::string claim;
    std::vector<Bytes> chain;
    ProofFailure failure;
    const char* words;
  };
  const Row rows[] = {
      {"good", w.chain, ProofFailure::None, "names mx.test"},
      {"root not sent", chain_of({w.leaf, w.intermediate}), ProofFailure::None, "trusted CA"},
      {"intermediate not sent", chain_of({w.leaf}), ProofFailure::NotTrusted, "no trusted CA"},
      {"self-signed", chain_of({issue({.dns_names = {"mx.test"}})}), ProofFailure::NotTrusted, "self-signed"},
      {"unknown CA", chain_of({foreign, w.stranger}), ProofFailure::NotTrusted, "no trusted CA"},
      {"expired", w.chain_for({.dns_names = {"mx.test"}, .from = kNoon - days(9), .until = kNoon - days(1)}),
       ProofFailure::Expired, "expired"},
      {"not yet valid", w.chain_for({.dns_names = {"mx.test"}, .from = kNoon + days(1), .until = kNoon + days(9)}),
       ProofFailure::NotYetValid, "not yet valid"},
      {"valid for another name", w.chain_for({.dns_names = {"evil.test"}}), ProofFailure::HostMismatch, "mx.test"},
      {"clientAuth only", w.chain_for({.dns_names = {"mx.test"}, .extended_key_usage = "clientAuth"}),
       ProofFailure::NotTrusted, "purpose"},
      {"leaf as CA", chain_of({below_leaf, w.leaf, w.intermediate, w.root}), ProofFailure::NotTrusted, "CA"},
      {"name constraints", chain_of({issue({.dns_names = {"mx.test"}}, &bound), bound, w.root}),
       ProofFailure::NotTrusted, "subtree"},
  };
  for (const Row& row : rows) {
    const auto verdict = judge_pkix(pkix(), row.chain);
    EXPECT_EQ(verdict.failure, row.failure) << row.claim << ": " << verdict.reason;
    EXPECT_THAT(verdict.reason, HasSubstr(row.words)) << row.claim;
    EXPECT_EQ(verdict.depth, std::nullopt);
  }
}

// X01: the CA that we trust does not rescue a failing DANE.
TEST(Dane, trusts_no_ca_but_the_one_in_dns_X01) {
  EXPECT_EQ(judge_pkix(dane({wrong_tlsa(2, 0, 1)}), world().chain).failure, ProofFailure::TlsaMismatch);
  EXPECT_EQ(judge_pkix(dane({wrong_tlsa(3, 1, 1)}), world().chain).failure, ProofFailure::TlsaMismatch);
}

TEST(Dane, usages_0_and_1_prove_nothing_even_where_a_trusted_ca_would_agree_D11_X01) {
  const World& w = world();
  for (const auto& record : {tlsa_of(w.root, 0, 0, 1), tlsa_of(w.leaf, 1, 1, 1)}) {
    const auto verdict = judge_pkix(dane({record}), w.chain);
    EXPECT_EQ(verdict.failure, ProofFailure::TlsaMismatch) << dane::name_of(record);
    EXPECT_THAT(verdict.reason, HasSubstr("no usable TLSA record")) << dane::name_of(record);
  }
}

TEST(TrustStore, says_what_is_wrong_with_a_file) {
  const auto folder = std::filesystem::path(testing::TempDir());
  const auto write = [&](const std::string& text) {
    const auto path = folder / "postseal-trust-store-test.pem";
    std::ofstream(path) << text;
    return path.string();
  };
  EXPECT_THAT(TrustStore::from_file((folder / "nowhere" / "ca.pem").string()).error(), HasSubstr("No such file"));
  EXPECT_THAT(TrustStore::from_file(write("nothing here\n")).error(), HasSubstr("no PEM certificate"));
  EXPECT_THAT(
      TrustStore::from_file(write(world().root.pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
          .error(),
      HasSubstr("certificate 2 is broken"));
  EXPECT_TRUE(TrustStore::from_file(write("# a comment\n" + world().root.pem + world().root.pem)).has_value());
}

TEST(FullData, must_be_all_of_one_certificate_or_key_D12) {
  const World& w = world();
  const auto with = [](int selector, Bytes data) {
    return full_data_parses({3, static_cast<std::uint8_t>(selector), 0, std::move(data)});
  };
  Bytes longer = w.leaf.der, shorter = w.leaf.der, longer_key = w.leaf.public_key;
  longer.push_back(0);
  longer_key.push_back(0);
  shorter.pop_back();
  EXPECT_TRUE(with(0, w.leaf.der));
  EXPECT_TRUE(with(1, w.leaf.public_key));
  EXPECT_FALSE(with(0, w.leaf.public_key));
  EXPECT_FALSE(with(1, w.leaf.der));
  EXPECT_FALSE(with(0, longer));
  EXPECT_FALSE(with(1, longer_key));
  EXPECT_FALSE(with(0, shorter));
  EXPECT_FALSE(with(0, {}));
  EXPECT_FALSE(with(1, {}));
  EXPECT_FALSE(with(2, w.leaf.der));
}

}  // namespace
}  // namespace postseal::tls
