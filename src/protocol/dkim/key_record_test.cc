// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/key_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "protocol/dkim/rsa_der.h"
#include "protocol/dkim/stage_test.h"

namespace postseal::dkim {
namespace {

using namespace stage;
using namespace std::string_literals;
using testing::HasSubstr;

std::string key_part(const SigningKey& key) {
  const std::string record = key.record();
  return record.substr(record.find("p=") + 2);
}

std::string text_of(std::string_view base64) {
  const Bytes octets = from_base64(base64).value();
  return {octets.begin(), octets.end()};
}

std::string base64(std::string_view octets) {
  return to_base64({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Pkey = std::unique_ptr<EVP_PKEY, FreeKey>;

std::string info_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

/// DER with a definite length.
std::string element(char tag, std::string_view contents) {
  std::string text(1, tag);
  if (contents.size() < 128) {
    text += static_cast<char>(contents.size());
  } else {
    text += "\x82"s + static_cast<char>(contents.size() >> 8) + static_cast<char>(contents.size() & 0xff);
  }
  return text + std::string(contents);
}

std::string rsa_of(std::size_t octets, const std::string& exponent = "\x01\x00\x01"s) {
  const std::string modulus = "\0"s + '\xc1' + std::string(octets - 2, '\x55') + '\x01';
  return element(0x30, element(0x02, modulus) + element(0x02, exponent));
}

TEST(KeyRecord, tags_say_what_the_key_is_for) {
  const std::string p = "p=" + key_part(ed25519_key());
  const struct {
    const char* claim;
    std::string text;
    bool parses;
    bool sha256 = true, email = true, testing = false, strict = false;
    KeyType type = KeyType::Rsa;
  } cases[] = {
      {"p= alone", p, true},
      {"all of it", "v=DKIM1; h=sha256; k=rsa; n=some=20note; s=email; t=s; " + p + ";", true, true, true, false, true},
      {"an Ed25519 key", "v=DKIM1;k=ed25519;" + p, true, true, true, false, false, KeyType::Ed25519},
      {"v= not in front", "k=rsa; v=DKIM1; " + p, false},
      {"another version", "v=DKIM2; " + p, false},
      {"a version in small letters", "v=dkim1; " + p, false},
      {"somebody else's TXT record", "v=spf1 -all", false},
      {"no p=", "v=DKIM1; k=rsa", false},
      {"an unknown type", "v=DKIM1; k=dsa; " + p, false},
      {"p= that is no base64", "v=DKIM1; p=@@", false},
      {"a tag twice", "v=DKIM1; k=rsa; k=ed25519; " + p, false},
      {"only for SHA-1", "h=sha1; " + p, true, false},
      {"for SHA-1 and SHA-256", "h=sha1 : sha256; " + p, true},
      {"for an unknown hash", "h=sha3; " + p, true, false},
      {"for every service", "s=*; " + p, true},
      {"for mail and others", "s=x : email; " + p, true},
      {"not for mail", "s=tlsrpt; " + p, true, true, false},
      {"testing", "t=y; " + p, true, true, true, true, false},
      {"testing, strict and what is unknown", "t=y : s : q; " + p, true, true, true, true, true},
      {"g= is a thing of the past", "v=DKIM1; g=nobody; " + p, true},
      {"a key with blanks within", "v=DKIM1; p=" + p.substr(2, 9) + "  \t" + p.substr(11), true},
  };
  for (const auto& row : cases) {
    const auto record = parse_key_record(row.text);
    ASSERT_EQ(record.has_value(), row.parses) << row.claim;
    if (!record) continue;
    EXPECT_EQ(record->sha256, row.sha256) << row.claim;
    EXPECT_EQ(record->email, row.email) << row.claim;
    EXPECT_EQ(record->testing, row.testing) << row.claim;
    EXPECT_EQ(record->strict_identity, row.strict) << row.claim;
    EXPECT_EQ(record->type, row.type) << row.claim;
    EXPECT_EQ(record->key.size(), 32u) << row.claim;
  }
}

TEST(KeyRecord, what_the_record_says_decides) {
  const std::string good = ed25519_key().record(), p = key_part(ed25519_key());
  const std::string spki_of_ed25519 = "MCowBQYDK2VwAyEA" + p;
  const struct {
    const char* claim;
    std::vector<std::string> records;
    Result result;
    const char* reason;
    bool below = false;
  } cases[] = {
      {"a good record", {good}, Result::Pass, ""},
      {"revoked", {"v=DKIM1; k=ed25519; p="}, Result::PermError, "revoked"},
      {"not for this hash", {"v=DKIM1; h=sha1; k=ed25519; p=" + p}, Result::PermError, "SHA-256"},
      {"not for mail", {"v=DKIM1; s=other; k=ed25519; p=" + p}, Result::PermError, "not for mail"},
      {"A25 an Ed25519 key that says rsa", {"v=DKIM1; k=rsa; p=" + p}, Result::PermError, "the key is rsa"},
      {"A25 without k= it says rsa", {"v=DKIM1; p=" + p}, Result::PermError, "the key is rsa"},
      {"A25 an Ed25519 key in ASN.1", {"v=DKIM1; k=ed25519; p=" + spki_of_ed25519}, Result::PermError, "32 octets"},
      {"A25 an RSA key that says ed25519",
       {"v=DKIM1; k=ed25519; p=" + key_part(rsa_key())},
       Result::PermError,
       "32 octets"},
      {"another key", {SigningKey::generate(KeyType::Ed25519)->record()}, Result::Fail, "not by this key"},
      {"strict, and the domain itself", {"v=DKIM1; t=s; k=ed25519; p=" + p}, Result::Pass, ""},
      {"strict, and a subdomain", {"v=DKIM1; t=s; k=ed25519; p=" + p}, Result::PermError, "subdomain", true},
      {"not strict, and a subdomain", {good}, Result::Pass, "", true},
      {"several records, the last holds", {"v=spf1 -all", "v=DKIM1; p=", rsa_key().record(), good}, Result::Pass, ""},
      {"several records, none holds",
       {"v=DKIM1; p=", SigningKey::generate(KeyType::Ed25519)->record()},
       Result::Fail,
       "not by"},
      {"no key among the records", {"hello"}, Result::PermError, "does not parse"},
      {"more records than are tried", std::vector<std::string>(kMaxKeyRecords, "v=spf1 -all"), Result::PermError, ""},
      {"A25 64 KiB of TXT",
       {"v=DKIM1; k=ed25519; n=" + std::string(60'000, 'n') + "; p=" + p},
       Result::PermError,
       "larger"},
  };
  for (const auto& row : cases) {
    tests::FakeResolver resolver;
    publish(resolver, row.records);
    const auto verdicts =
        verify_text(HandSigned().set("i", row.below ? "a@b.example.org" : "a@example.org").whole(), resolver);
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_EQ(verdicts[0].result, row.result) << row.claim << ": " << verdicts[0].reason;
    EXPECT_THAT(verdicts[0].reason, HasSubstr(row.reason)) << row.claim;
  }
}

TEST(KeyRecord, a_key_in_testing_is_told) {
  tests::FakeResolver resolver;
  publish(resolver, {"v=DKIM1; t=y; k=ed25519; p=" + key_part(ed25519_key())});
  const auto verdicts = verify_text(HandSigned().whole(), resolver);
  EXPECT_EQ(verdicts.at(0).result, Result::Pass);
  EXPECT_TRUE(verdicts.at(0).testing);
}

TEST(KeyRecord, an_rsa_key_may_come_with_or_without_its_algorithm) {
  // RFC 6376 §3.6.1, erratum 3017.
  const std::string info = text_of(key_part(rsa_key()));
  const auto whole = parse_rsa_public_key(info);
  ASSERT_TRUE(whole);
  const std::string bare =
      element(0x30, element(0x02, "\0"s + std::string(whole->modulus)) + element(0x02, whole->exponent));
  tests::FakeResolver resolver;
  publish(resolver, {"v=DKIM1; p=" + base64(bare)});
  EXPECT_EQ(verify_text(HandSigned(letter(), rsa_key()).whole(), resolver).at(0).result, Result::Pass);
}

TEST(KeyRecord, A25_rsa_keys_of_every_size_and_shape) {
  const Pkey small(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{512}));
  const Pkey other(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const struct {
    const char* claim;
    std::string key;
    Result result;
    const char* reason;
  } cases[] = {
      {"the signer's", text_of(key_part(rsa_key())), Result::Pass, ""},
      {"512 bits", info_of(small.get()), Result::PermError, "512 bits"},
      {"1016 bits", rsa_of(127), Result::PermError, "1016 bits"},
      {"1024 bits", rsa_of(128), Result::Fail, "not by this key"},
      {"4096 bits", rsa_of(512), Result::Fail, "not by this key"},
      {"8192 bits", rsa_of(1024), Result::Fail, "not by this key"},
      {"8200 bits", rsa_of(1025), Result::PermError, "larger"},
      {"16384 bits", rsa_of(2048), Result::PermError, "larger"},
      {"an exponent as long as the key", rsa_of(256, std::string(128, '\x7f')), Result::PermError, "exponent"},
      {"an elliptic curve", info_of(other.get()), Result::PermError, "no RSA key"},
      {"a modulus of nothing", element(0x30, element(0x02, "\0"s) + element(0x02, "\x03")), Result::PermError,
       "no RSA"},
      {"a negative modulus", element(0x30, element(0x02, std::string(128, '\xff')) + element(0x02, "\x03")),
       Result::PermError, "no RSA"},
      {"something behind the key", rsa_of(128) + "x", Result::PermError, "no RSA key"},
      {"a length that lies", "\x30\x82\xff\xff\x02\x01\x03"s, Result::PermError, "no RSA key"},
      {"an indefinite length", "\x30\x80\x02\x01\x03\x02\x01\x03\0\0"s, Result::PermError, "no RSA key"},
      {"nothing at all in it", "\x30\0"s, Result::PermError, "no RSA key"},
  };
  for (const auto& row : cases) {
    tests::FakeResolver resolver;
    publish(resolver, {"v=DKIM1; k=rsa; p=" + base64(row.key)});
    const auto verdicts = verify_text(HandSigned(letter(), rsa_key()).whole(), resolver);
    EXPECT_EQ(verdicts.at(0).result, row.result) << row.claim << ": " << verdicts[0].reason;
    EXPECT_THAT(verdicts.at(0).reason, HasSubstr(row.reason)) << row.claim;
  }
}

TEST(KeyRecord, A25_a_signature_by_a_short_key_never_passes_though_its_arithmetic_holds) {
  // 512 bits hold no PKCS #1 signature over SHA-256 with room to spare; 768 do.
  const Pkey small(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{768}));
  const Digest digest = sha256("signed");
  std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new(small.get(), nullptr),
                                                                      EVP_PKEY_CTX_free);
  std::string signature(96, '\0');
  std::size_t size = signature.size();
  ASSERT_EQ(EVP_PKEY_sign_init(context.get()), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()), 1);
  ASSERT_EQ(EVP_PKEY_sign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, digest.data(), 32),
            1);
  const auto key = PublicKey::parse(KeyType::Rsa, info_of(small.get()));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verify(digest, signature));
  KeyAnswer answer;
  answer.records = {"p=" + base64(info_of(small.get()))};
  const KeyCheck check = check_signature(answer, {}, digest, signature);
  EXPECT_EQ(check.result, Result::PermError);
  EXPECT_EQ(check.key_bits, 768u);
}

TEST(KeyRecord, selectors_may_have_dots_and_underscores) {
  tests::FakeResolver resolver;
  resolver.txt("a_b.c._domainkey.example.org", {strings_of(ed25519_key().record())});
  EXPECT_EQ(verify_text(HandSigned().set("s", "a_b.c").whole(), resolver).at(0).result, Result::Pass);
  const std::string longest(63, 'x');
  EXPECT_EQ(
      verify_text(HandSigned().set("s", longest + "." + longest + "." + longest + "." + longest).whole(), resolver)
          .at(0)
          .result,
      Result::PermError);
}

}  // namespace
}  // namespace postseal::dkim
