// SPDX-License-Identifier: Apache-2.0
// Chains made here, broken in every way, and validated: RFC 8617 §5.2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "protocol/arc/seal.h"
#include "protocol/arc/verify.h"
#include "protocol/dkim/key.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"
#include "vocab/codec.h"

namespace postseal::arc {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kLetter =
    "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=none; h=from; bh=x; b=x\r\n"
    "Subject: one\r\n"
    "From: Jane <jane@example.org>\r\n"
    "\r\n"
    "Body.\r\n";

const WallTime kNow = WallTime(Seconds(1'700'000'000));

class ArcChain : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const auto type : {dkim::KeyType::Rsa, dkim::KeyType::Ed25519}) {
      auto key = dkim::SigningKey::generate(type);
      ASSERT_TRUE(key) << key.error();
      keys.push_back(std::make_shared<const dkim::SigningKey>(*key));
    }
  }

  void SetUp() override {
    for (int i = 1; i <= 51; ++i) publish(i);
  }

  static std::string domain_of(int hop) { return "hop" + std::to_string(hop) + ".example"; }
  const dkim::SigningKey& key_of(int hop) const { return *keys[static_cast<std::size_t>(hop % 2)]; }
  void publish(int hop) {
    const std::string record = key_of(hop).record();
    const std::size_t first = std::min<std::size_t>(record.size(), 200);
    resolver.txt("s._domainkey." + domain_of(hop), {{record.substr(0, first), record.substr(first)}}, hop != 2);
  }

  static std::shared_ptr<dkim::MessagePass> pass_of(std::string_view message) {
    auto pass = std::make_shared<dkim::MessagePass>();
    pass->want(dkim::Canonicalization::Relaxed);
    pass->feed(message);
    pass->finish();
    return pass;
  }

  ChainVerdict judge(const std::string& message, WallTime at = kNow) {
    const Offload here = [](std::function<void()> work) -> Awaitable<void> {
      work();
      co_return;
    };
    resolver.asked.clear();
    return tests::run_coroutine(verify(pass_of(message), resolver, here, at, Deadline::in(Seconds(5))));
  }

  SealSettings settings_of(int hop) const {
    return {.domain = *Domain::parse(domain_of(hop)),
            .selector = "s",
            .key = keys[static_cast<std::size_t>(hop % 2)],
            .headers = {},
            .time = kNow};
  }

  std::expected<SealedSet, SealError> seal_at(int hop, const std::string& message) {
    return seal(*pass_of(message), judge(message), domain_of(hop) + "; spf=pass", settings_of(hop));
  }

  std::string sealed(int hops, std::string message = std::string(kLetter)) {
    for (int hop = 1; hop <= hops; ++hop) {
      const auto set = seal_at(hop, message);
      EXPECT_TRUE(set) << set.error().what;
      message = set->text() + message;
    }
    return message;
  }

  /// A chain of so many hops, once changed.
  std::string changed(int hops, std::string_view what, std::string_view with) {
    std::string message = sealed(hops);
    const std::size_t at = message.find(what);
    EXPECT_NE(at, message.npos) << what;
    return at == message.npos ? message : message.replace(at, what.size(), with);
  }

  tests::FakeResolver resolver;
  static inline std::vector<std::shared_ptr<const dkim::SigningKey>> keys;
};

// RFC 8617 §5.2 step 1.
TEST_F(ArcChain, a_message_without_any_field_has_no_chain) {
  const auto verdict = judge(std::string(kLetter));
  EXPECT_EQ(verdict.result, Result::None);
  EXPECT_TRUE(verdict.instances.empty());
  EXPECT_TRUE(resolver.asked.empty());
}

