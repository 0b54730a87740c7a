// SPDX-License-Identifier: Apache-2.0
// What a letter's fate does not show of lab/worlds/dns-adversaries.toml: time, processor time, numbers of questions,
// and what an answer is worth.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "lab/key_trap.h"
#include "lab/live_names.h"
#include "lab/zone_key.h"
#include "vocab/await_all.h"

namespace postseal::lab {
namespace {

using dns::RecordType;
using namespace std::chrono_literals;

/// Seconds of the processor that this whole process has used.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

Bytes decoded(const std::string& record) { return *from_base64(record.substr(record.rfind(' ') + 1)); }

/// Tries a signature of the trap with one of its keys, and says how long that took; 0 if the key cannot be used.
double seconds_for_one_try(const std::string& key, const std::string& signature) {
  const Bytes data = decoded(key);
  const std::size_t length = static_cast<std::size_t>(data[1] << 8 | data[2]);
  using Number = std::unique_ptr<BIGNUM, void (*)(BIGNUM*)>;
  const Number e(BN_bin2bn(data.data() + 3, static_cast<int>(length), nullptr), BN_free);
  const Number n(BN_bin2bn(data.data() + 3 + length, static_cast<int>(data.size() - 3 - length), nullptr), BN_free);
  const std::unique_ptr<OSSL_PARAM_BLD, void (*)(OSSL_PARAM_BLD*)> builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  const std::unique_ptr<OSSL_PARAM, void (*)(OSSL_PARAM*)> parameters(OSSL_PARAM_BLD_to_param(builder.get()),
                                                                      OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* made = nullptr;
  EVP_PKEY_fromdata_init(context.get());
  EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get());
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> rsa(made, EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const Bytes wrong = decoded(signature), text = {'x'};
  const double start = processor_seconds();
  if (!rsa || EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, rsa.get()) != 1) return 0;
  EXPECT_NE(EVP_DigestVerify(digest.get(), wrong.data(), wrong.size(), text.data(), text.size()), 1);
  return processor_seconds() - start;
}

TEST(KeyTrap, all_keys_have_one_tag_and_every_try_costs_real_work) {
  const auto keys = trap_keys();
  ASSERT_EQ(keys.size(), kTrapKeys);
  std::set<std::string> different;
  for (const std::string& key : keys) {
    Bytes rdata = {0x01, 0x01, 3, 8};
    const Bytes data = decoded(key);
    rdata.insert(rdata.end(), data.begin(), data.end());
    EXPECT_EQ(key_tag(rdata), 4711) << key;
    different.insert(key);
  }
  EXPECT_EQ(different.size(), kTrapKeys);
  const auto signatures =
      trap_signatures("d.test.\t300\tIN\tRRSIG\tMX 13 2 300 20300101000000 20200101000000 9 d.test. AAAA==");
  ASSERT_EQ(signatures.size(), kTrapSignatures);
  EXPECT_THAT(signatures[0],
              ::testing::StartsWith("d.test. 300 IN RRSIG MX 8 2 300 20300101000000 20200101000000 4711 d.test. "));
  EXPECT_GT(seconds_for_one_try(keys[0], signatures[0]), 0.0002);
  EXPECT_TRUE(trap_signatures("d.test. 300 IN RRSIG MX 13 2").empty());
}

constexpr std::string_view kTrap = R"(
  [[case]]
  name = "trap"
  domain = "trap.test"
  zone = { signing = "key-trap" }
  [[case]]
  name = "good"
  domain = "good.test"
)";

TEST(DnsAdversaries, A31_a_key_trap_costs_a_few_tries_and_holds_up_nobody) {
  LiveNames live(kTrap);
  EXPECT_EQ(live.state("good.test", RecordType::MX), "found secure");
  const double before = processor_seconds();
  std::vector<Awaitable<dns::RawAnswer>> lookups;
  for (const char* name : {"trap.test", "mx.good.test"}) {
    lookups.push_back(live.resolver().lookup(*Domain::parse_dns(name),
                                             name == std::string_view("trap.test") ? RecordType::MX : RecordType::A,
                                             Deadline::in(10s)));
  }
  const auto answers = live.run(await_all(std::move(lookups)));
  const double spent = processor_seconds() - before;
  EXPECT_TRUE(answers[0].unknown()) << to_string(answers[0].state);
  EXPECT_TRUE(answers[1].secure);
  const auto keys = trap_keys();
  const auto signatures = trap_signatures("d.test. 300 IN RRSIG MX 13 2 300 1 1 9 d.test. AA==");
  double one = 0;
  for (std::size_t i = 0; i < 10; ++i) one += seconds_for_one_try(keys[i], signatures[i]) / 10;
  // Every signature with every key, as validators did before 2024.
  const double all = one * static_cast<double>(kTrapKeys * kTrapSignatures);
  EXPECT_LT(spent, all / 5) << "one try: " << one;
}

TEST(DnsAdversaries, A31_with_many_rounds_of_nsec3_nothing_is_securely_absent) {
  LiveNames live(R"(
    [[case]]
    name = "many"
    domain = "many.test"
    zone = { nsec3 = true, nsec3_iterations = 2500 }
    [[case]]
    name = "allowed"
    domain = "allowed.test"
    zone = { nsec3 = true, nsec3_iterations = 100 }
    [[case]]
    name = "broken"
    domain = "broken.test"
    zone = { nsec3 = true, nsec3_iterations = 2500, signing = "bogus" }
  )");
  EXPECT_EQ(live.state("many.test", RecordType::MX), "found secure");
  EXPECT_EQ(live.state("mx.many.test", RecordType::A), "found secure");
  // RFC 9276 §3.2: insecure, not bogus.
  EXPECT_EQ(live.state("mx.many.test", RecordType::AAAA), "nodata");
  EXPECT_EQ(live.state("_2525._tcp.mx.many.test", RecordType::TLSA), "nxdomain");
  EXPECT_EQ(live.state("no.many.test", RecordType::A), "nxdomain");
  EXPECT_EQ(live.state("no.allowed.test", RecordType::A), "nxdomain secure");
  // The number of rounds is signed, too: nobody but the owner can raise it.
  EXPECT_EQ(live.state("no.broken.test", RecordType::A), "bogus");
}

TEST(DnsAdversaries, A31_other_letters_of_the_question_are_the_same_name) {
  LiveNames live("[[case]]\nname='c'\ndomain='c.test'\ntlsa='3 1 1'\nfault={fault='other-case',below=true}\n");
  EXPECT_EQ(live.state("c.test", RecordType::MX), "found secure");
  EXPECT_EQ(live.state("_2525._tcp.mx.c.test", RecordType::TLSA), "found secure");
  EXPECT_EQ(live.ask("mx.c.test", RecordType::A).canonical.ascii(), "mx.c.test");
}

TEST(DnsAdversaries, A31_questions_to_a_referrals_victim_are_counted) {
  // Who forwards to the front does not follow referrals: what must not happen is that it takes them for an answer.
  LiveNames live(R"(
    [[case]]
    name = "n"
    domain = "n.test"
    zone = { signing = "unsigned" }
    fault = { name = "sub", below = true, fault = "referral", servers = 400, victim = "v.test" }
  )");
  const auto answer = live.ask("mx.sub.n.test", RecordType::A);
  EXPECT_TRUE(answer.unknown()) << to_string(answer.state);
  EXPECT_LE(
      std::ranges::count_if(live.names().asked(), [](const auto& question) { return question.ends_with(".v.test"); }),
      50);
}

}  // namespace
}  // namespace postseal::lab
