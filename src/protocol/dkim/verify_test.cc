// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "protocol/dkim/stage_test.h"

namespace postseal::dkim {
namespace {

using namespace stage;
using testing::HasSubstr;

/// With both keys of example.org in DNS.
struct World {
  tests::FakeResolver resolver;
  World() { publish(resolver, {ed25519_key().record()}); }
  SignatureVerdict one(std::string_view message, WallTime now = kNow) {
    const auto verdicts = verify_text(message, resolver, now);
    EXPECT_EQ(verdicts.size(), 1u);
    return verdicts.empty() ? SignatureVerdict{} : verdicts.front();
  }
};

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

TEST(DkimVerify, a_message_without_signature_has_no_verdict) {
  World world;
  EXPECT_TRUE(verify_text(letter(), world.resolver).empty());
  EXPECT_TRUE(world.resolver.asked.empty());
}

TEST(DkimVerify, a_signature_holds_under_every_canonicalization) {
  for (const char* c : {"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed", "relaxed", "simple"}) {
    World world;
    const auto verdict = world.one(HandSigned().set("c", c).whole());
    EXPECT_EQ(verdict.result, Result::Pass) << c << ": " << verdict.reason;
    EXPECT_EQ(verdict.domain, "example.org");
    EXPECT_EQ(verdict.selector, "s");
    EXPECT_EQ(verdict.identity, "@example.org");
    EXPECT_EQ(verdict.algorithm, "ed25519-sha256");
    EXPECT_EQ(verdict.b_prefix.size(), 8u);
    EXPECT_TRUE(verdict.key_secure);
    EXPECT_EQ(verdict.unsigned_octets, std::nullopt);
  }
}

// Every rule on the way in, one row each: what is changed in the tags, and what comes of it.
TEST(DkimVerify, each_rule_about_tags_has_its_result) {
  const struct {
    const char* claim;
    std::vector<std::pair<std::string, std::string>> set;
    std::vector<std::string> drop;
    Result result;
    const char* reason;
  } cases[] = {
      {"all is well", {}, {}, Result::Pass, ""},
      {"no version", {}, {"v"}, Result::PermError, "no v="},
      {"another version", {{"v", "2"}}, {}, Result::PermError, "v= is not 1"},
      {"a version that only begins right", {{"v", "1.0"}}, {}, Result::PermError, "v= is not 1"},
      {"no algorithm", {}, {"a"}, Result::PermError, "no a="},
      {"A25 rsa-sha1", {{"a", "rsa-sha1"}}, {}, Result::PermError, "rsa-sha1"},
      {"A25 RSA-SHA1 in capitals", {{"a", "RSA-SHA1"}}, {}, Result::PermError, "rsa-sha1"},
      {"an unknown algorithm is passed over", {{"a", "dilithium-shake"}}, {}, Result::Neutral, "not known"},
      {"A25 another algorithm than the key's", {{"a", "rsa-sha256"}}, {}, Result::PermError, "the key is ed25519"},
      {"no domain", {}, {"d"}, Result::PermError, "no d="},
      {"an impossible domain", {{"d", "exa mple.org"}}, {}, Result::PermError, "d= is no"},
      {"no selector", {}, {"s"}, Result::PermError, "no s="},
      {"no list of fields", {}, {"h"}, Result::PermError, "no h="},
      {"From is not signed", {{"h", "to:subject:date"}}, {}, Result::PermError, "From is not signed"},
      {"a list with a hole", {{"h", "from::to"}}, {}, Result::PermError, "h= is no list"},
      {"unknown canonicalization", {{"c", "nofws/simple"}}, {}, Result::PermError, "c="},
      {"identity below the domain", {{"i", "a@news.example.org"}}, {}, Result::Pass, ""},
      {"identity in the domain, quoted", {{"i", "=61@example.org"}}, {}, Result::Pass, ""},
      {"identity elsewhere", {{"i", "a@example.com"}}, {}, Result::PermError, "i= is not in"},
      {"identity in a domain that only ends alike", {{"i", "a@badexample.org"}}, {}, Result::PermError, "i= is not in"},
      {"identity in the parent", {{"i", "a@org"}}, {}, Result::PermError, "i= is not in"},
      {"identity without @", {{"i", "example.org"}}, {}, Result::PermError, "i= is no address"},
      {"the only known way to the key", {{"q", "x/y : dns/txt"}}, {}, Result::Pass, ""},
      {"no known way to the key", {{"q", "http/well-known"}}, {}, Result::PermError, "q="},
      {"an unknown tag is passed over", {{"zz", "1"}}, {}, Result::Pass, ""},
      {"copied fields are passed over", {{"z", "From:nobody=40example.com|To:x"}}, {}, Result::Pass, ""},
      {"A25 expired", {{"x", "1699999999"}}, {}, Result::PermError, "expired"},
      {"not yet expired", {{"x", "1700000000"}}, {}, Result::Pass, ""},
      {"never expires, in twelve digits", {{"x", "999999999999"}}, {}, Result::Pass, ""},
      {"expires before it is made", {{"t", "1700000100"}, {"x", "1700000050"}}, {}, Result::PermError, "later than t="},
      {"expires when it is made", {{"t", "1700000100"}, {"x", "1700000100"}}, {}, Result::PermError, "later than t="},
      {"a time that is none", {{"t", "-1"}}, {}, Result::PermError, "t= is no number"},
      {"an expiry that is none", {{"x", "1e9"}}, {}, Result::PermError, "x= is no number"},
      {"a hash of another size", {{"bh", "AAAA"}}, {}, Result::PermError, "bh="},
      {"a hash that is no base64", {{"bh", "?"}}, {}, Result::PermError, "bh="},
      {"a hash of another body", {{"bh", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}}, {}, Result::Fail, "body"},
      {"l= within the body", {{"l", "5"}}, {}, Result::Pass, "not signed"},
      {"l= beyond the body", {{"l", "1000"}}, {}, Result::PermError, "larger than the body"},
      {"l= beyond all numbers", {{"l", "99999999999999999999999999"}}, {}, Result::PermError, "larger than the body"},
      {"l= that is no number", {{"l", "0x5"}}, {}, Result::PermError, "l= is no number"},
  };
  for (const auto& row : cases) {
    World world;
    HandSigned signature;
    for (const auto& [name, value] : row.set) signature.set(name, value);
    for (const auto& name : row.drop) signature.drop(name);
    const auto verdict = world.one(signature.whole());
    EXPECT_EQ(verdict.result, row.result) << row.claim << ": " << to_string(verdict.result) << " " << verdict.reason;
    EXPECT_THAT(verdict.reason, HasSubstr(row.reason)) << row.claim;
    EXPECT_EQ(verdict.reason.empty(), std::string_view(row.reason).empty()) << row.claim;
  }
}

TEST(DkimVerify, an_empty_or_missing_value_of_a_required_tag_is_permanent) {
  World world;
  const std::string good = HandSigned().whole();
  const std::size_t b = good.find(" b=");
  const std::size_t end = good.find("\r\n", b);
  EXPECT_THAT(world.one(good.substr(0, b) + " b=" + good.substr(end)).reason, HasSubstr("empty b="));
  EXPECT_THAT(world.one(good.substr(0, b) + good.substr(end)).reason, HasSubstr("no b="));
  EXPECT_THAT(world.one(good.substr(0, b) + " b=!" + good.substr(end)).reason, HasSubstr("b= is no base64"));
  EXPECT_THAT(world.one(replaced(good, " v=1;", " v=1; v=1;")).reason, HasSubstr("twice"));
}

TEST(DkimVerify, a_change_is_found_wherever_it_is) {
  const std::string good = HandSigned().whole();
  const struct {
    const char* claim;
    const char* what;
    const char* with;
    Result result;
  } cases[] = {
      {"another word in the body", "Dear", "Deal", Result::Fail},
      {"a line more in the body", "Alice\r\n", "Alice\r\nPS\r\n", Result::Fail},
      {"another subject", "A  test", "B  test", Result::Fail},
      {"a field fewer", "To: bob@example.net\r\n", "", Result::Fail},
      {"another domain's signature with our key", "d=example.org", "d=example.com", Result::PermError},
      {"another tag", " v=1;", " v=1; n=x;", Result::Fail},
      {"blanks where relaxed allows them", "A  test", "A \t test  ", Result::Pass},
      {"a fold where relaxed allows it", "A  test", "A\r\n test", Result::Pass},
      {"another case of a name", "Subject:", "suBject :", Result::Pass},
      {"blanks in the body where relaxed allows them", "this is \t it. ", "this  is it.", Result::Pass},
      {"empty lines at the end", "Alice\r\n", "Alice\r\n\r\n \r\n\t\r\n", Result::Pass},
      {"a field that is not signed", "Message-ID: <1@", "Message-ID: <2@", Result::Pass},
  };
  for (const auto& row : cases) {
    World world;
    publish(world.resolver, {ed25519_key().record()});
    const std::size_t body = good.find("From: Alice");
    const bool in_signature = good.find(row.what) < body;
    const std::string changed = in_signature ? replaced(good, row.what, row.with)
                                             : good.substr(0, body) + replaced(good.substr(body), row.what, row.with);
    const auto verdict = world.one(changed);
    EXPECT_EQ(verdict.result, row.result) << row.claim << ": " << to_string(verdict.result) << " " << verdict.reason;
  }
}

TEST(DkimVerify, simple_canonicalization_forgives_nothing_but_empty_lines_at_the_end) {
  const std::string good = HandSigned().set("c", "simple/simple").whole();
  World world;
  EXPECT_EQ(world.one(good + "\r\n\r\n").result, Result::Pass);
  EXPECT_EQ(world.one(replaced(good, "A  test", "A test")).result, Result::Fail);
  EXPECT_EQ(world.one(replaced(good, "To: bob", "to: bob")).result, Result::Fail);
  EXPECT_EQ(world.one(replaced(good, "it. \r\n", "it.\r\n")).result, Result::Fail);
}

TEST(DkimVerify, blanks_and_folds_within_the_signature_are_as_they_were_signed) {
  // The value of b= is left out with the blanks around it, in whatever way it is folded afterwards.
  for (const char* c : {"simple/simple", "relaxed/relaxed"}) {
    std::string good = HandSigned().set("c", c).whole();
    const std::size_t b = good.find(" b=") + 3;
    good.insert(b + 20, "\r\n\t  ");
    good.insert(b, "\r\n ");
    World world;
    EXPECT_EQ(world.one(good).result, Result::Pass) << c;
  }
}

TEST(DkimVerify, fields_are_taken_from_the_bottom_up) {
  // RFC 6376 §5.4.2.
  const std::string message = "Received: three\r\nReceived: two\r\nReceived: one\r\n" + letter();
  HandSigned signature(message);
  signature.set("h", "from:received:received");
  World world;
  const std::string good = signature.whole();
  EXPECT_EQ(world.one(good).result, Result::Pass);
  EXPECT_EQ(world.one(replaced(good, "three", "drei")).result, Result::Pass);
  EXPECT_EQ(world.one("Received: four\r\n" + good).result, Result::Pass);
  EXPECT_EQ(world.one(replaced(good, "two", "zwei")).result, Result::Fail);
  EXPECT_EQ(world.one(replaced(good, "Received: one\r\n", "")).result, Result::Fail);
  EXPECT_EQ(world.one(replaced(replaced(good, "one", "tmp"), "two", "one")).result, Result::Fail);
}

TEST(DkimVerify, a_field_signed_as_absent_must_stay_absent) {
  // RFC 6376 §5.4: oversigning.
  World world;
  const std::string good = HandSigned().set("h", "from:from:to:subject:date:x-later").whole();
  EXPECT_EQ(world.one(good).result, Result::Pass);
  EXPECT_EQ(world.one("X-Later: now\r\n" + good).result, Result::Fail);
  EXPECT_EQ(world.one("From: mallory@example.com\r\n" + good).result, Result::Fail);
}

TEST(DkimVerify, A25_a_second_field_that_everybody_looks_at_never_passes) {
  World world;
  const std::string good = HandSigned().set("h", "from:to:subject").whole();
  for (const char* added : {"From: mallory@example.com", "from : x", "Subject: You have won", "To: you@example.com"}) {
    const auto verdict = world.one(std::string(added) + "\r\n" + good);
    EXPECT_EQ(verdict.result, Result::Policy) << added << " " << verdict.reason;
    EXPECT_THAT(verdict.reason, HasSubstr("further"));
  }
  // Not signed at all: nobody said anything about it.
  EXPECT_EQ(world.one("Cc: a@example.com\r\nCc: b@example.com\r\n" + good).result, Result::Pass);
  EXPECT_EQ(world.one("Date: x\r\n" + good).result, Result::Pass);
}

// RFC 5322 §3.6, RFC 2045 §3: whatever a message has once.
TEST(DkimVerify, A25_a_second_one_of_any_field_that_is_there_once_never_passes) {
  World world;
  for (const std::string name : {"Reply-To", "Date", "Sender", "Message-ID", "In-Reply-To", "References",
                                 "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Cc", "Bcc"}) {
    // The letter has two of them already.
    const std::string message = name == "Date" || name == "Message-ID" ? letter() : name + ": first\r\n" + letter();
    const std::string good = HandSigned(message).set("h", "from:" + name).whole();
    EXPECT_EQ(world.one(good).result, Result::Pass) << name;
    const auto verdict = world.one(name + ": second\r\n" + good);
    EXPECT_EQ(verdict.result, Result::Policy) << name << " " << verdict.reason;
  }
  const std::string twice = HandSigned("MIME-Version: 1.0\r\n" + letter()).set("h", "from:mime-version").whole();
  EXPECT_EQ(world.one("MIME-Version: 1.0\r\n" + twice).result, Result::Pass);
  // Fields of which a message may have many stay out of it.
  const std::string listed = HandSigned("Received: x\r\n" + letter()).set("h", "from:received").whole();
  EXPECT_EQ(world.one("Received: y\r\n" + listed).result, Result::Pass);
}

TEST(DkimVerify, A25_l_is_obeyed_and_flagged) {
  // The canonical body: "Dear Bob,\r\n this is it.\r\n\r\nAlice\r\n", 35 octets.
  World world;
  const std::string whole = HandSigned().set("l", "34").whole();
  EXPECT_EQ(world.one(whole).result, Result::Pass);
  const std::string part = HandSigned().set("l", "11").whole();
  EXPECT_EQ(world.one(part).result, Result::Pass);
  EXPECT_GT(world.one(part).unsigned_octets, 0u);
  const auto longer = world.one(part + "Send money.\r\n");
  EXPECT_EQ(longer.result, Result::Pass);
  EXPECT_EQ(longer.unsigned_octets, *world.one(part).unsigned_octets + 13);
  EXPECT_THAT(longer.reason, HasSubstr("not signed"));
  EXPECT_EQ(world.one(replaced(part, "Dear", "Deal")).result, Result::Fail);
  const auto nothing = world.one(HandSigned().set("l", "0").whole());
  EXPECT_EQ(nothing.result, Result::Pass);
  EXPECT_GT(nothing.unsigned_octets, 30u);
}

TEST(DkimVerify, keys_that_cannot_be_had_now_are_temporary) {
  // Unknown never becomes no; a bogus answer is never looked at.
  const std::string good = HandSigned().whole();
  for (const auto state : {dns::AnswerState::Bogus, dns::AnswerState::Failed}) {
    World world;
    world.resolver.state("s._domainkey.example.org", dns::RecordType::TXT, state);
    const auto verdict = world.one(good);
    EXPECT_EQ(verdict.result, Result::TempError);
    EXPECT_FALSE(verdict.key_secure);
  }
  for (const auto state : {dns::AnswerState::NoData, dns::AnswerState::NxDomain}) {
    World world;
    world.resolver.state("s._domainkey.example.org", dns::RecordType::TXT, state);
    EXPECT_EQ(world.one(good).result, Result::PermError);
  }
}

TEST(DkimVerify, dnssec_of_the_key_is_told) {
  World world;
  publish(world.resolver, {ed25519_key().record()}, false);
  const auto verdict = world.one(HandSigned().whole());
  EXPECT_EQ(verdict.result, Result::Pass);
  EXPECT_FALSE(verdict.key_secure);
}

TEST(DkimVerify, a_changed_body_needs_no_question_to_dns) {
  World world;
  const auto verdict = world.one(HandSigned().whole() + "PS\r\n");
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_TRUE(world.resolver.asked.empty());
}

TEST(DkimVerify, internationalized_names_are_looked_up_as_a_labels) {
  // RFC 8616 §4.
  World world;
  world.resolver.txt("xn--bcher-kva._domainkey.xn--mller-kva.example", {strings_of(ed25519_key().record())});
  const auto verdict = world.one(HandSigned()
                                     .set("d", "m\xc3\xbcller.example")
                                     .set("s",
                                          "b\xc3\xbc"
                                          "cher")
                                     .set("i", "j\xc3\xb6rg@post.m\xc3\xbcller.example")
                                     .whole());
  EXPECT_EQ(verdict.result, Result::Pass) << verdict.reason;
  EXPECT_EQ(verdict.domain, "xn--mller-kva.example");
}

TEST(DkimVerify, several_signatures_are_judged_in_header_order) {
  World world;
  publish(world.resolver, {ed25519_key().record()});
  world.resolver.txt("r._domainkey.example.org", {strings_of(rsa_key().record())}, false);
  const std::string message = HandSigned(letter(), rsa_key()).set("s", "r").field() +
                              HandSigned().set("v", "3").field() + HandSigned().set("h", "from:dkim-signature").whole();
  const auto verdicts = verify_text(message, world.resolver);
  ASSERT_EQ(verdicts.size(), 3u);
  EXPECT_EQ(verdicts[0].result, Result::Pass) << verdicts[0].reason;
  EXPECT_EQ(verdicts[0].algorithm, "rsa-sha256");
  EXPECT_EQ(verdicts[0].key_bits, 2048u);
  EXPECT_FALSE(verdicts[0].key_secure);
  EXPECT_EQ(verdicts[1].result, Result::PermError);
  // It was signed with a DKIM-Signature as absent, and itself is never picked; but two others came later.
  EXPECT_EQ(verdicts[2].result, Result::Fail);
}

TEST(DkimVerify, a_signature_may_sign_another_signature) {
  World world;
  const std::string inner = HandSigned().whole();
  const std::string outer = HandSigned(inner).set("h", "from:dkim-signature:dkim-signature").whole();
  const auto verdicts = verify_text(outer, world.resolver);
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].result, Result::Pass) << verdicts[0].reason;
  EXPECT_EQ(verdicts[1].result, Result::Pass) << verdicts[1].reason;
}

