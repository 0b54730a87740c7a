// SPDX-License-Identifier: Apache-2.0
// The examples of RFC 6376 appendix A and RFC 8463 appendix A.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/dkim/sign.h"
#include "protocol/dkim/verify.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"

namespace postseal::dkim {
namespace {

std::vector<SignatureVerdict> verify_text(const std::string& message, dns::Resolver& resolver) {
  auto pass = std::make_shared<MessagePass>();
  pass->feed(message);
  pass->finish();
  const Offload here = [](std::function<void()> work) -> Awaitable<void> {
    work();
    co_return;
  };
  return tests::run_coroutine(verify(pass, resolver, here, WallTime(Seconds(1528637909)), Deadline::in(Seconds(5))));
}

/// Lines with LF, for reading.
std::string wire(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

constexpr std::string_view kLetter =
    "From: Joe SixPack <joe@football.example.com>\n"
    "To: Suzie Q <suzie@shopping.example.net>\n"
    "Subject: Is dinner ready?\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\n"
    "\n"
    "Hi.\n"
    "\n"
    "We lost the game. Are you hungry yet?\n"
    "\n"
    "Joe.\n";

TEST(DkimVectors, rfc_6376_appendix_a_passes) {
  tests::FakeResolver resolver;
  resolver.txt("brisbane._domainkey.example.com",
               {{"v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt"
                 "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi"
                 "tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"}});
  const std::string message = wire(
      "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\n"
      "      c=simple/simple; q=dns/txt; i=joe@football.example.com;\n"
      "      h=Received : From : To : Subject : Date : Message-ID;\n"
      "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
      "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\n"
      "      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\n"
      "      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\n"
      "      4bmp/YzhwvcubU4=;\n"
      "Received: from client1.football.example.com  [192.0.2.1]\n"
      "      by submitserver.example.com with SUBMISSION;\n"
      "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\n" +
      std::string(kLetter));
  const auto verdicts = verify_text(message, resolver);
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].result, Result::Pass) << verdicts[0].reason;
  EXPECT_EQ(verdicts[0].domain, "example.com");
  EXPECT_EQ(verdicts[0].identity, "joe@football.example.com");
  EXPECT_EQ(verdicts[0].key_bits, 1024u);
  EXPECT_TRUE(verdicts[0].key_secure);
}

TEST(DkimVectors, rfc_8463_appendix_a_passes_twice) {
  tests::FakeResolver resolver;
  resolver.txt("brisbane._domainkey.football.example.com",
               {{"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}}, false);
  resolver.txt("test._domainkey.football.example.com",
               {{"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bd"
                 "OKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC",
                 "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"}});
  const std::string message = wire(
      "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\n"
      " d=football.example.com; i=@football.example.com;\n"
      " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\n"
      " subject : date : message-id : from : subject : date;\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
      " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\n"
      " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\n"
      "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n"
      " d=football.example.com; i=@football.example.com;\n"
      " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\n"
      " date : message-id : from : subject : date;\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
      " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\n"
      " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\n"
      " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\n" +
      std::string(kLetter));
  const auto verdicts = verify_text(message, resolver);
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].result, Result::Pass) << verdicts[0].reason;
  EXPECT_FALSE(verdicts[0].key_secure);
  EXPECT_EQ(verdicts[0].algorithm, "ed25519-sha256");
  EXPECT_EQ(verdicts[1].result, Result::Pass) << verdicts[1].reason;
  EXPECT_TRUE(verdicts[1].key_secure);
}

TEST(DkimVectors, the_private_key_of_rfc_8463_has_its_record) {
  const auto key = SigningKey::load("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n");
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(key->record(), "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  const auto again = SigningKey::load(key->pem());
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->record(), key->record());
}

TEST(DkimVectors, what_is_signed_here_passes_here) {
  for (const KeyType type : {KeyType::Rsa, KeyType::Ed25519}) {
    const auto key = SigningKey::generate(type);
    ASSERT_TRUE(key);
    tests::FakeResolver resolver;
    resolver.txt(
        "s._domainkey.example.org",
        {{key->record().substr(0, 200), key->record().substr(std::min<std::size_t>(200, key->record().size()))}});
    for (const Canonicalization header : {Canonicalization::Simple, Canonicalization::Relaxed}) {
      for (const Canonicalization body : {Canonicalization::Simple, Canonicalization::Relaxed}) {
        SignSettings settings;
        settings.domain = *Domain::parse("example.org");
        settings.selector = "s";
        settings.key = std::make_shared<SigningKey>(*key);
        settings.canonicalization = {header, body};
        settings.time = WallTime(Seconds(1528637000));
        Signer signer({settings, settings});
        const std::string letter = wire(kLetter);
        signer.feed(letter);
        const auto fields = signer.finish();
        ASSERT_TRUE(fields) << fields.error().what;
        const auto verdicts = verify_text(*fields + letter, resolver);
        ASSERT_EQ(verdicts.size(), 2u);
        EXPECT_EQ(verdicts[0].result, Result::Pass) << verdicts[0].reason << "\n" << *fields;
        EXPECT_EQ(verdicts[1].result, Result::Pass) << verdicts[1].reason;
      }
    }
  }
}

}  // namespace
}  // namespace postseal::dkim