// RFC 8617 §5.1.1, RFC 8617 §5.2 steps 4 to 7, with RSA and Ed25519 (RFC 8463) links.
TEST_F(ArcChain, what_is_sealed_here_passes_here_link_by_link) {
  const std::string message = sealed(5);
  const auto verdict = judge(message);
  ASSERT_EQ(verdict.result, Result::Pass) << verdict.reason;
  EXPECT_EQ(verdict.oldest_pass, 0u);
  EXPECT_EQ(verdict.highest, 5u);
  EXPECT_THAT(verdict.sealers(),
              testing::ElementsAre("hop1.example", "hop2.example", "hop3.example", "hop4.example", "hop5.example"));
  for (unsigned i = 0; i < 5; ++i) {
    const auto& instance = verdict.instances[i];
    EXPECT_EQ(instance.instance, i + 1);
    EXPECT_EQ(instance.cv, i == 0 ? ChainValidation::None : ChainValidation::Pass);
    EXPECT_EQ(instance.seal, dkim::Result::Pass);
    EXPECT_EQ(instance.signature, dkim::Result::Pass);
    EXPECT_EQ(instance.key_secure, i + 1 != 2);
    EXPECT_EQ(instance.authentication_results, domain_of(static_cast<int>(i) + 1) + "; spf=pass");
  }
  EXPECT_EQ(resolver.asked.size(), 5u) << "one question for each key";
}

// RFC 8617 §5.2 step 5.
TEST_F(ArcChain, a_change_on_the_way_breaks_older_signatures_and_not_the_chain) {
  std::string message = sealed(2);
  message.replace(message.find("Body."), 5, "A list's footer.");
  const auto set = [&] {
    // The third hop changed the body: it validated the chain before it did.
    const auto before = judge(sealed(2));
    return seal(*pass_of(message), before, "hop3.example; none", settings_of(3));
  }();
  ASSERT_TRUE(set);
  message = set->text() + message;
  const auto verdict = judge(sealed(0, message));
  ASSERT_EQ(verdict.result, Result::Pass) << verdict.reason;
  EXPECT_EQ(verdict.oldest_pass, 3u);
  EXPECT_EQ(verdict.instances[1].signature, dkim::Result::Fail);
  EXPECT_THAT(verdict.instances[1].reason, HasSubstr("the body is not what was signed"));
}

struct Case {
  const char* why;
  int hops;
  std::string_view what, with;
  std::string_view reason;
};

