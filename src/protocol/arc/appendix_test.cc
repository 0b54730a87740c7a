// SPDX-License-Identifier: Apache-2.0
// The example of RFC 8617 appendix B: a list, a mailbox provider and a private server. Its keys have 512 bits and are
// not in the standard, so the arithmetic of its seals cannot pass anywhere; all that comes before it must.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/arc/verify.h"
#include "protocol/authres/header.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"

namespace postseal::arc {
namespace {

constexpr std::string_view kExample = R"(Return-Path: <jqd@d1.example>
Received: from example.org (example.org [208.69.40.157])
    by gmail.example with ESMTP id d200mr22663000ykb.93.1421363207
    for <fmartin@example.com>; Thu, 14 Jan 2015 15:02:40 -0800 (PST)
Received: from segv.d1.example (segv.d1.example [72.52.75.15])
    by lists.example.org (8.14.5/8.14.5) with ESMTP id t0EKaNU9010123
    for <arc@example.org>; Thu, 14 Jan 2015 15:01:30 -0800 (PST)
    (envelope-from jqd@d1.example)
Received: from [2001:DB8::1A] (w-x-y-z.dsl.static.isp.example [w.x.y.z])
    (authenticated bits=0)
    by segv.d1.example with ESMTP id t0FN4a8O084569;
    Thu, 14 Jan 2015 15:00:01 -0800 (PST)
    (envelope-from jqd@d1.example)
Received: from mail-ob0-f188.google.example
    (mail-ob0-f188.google.example [208.69.40.157]) by
    clochette.example.org with ESMTP id d200mr22663000ykb.93.1421363268
    for <fmartin@example.org>; Thu, 14 Jan 2015 15:03:15 -0800 (PST)
ARC-Seal: i=3; a=rsa-sha256; cv=pass; d=clochette.example.org; s=
        clochette; t=12345; b=CU87XzXlNlk5X/yW4l73UvPUcP9ivwYWxyBWcVrRs7
        +HPx3K05nJhny2fvymbReAmOA9GTH/y+k9kEc59hAKVg==
ARC-Message-Signature: i=3; a=rsa-sha256; c=relaxed/relaxed; d=
        clochette.example.org; h=message-id:date:from:to:subject; s=
        clochette; t=12345; bh=KWSe46TZKCcDbH4klJPo+tjk5LWJnVRlP5pvjXFZY
        LQ=; b=o71vwyLsK+Wm4cOSlirXoRwzEvi0vqIjd/2/GkYFYlSd/GGfKzkAgPqxf
        K7ccBMP7Zjb/mpeggswHjEMS8x5NQ==
ARC-Authentication-Results: i=3; clochette.example.org; spf=fail
    smtp.from=jqd@d1.example; dkim=fail (512-bit key)
    header.i=@d1.example; dmarc=fail; arc=pass (as.2.gmail.example=pass,
    ams.2.gmail.example=pass, as.1.lists.example.org=pass,
    ams.1.lists.example.org=fail (message has been altered))
Authentication-Results: clochette.example.org; spf=fail
    smtp.from=jqd@d1.example; dkim=fail (512-bit key)
    header.i=@d1.example; dmarc=fail; arc=pass (as.2.gmail.example=pass,
    ams.2.gmail.example=pass, as.1.lists.example.org=pass,
    ams.1.lists.example.org=fail (message has been altered))
ARC-Seal: i=2; a=rsa-sha256; cv=pass; d=gmail.example; s=20120806; t=
        12345; b=Zpukh/kJL4Q7Kv391FKwTepgS56dgHIcdhhJZjsalhqkFIQQAJ4T9BE
        8jjLXWpRNuh81yqnT1/jHn086RwezGw==
ARC-Message-Signature: i=2; a=rsa-sha256; c=relaxed/relaxed; d=
        gmail.example; h=message-id:date:from:to:subject; s=20120806; t=
        12345; bh=KWSe46TZKCcDbH4klJPo+tjk5LWJnVRlP5pvjXFZYLQ=; b=CVoG44
        cVZvoSs2mMig2wwqPaJ4OZS5XGMCegWqQs1wvRZJS894tJM0xO1RJLgCPsBOxdA5
        9WSqI9s9DfyKDfWg==
ARC-Authentication-Results: i=2; gmail.example; spf=fail
    smtp.from=jqd@d1.example; dkim=fail (512-bit key)
    header.i=@example.org; dmarc=fail; arc=pass
    (as.1.lists.example.org=pass, ams.1.lists.example.org=pass)
ARC-Seal: i=1; a=rsa-sha256; cv=none; d=lists.example.org; s=dk-lists;
         t=12345; b=TlCCKzgk3TrAa+G77gYYO8Fxk4q/Ml0biqduZJeOYh6+0zhwQ8u/
        lHxLi21pxu347isLSuNtvIagIvAQna9a5A==
ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=
        lists.example.org; h=message-id:date:from:to:subject; s=
        dk-lists; t=12345; bh=KWSe46TZKCcDbH4klJPo+tjk5LWJnVRlP5pvjXFZYL
        Q=; b=DsoD3n3hiwlrN1ma8IZQFgZx8EDO7Wah3hUjIEsYKuShRKYB4LwGUiKD5Y
        yHgcIwGHhSc/4+ewYqHMWDnuFxiQ==
ARC-Authentication-Results: i=1; lists.example.org; spf=pass
    smtp.mfrom=jqd@d1.example; dkim=pass (512-bit key)
    header.i=@d1.example; dmarc=pass
DKIM-Signature: v=1; a=rsa-sha1; c=relaxed/relaxed; d=d1.example; h=
        message-id:date:from:to:subject; s=origin2015; bh=bIxxaeIQvmOBdT
        AitYfSNFgzPP4=; b=qKjd5fYibKXWWIcMKCgRYuo1vJ2fD+IAQPjX+uamXIGY2Q
        0HjQ+Lq3/yHzG3JHJp6780/nKQPOWt2UDJQrJkEA==
Message-ID: <54B84785.1060301@d1.example>
Date: Thu, 14 Jan 2015 15:00:01 -0800
From: John Q Doe <jqd@d1.example>
To: arc@dmarc.example
Subject: [List 2] Example 1

Hey gang,
This is a test message.
--J.
)";

std::shared_ptr<dkim::MessagePass> example() {
  auto pass = std::make_shared<dkim::MessagePass>();
  for (const char c : kExample) {
    if (c == '\n') pass->feed("\r");
    pass->feed({&c, 1});
  }
  pass->finish();
  return pass;
}

// RFC 8617 appendix B, §5.2 steps 1 to 3.
TEST(ArcAppendix, three_sets_are_found_and_are_sound) {
  const auto pass = example();
  const Chain chain = collect(*pass);
  ASSERT_EQ(chain.problem, "");
  ASSERT_EQ(chain.sets.size(), 3u);
  const char* sealers[] = {"lists.example.org", "gmail.example", "clochette.example.org"};
  const char* selectors[] = {"dk-lists", "20120806", "clochette"};
  for (std::size_t i = 0; i < 3; ++i) {
    const ArcSet& set = chain.sets[i];
    EXPECT_EQ(set.seal.domain.ascii(), sealers[i]);
    EXPECT_EQ(set.seal.selector, selectors[i]);
    EXPECT_EQ(set.seal.sealed_at, 12345u);
    EXPECT_EQ(set.seal.cv, i == 0 ? ChainValidation::None : ChainValidation::Pass);
    EXPECT_EQ(set.seal.signature.size(), 64u) << "512 bits";
    // The body was not changed behind the list: one hash stands in all three, and it is right.
    ASSERT_TRUE(set.signature) << set.signature.error().reason;
    EXPECT_EQ(pass->body_hash(dkim::Canonicalization::Relaxed), set.signature->body_hash);
    const auto results = authres::parse(set.payload);
    ASSERT_TRUE(results) << set.payload;
    EXPECT_EQ(results->authserv_id, sealers[i]);
    EXPECT_EQ(results->results.size(), i == 0 ? 3u : 4u);
  }
}

// RFC 8617 §5.2 step 4; RFC 8301 §3.2: 512 bits prove nothing, whoever publishes them.
TEST(ArcAppendix, its_chain_fails_at_the_newest_signature_without_a_key_that_counts) {
  tests::FakeResolver resolver;
  const Offload here = [](std::function<void()> work) -> Awaitable<void> {
    work();
    co_return;
  };
  const auto judge = [&] {
    return tests::run_coroutine(verify(example(), resolver, here, WallTime(Seconds(12345)), Deadline::in(Seconds(5))));
  };
  auto verdict = judge();
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_THAT(verdict.reason, testing::StartsWith("instance 3, ARC-Message-Signature: "));
  EXPECT_FALSE(verdict.temporary);
  resolver.txt(
      "clochette._domainkey.clochette.example.org",
      {{"v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAIHd93BHLNj8cfMkLEgVQCdhuFvtvdJ3ERfWejFxSsgTtwLmx8KU"
        "5FnQZlWfMf6nHkbHfQLIYSfU5PDbWKmGb3cCAwEAAQ=="}});
  verdict = judge();
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_NE(verdict.instances[2].signature, dkim::Result::Pass);
}

}  // namespace
}  // namespace postseal::arc