TEST(DkimVerify, A24_ten_thousand_signatures_cost_what_ten_cost) {
  World world;
  std::string message;
  const std::string field = HandSigned().field();
  const auto pass = std::make_shared<MessagePass>(message::HeaderLimits{.octets = 1u << 26, .fields = 20'000});
  for (int i = 0; i < 10'000; ++i) pass->feed(field);
  pass->feed(letter());
  pass->finish();
  const auto verdicts = tests::run_coroutine(verify(pass, world.resolver, run_here, kNow, Deadline::in(Seconds(5))));
  ASSERT_EQ(verdicts.size(), kMaxVerdicts);
  std::size_t unread = 0;
  for (const auto& verdict : verdicts) unread += verdict.unread;
  EXPECT_EQ(unread, 10'000u - kMaxSignatures);
  EXPECT_EQ(verdicts[kMaxSignatures - 1].result, Result::Pass);
  EXPECT_EQ(verdicts[kMaxSignatures].result, Result::Neutral);
  EXPECT_THAT(verdicts.back().reason, HasSubstr("more than 10"));
  EXPECT_EQ(world.resolver.asked.size(), kMaxSignatures);
}

TEST(DkimVerify, A24_a_header_over_its_limits_never_passes) {
  World world;
  const std::string good = HandSigned().whole();
  const auto pass = pass_of(good, {.octets = 200, .fields = 100});
  const auto verdicts = tests::run_coroutine(verify(pass, world.resolver, run_here, kNow, Deadline::in(Seconds(5))));
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].result, Result::PermError);
  EXPECT_EQ(pass_of(good, {.octets = 100'000, .fields = 3})->header_state(), message::HeaderState::TooManyFields);
}

TEST(DkimVerify, the_arithmetic_goes_where_the_caller_says) {
  World world;
  int jobs = 0;
  const Offload counted = [&jobs](std::function<void()> work) -> Awaitable<void> {
    ++jobs;
    work();
    co_return;
  };
  const std::string message = HandSigned().field() + HandSigned().whole();
  const auto verdicts =
      tests::run_coroutine(verify(pass_of(message), world.resolver, counted, kNow, Deadline::in(Seconds(5))));
  EXPECT_EQ(jobs, 1);
  EXPECT_EQ(verdicts[1].result, Result::Pass);
}

TEST(DkimVerify, the_pieces_a_message_comes_in_do_not_matter) {
  World world;
  for (const char* c : {"simple/simple", "relaxed/relaxed"}) {
    const std::string good = HandSigned().set("c", c).set("l", "20").field() + HandSigned().set("c", c).whole();
    for (std::size_t size = 1; size < 8; ++size) {
      auto pass = std::make_shared<MessagePass>();
      for (std::size_t at = 0; at < good.size(); at += size) pass->feed(std::string_view(good).substr(at, size));
      pass->finish();
      const auto verdicts =
          tests::run_coroutine(verify(pass, world.resolver, run_here, kNow, Deadline::in(Seconds(5))));
      ASSERT_EQ(verdicts.size(), 2u);
      EXPECT_EQ(verdicts[0].result, Result::Pass) << c << size;
      EXPECT_EQ(verdicts[1].result, Result::Pass) << c << size;
    }
  }
}

}  // namespace
}  // namespace postseal::dkim