// RFC 8617 §4.1.2, §4.1.3, §4.2.1, §5.2 steps 2 and 3.
TEST_F(ArcChain, a_chain_that_is_not_whole_fails_before_anything_is_asked) {
  const Case table[] = {
      {"a seal is missing", 2, "ARC-Seal:", "X-Seal:", "no ARC-Seal of instance 2"},
      {"results are missing", 2, "ARC-Authentication-Results:", "X:", "no ARC-Authentication-Results of instance 2"},
      {"a message signature is missing", 1, "ARC-Message-Signature:", "X:", "no ARC-Message-Signature of instance 1"},
      {"an instance is left out", 1, "Authentication-Results: i=1;", "Authentication-Results: i=2;", "instance 1"},
      {"instance 0", 1, "Authentication-Results: i=1;", "Authentication-Results: i=0;", "no instance from 1 to 50"},
      {"instance 51", 1, "Authentication-Results: i=1;", "Authentication-Results: i=51;", "no instance from 1 to 50"},
      {"three digits", 1, "Authentication-Results: i=1;", "Authentication-Results: i=001;", "no instance"},
      {"an instance in words", 1, "Authentication-Results: i=1;", "Authentication-Results: i=one;", "no instance"},
      {"a negative instance", 1, "Authentication-Results: i=1;", "Authentication-Results: i=-1;", "no instance"},
      {"I is not i", 1, "Authentication-Results: i=1;", "Authentication-Results: I=1;", "no instance"},
      {"no semicolon", 1, "Authentication-Results: i=1;", "Authentication-Results: i=1", "no instance"},
      {"the instance is not in front", 1, "Results: i=1; hop1.example;", "Results: hop1.example; i=1;", "no instance"},
      {"twice the same", 2, "ARC-Authentication-Results: i=2;", "ARC-Authentication-Results: i=1;", "more than one"},
      {"the seal's instance is empty", 1, "cv=none; d=hop1.example; i=1;", "cv=none; d=hop1.example; i=;",
       "no instance"},
      {"cv=pass at the first", 1, "cv=none", "cv=pass", "says cv=pass where only none may stand"},
      {"cv=none behind it", 2, "cv=pass", "cv=none", "says cv=none where only pass may stand"},
      {"cv=fail on the newest", 2, "cv=pass", "cv=fail", "says that the chain had failed before"},
      {"cv=fail on an older one", 2, "cv=none", "cv=fail", "says cv=fail where only none may stand"},
      {"cv= in upper case", 1, "cv=none", "cv=None", "cv= is not none, pass or fail"},
      {"no cv=", 1, "cv=none; ", "", "it has no cv="},
      {"an empty cv=", 1, "cv=none; ", "cv=; ", "its cv= is empty"},
      {"h= in a seal", 1, "cv=none; ", "cv=none; h=from; ", "it has h="},
      {"an empty h= in a seal", 1, "cv=none; ", "cv=none; h=; ", "it has h="},
      {"an unknown algorithm", 1, "ARC-Seal: a=ed25519-sha256", "ARC-Seal: a=rsa-sha1", "not known here"},
      {"a domain that is none", 1, "cv=none; d=hop1.example", "cv=none; d=***", "its d= is no domain name"},
      {"a time that is none", 1, "t=1700000000\r\nARC-Mess", "t=1x\r\nARC-Mess", "its t= is no number"},
      {"two tags of a name", 1, "cv=none; ", "cv=none; cv=none; ", "no instance"},
  };
  for (const Case& row : table) {
    const auto message = changed(row.hops, row.what, row.with);
    const auto verdict = judge(message);
    EXPECT_EQ(verdict.result, Result::Fail) << row.why;
    EXPECT_THAT(verdict.reason, HasSubstr(std::string(row.reason))) << row.why;
    EXPECT_TRUE(resolver.asked.empty()) << row.why;
    EXPECT_FALSE(verdict.temporary) << row.why;
  }
}

// RFC 8617 §5.2 steps 4 and 6; §4.1.2.
TEST_F(ArcChain, a_link_that_does_not_hold_breaks_it) {
  const Case table[] = {
      {"the body changed", 2, "Body.", "Other.", "instance 2, ARC-Message-Signature: the body is not what was signed"},
      {"a signed field changed", 2, "Subject: one", "Subject: two", "instance 2, ARC-Message-Signature: "},
      {"a From was put in front", 1, "Subject: one", "From: x@y.example\r\nSubject: one", "instance 1, ARC-Message"},
      {"older results changed", 2, "i=1; hop1.example; spf=pass", "i=1; hop1.example; spf=fail",
       "instance 2, ARC-Seal"},
      {"newest results changed", 2, "i=2; hop2.example; spf=pass", "i=2; hop2.example; spf=fail", "ARC-Seal"},
      {"an older seal changed", 2, "cv=none; ", "cv=none; y=z; ", "ARC-Seal"},
  };
  for (const Case& row : table) {
    const auto verdict = judge(changed(row.hops, row.what, row.with));
    EXPECT_EQ(verdict.result, Result::Fail) << row.why;
    EXPECT_THAT(verdict.reason, HasSubstr(std::string(row.reason))) << row.why;
  }
  // A broken seal somewhere is enough, whichever.
  const auto verdict = judge(changed(3, "i=1; hop1.example; spf=pass", "i=1; hop1.example; spf=fail"));
  EXPECT_EQ(verdict.instances[0].seal, dkim::Result::Fail);
  EXPECT_EQ(verdict.instances[2].seal, dkim::Result::Fail);
  EXPECT_EQ(verdict.instances[2].signature, dkim::Result::Pass);
}

// A24: a chain copied onto another message asks for one key, not for fifty.
TEST_F(ArcChain, a_pasted_chain_is_found_out_by_its_newest_signature) {
  const auto verdict = judge(changed(5, "Body.", "Spam."));
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_TRUE(resolver.asked.empty()) << "the body hash needs no key";
  EXPECT_EQ(judge(changed(5, "Subject: one", "Subject: two")).result, Result::Fail);
  EXPECT_EQ(resolver.asked.size(), 1u);
}

// RFC 6376 §8.15, RFC 8617 §5.2 step 4.
TEST_F(ArcChain, A25_a_field_put_in_front_of_a_sealed_one_breaks_the_chain) {
  for (const std::string added : {"Subject: You have won\r\n", "From: mallory@example.com\r\n"}) {
    auto settings = settings_of(1);
    settings.headers = {"from", "subject"};
    const std::string letter(kLetter);
    const auto set = seal(*pass_of(letter), judge(letter), domain_of(1) + "; spf=pass", settings);
    ASSERT_TRUE(set) << set.error().what;
    EXPECT_EQ(judge(set->text() + letter).result, Result::Pass);
    const auto verdict = judge(added + set->text() + letter);
    EXPECT_EQ(verdict.result, Result::Fail) << added;
    ASSERT_EQ(verdict.instances.size(), 1u);
    EXPECT_EQ(verdict.instances[0].signature, dkim::Result::Policy);
    EXPECT_THAT(verdict.reason, HasSubstr("further"));
    const auto next = seal_at(2, added + set->text() + letter);
    ASSERT_FALSE(next) << "cv=fail is for ever, and other receivers may not mind";
    EXPECT_EQ(next.error().code, SealErrorCode::Doubtful);
  }
}

// RFC 6376 §8.15.
TEST_F(ArcChain, nothing_is_sealed_that_would_not_pass_here) {
  const std::string twice = "Subject: two\r\n" + std::string(kLetter);
  auto settings = settings_of(1);
  settings.headers = {"from", "subject"};
  const auto set = seal(*pass_of(twice), {}, "x; none", settings);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, SealErrorCode::BadSetting);
  EXPECT_THAT(set.error().what, HasSubstr("more Subject fields"));
  settings.headers = {"from", "subject", "subject"};
  EXPECT_EQ(judge(seal(*pass_of(twice), {}, "x; none", settings)->text() + twice).result, Result::Pass);
  EXPECT_EQ(judge(sealed(1, twice)).result, Result::Pass);

  const auto folded = seal_at(1, " x\r\n" + std::string(kLetter));
  ASSERT_FALSE(folded) << "the first line would go on with the seal";
  EXPECT_EQ(folded.error().code, SealErrorCode::BeginsFolded);
}

TEST_F(ArcChain, A25_what_a_letter_does_not_have_is_sealed_as_absent) {
  const std::string message = sealed(1);
  ASSERT_EQ(judge(message).result, Result::Pass);
  for (const char* added : {"Reply-To: mallory@example.com", "To: x@example.com", "Cc: x@example.com", "Date: x",
                            "Content-Type: text/html", "Content-Transfer-Encoding: base64", "MIME-Version: 1.0"}) {
    EXPECT_EQ(judge(std::string(added) + "\r\n" + message).result, Result::Fail) << added;
  }
  EXPECT_EQ(judge("Received: x\r\nList-Id: <x.example>\r\n" + message).result, Result::Pass);
}

// RFC 8617 §4.1.2 MUST NOT.
TEST_F(ArcChain, a_message_signature_over_seals_is_none) {
  const auto verdict = judge(changed(1, "h=from:", "h=arc-seal:from:"));
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_THAT(verdict.reason, HasSubstr("it signs ARC-Seal"));
}

// RFC 8617 §5.2.1: fail; and said apart.
TEST_F(ArcChain, a_silent_dns_fails_the_chain_and_says_that_it_may_be_asked_again) {
  const std::string message = sealed(3);
  resolver.state("s._domainkey.hop3.example", dns::RecordType::TXT, dns::AnswerState::Failed);
  auto verdict = judge(message);
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_TRUE(verdict.temporary);
  publish(3);
  resolver.state("s._domainkey.hop1.example", dns::RecordType::TXT, dns::AnswerState::Bogus);
  verdict = judge(message);
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_TRUE(verdict.temporary) << "bogus is unknown, not absent";
  EXPECT_THAT(verdict.reason, StartsWith("instance 1, ARC-Seal: "));
  // Something that no DNS can mend beside it: final.
  resolver.state("s._domainkey.hop2.example", dns::RecordType::TXT, dns::AnswerState::NxDomain);
  verdict = judge(message);
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_FALSE(verdict.temporary);
  EXPECT_THAT(verdict.reason, StartsWith("instance 2, ARC-Seal: "));
  EXPECT_EQ(seal(*pass_of(message), verdict, "x; none", settings_of(4))->cv, ChainValidation::Fail);
}

// A24: i=1..60; RFC 8617 §4.2.1.
TEST_F(ArcChain, fifty_links_are_read_and_fifty_one_are_not) {
  std::string message = sealed(50);
  auto verdict = judge(message);
  ASSERT_EQ(verdict.result, Result::Pass) << verdict.reason;
  EXPECT_EQ(verdict.instances.size(), 50u);
  const auto set = seal(*pass_of(message), verdict, "x; none", settings_of(51));
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, SealErrorCode::TooManySets);
  std::string bomb(kLetter);
  for (int i = 60; i > 0; --i) {
    for (const std::string name : {"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"}) {
      bomb = name + ": i=" + std::to_string(i) + "; a=b\r\n" + bomb;
    }
  }
  verdict = judge(bomb);
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_THAT(verdict.reason, HasSubstr("more than 50"));
  EXPECT_TRUE(resolver.asked.empty());
}

// A24.
TEST_F(ArcChain, a_header_over_the_limit_proves_nothing) {
  auto pass = std::make_shared<dkim::MessagePass>(message::HeaderLimits{.octets = 100'000, .fields = 2});
  pass->feed(sealed(1));
  pass->finish();
  const Offload here = [](std::function<void()> work) -> Awaitable<void> {
    work();
    co_return;
  };
  const auto verdict = tests::run_coroutine(verify(pass, resolver, here, kNow, Deadline::in(Seconds(5))));
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_EQ(seal(*pass, verdict, "x; none", settings_of(1)).error().code, SealErrorCode::HeaderTooLarge);

  // Where no field of a chain has been seen, nothing is said of one.
  auto plain = std::make_shared<dkim::MessagePass>(message::HeaderLimits{.octets = 120, .fields = 10});
  plain->feed(kLetter);
  plain->finish();
  const auto none = tests::run_coroutine(verify(plain, resolver, here, kNow, Deadline::in(Seconds(5))));
  EXPECT_EQ(none.result, Result::None);
  EXPECT_THAT(none.reason, HasSubstr("larger"));
}

// RFC 8617 §5.1.2.
TEST_F(ArcChain, a_broken_chain_is_marked_once_and_then_left_alone) {
  std::string message = changed(2, "i=1; hop1.example; spf=pass", "i=1; hop1.example; spf=fail");
  const auto set = seal_at(3, message);
  ASSERT_TRUE(set) << set.error().what;
  EXPECT_EQ(set->cv, ChainValidation::Fail);
  EXPECT_EQ(set->instance, 3u);
  message = set->text() + message;
  const auto verdict = judge(message);
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_TRUE(verdict.newest_failed);
  EXPECT_TRUE(resolver.asked.empty()) << "step 2 stops";
  const auto next = seal_at(4, message);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, SealErrorCode::ChainEnded);
}

// RFC 8617 §5.1.2 MUST: over its own set alone, so that it verifies whatever stands below.
TEST_F(ArcChain, the_seal_on_a_broken_chain_covers_its_own_set_only) {
  const std::string broken = changed(1, "cv=none", "cv=pass");
  const auto set = seal_at(2, broken);
  ASSERT_TRUE(set);
  // The same set with its cv and instance as if it were the first: what it covers is the set alone.
  const auto alone = judge(set->text() + std::string(kLetter));
  EXPECT_TRUE(alone.newest_failed);
  const auto fields = set->text();
  const auto again = seal(*pass_of(broken), judge(broken), "hop2.example; spf=pass", settings_of(2));
  EXPECT_EQ(again->seal, set->seal) << "RSA and Ed25519 are deterministic";
  const auto other = seal_at(2, changed(1, "cv=none", "cv=pass; y=z"));
  EXPECT_EQ(other->seal, set->seal) << "what stands below is not under it";
}

// RFC 6376 §5.4, RFC 8617 §4.1.2.
TEST_F(ArcChain, a_list_of_fields_has_from_and_no_seal) {
  const auto with = [&](std::vector<std::string> headers) {
    auto settings = settings_of(1);
    settings.headers = std::move(headers);
    return seal(*pass_of(kLetter), {}, "x; none", settings);
  };
  EXPECT_EQ(with({"Subject"}).error().code, SealErrorCode::BadSetting);
  for (const char* name : {"ARC-Seal", "arc-message-signature", "ARC-Authentication-Results", "authentication-results"})
    EXPECT_EQ(with({"From", name}).error().code, SealErrorCode::BadSetting) << name;
  EXPECT_EQ(with({"From", "a:b"}).error().code, SealErrorCode::BadSetting);
  EXPECT_EQ(with({"From", ""}).error().code, SealErrorCode::BadSetting);
  const auto set = with({"Subject", "FROM", "X-Absent"});
  ASSERT_TRUE(set);
  EXPECT_THAT(set->message_signature, HasSubstr("h=subject:from:x-absent;"));
  EXPECT_EQ(judge(set->text() + std::string(kLetter)).result, Result::Pass);
  // RFC 8617 §4.1.2 SHOULD.
  EXPECT_THAT(with({})->message_signature, HasSubstr(":dkim-signature"));
}

TEST_F(ArcChain, no_line_but_the_signatures_passes_78_columns_and_the_tags_are_in_order) {
  auto settings = settings_of(2);
  settings.headers = {"from",
                      "to",
                      "cc",
                      "subject",
                      "date",
                      "message-id",
                      "mime-version",
                      "content-type",
                      "x-something-long-enough",
                      "x-something-longer-than-that",
                      "reply-to",
                      "sender"};
  const auto set = seal(*pass_of(kLetter), {}, "x; none", settings);
  ASSERT_TRUE(set);
  std::string text = set->text();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find("\r\n", begin);
    const std::string line = text.substr(begin, end - begin);
    EXPECT_LE(line.size(), line.starts_with("  b=") ? 998u : 78u) << line;
    begin = end + 2;
  }
  EXPECT_THAT(set->seal, StartsWith("ARC-Seal: a=rsa-sha256;\r\n  b="));
  EXPECT_THAT(set->seal, testing::EndsWith(";\r\n  cv=none; d=hop2.example; i=1; s=s; t=1700000000\r\n"));
  EXPECT_EQ(judge(text + std::string(kLetter)).result, Result::Pass);
}

// RFC 8617 §4.2.1, §4.1.1.
TEST_F(ArcChain, two_digits_may_be_written_for_one) {
  const auto results = parse_results(message::HeaderField("ARC-Authentication-Results: (c) i = 01 (c) ; a; none\r\n"));
  ASSERT_TRUE(results);
  EXPECT_EQ(results->instance, 1u);
  EXPECT_EQ(results->payload, "a; none");
  EXPECT_EQ(parse_instance("50"), 50u);
  for (const auto bad : {"", "0", "00", "51", "99", "1 ", " 1", "+1", "1.", "\xd9\xa1"})
    EXPECT_FALSE(parse_instance(bad)) << bad;
}

/// A set of the first hop whose message signature has these tags, and b= at its end.
std::string hand_made(const dkim::SigningKey& key, const std::string& tags, const std::string& selector = "s") {
  const auto base64 = [](std::string_view octets) {
    return to_base64({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
  };
  auto pass = std::make_shared<dkim::MessagePass>();
  pass->want(dkim::Canonicalization::Relaxed);
  pass->feed(kLetter);
  pass->finish();
  constexpr auto kRelaxed = dkim::Canonicalization::Relaxed;
  const std::string results = "ARC-Authentication-Results: i=1; x; none\r\n";
  std::string signature = "ARC-Message-Signature: a=ed25519-sha256; bh=" + to_base64(*pass->body_hash(kRelaxed)) +
                          "; d=hop1.example; i=1; s=s; " + tags + " b=";
  const message::HeaderField open_signature(signature + "\r\n");
  signature += base64(*key.sign(dkim::sha256(
                   dkim::signed_text(*pass, {}, kRelaxed, open_signature, signature.size(), signature.size())))) +
               "\r\n";
  std::string sealed = "ARC-Seal: a=ed25519-sha256; cv=none; d=hop1.example; i=1; s=" + selector + "; b=";
  std::string text;
  dkim::append_field(text, kRelaxed, message::HeaderField(results));
  dkim::append_field(text, kRelaxed, message::HeaderField(signature));
  dkim::append_signature_field(text, kRelaxed, message::HeaderField(sealed + "\r\n"), sealed.size(), sealed.size());
  sealed += base64(*key.sign(dkim::sha256(text))) + "\r\n";
  return sealed + signature + results + std::string(kLetter);
}

// DEVIATION of protocol/dkim, for the published suite: h= that names nothing, and c= left out, which is then relaxed.
TEST_F(ArcChain, what_others_leave_out_is_read_as_they_read_it) {
  for (const std::string tags : {"c=relaxed/relaxed; h=;", "c=relaxed/relaxed; h=::;", "h=;"}) {
    const auto verdict = judge(hand_made(key_of(1), tags));
    EXPECT_EQ(verdict.result, Result::Pass) << tags << ": " << verdict.reason;
  }
  EXPECT_EQ(judge(hand_made(key_of(1), "c=simple/simple; h=;")).result, Result::Fail);
  EXPECT_EQ(judge(hand_made(key_of(1), "c=relaxed/relaxed;")).result, Result::Fail) << "h= must be there";
}

// RFC 8617 §4.1.4.
TEST_F(ArcChain, a_selector_may_be_written_in_u_labels) {
  resolver.txt("xn--mnchen-3ya._domainkey.hop1.example", {{key_of(1).record()}});
  const auto verdict = judge(hand_made(key_of(1), "c=relaxed/relaxed; h=;", "m\u00fcnchen"));
  EXPECT_EQ(verdict.result, Result::Pass) << verdict.reason;
}

// RFC 6376 §3.5 x=: RFC 8617 §4.1.2 takes it over.
TEST_F(ArcChain, a_message_signature_may_end) {
  const auto message = hand_made(key_of(1), "h=; t=1600000000; x=1700000000;");
  EXPECT_EQ(judge(message, kNow).result, Result::Pass);
  const auto verdict = judge(message, kNow + Seconds(1));
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_THAT(verdict.reason, HasSubstr("it has expired"));
}

// DEVIATION of protocol/dkim: line ends that an editor left in a zone.
TEST_F(ArcChain, a_key_record_may_have_line_ends) {
  const std::string message = sealed(1);
  std::string record = key_of(1).record();
  record.insert(record.size() - 20, "\n");
  resolver.txt("s._domainkey.hop1.example", {{record + "\r\n"}});
  EXPECT_EQ(judge(message).result, Result::Pass);
}

}  // namespace
}  // namespace postseal::arc
