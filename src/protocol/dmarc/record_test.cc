// SPDX-License-Identifier: Apache-2.0
#include "protocol/dmarc/record.h"

#include <gtest/gtest.h>

namespace postseal::dmarc {
namespace {

using Uris = std::vector<std::string>;

// RFC 9989 §4.7, RFC 9989 §4.8.
TEST(DmarcRecord, the_version_comes_first_and_in_capitals) {
  for (const char* text :
       {"v=DMARC1", "v=DMARC1;", "v = DMARC1 ; p=none", "V=DMARC1;p=none", "v=DMARC1;;;p=none", "v=DMARC1;\tp=none;"}) {
    EXPECT_TRUE(parse_record(text)) << text;
  }
  for (const char* text : {"", "v", "v=", "v=dmarc1; p=none", "v=DMARC2; p=none", "v=DMARC1 p=none", "v=DMARC1p=none",
                           "p=none; v=DMARC1", "; v=DMARC1", " v=DMARC1; p=none", "v=DMARC1,p=none", "v=spf1 -all",
                           "v=DMARC1\x80; p=none", "vv=DMARC1", "DMARC1; p=none"}) {
    EXPECT_FALSE(parse_record(text)) << text;
  }
}

TEST(DmarcRecord, every_tag_has_its_values_and_its_default) {
  const Record none = parse_record("v=DMARC1").value();
  EXPECT_FALSE(none.p || none.sp || none.np);
  EXPECT_TRUE(none.policy_broken);
  EXPECT_EQ(none.adkim, Alignment::Relaxed);
  EXPECT_EQ(none.aspf, Alignment::Relaxed);
  EXPECT_FALSE(none.testing);
  EXPECT_EQ(none.psd, PublicSuffix::Unknown);
  EXPECT_EQ(none.fo, "0");

  const Record all = parse_record(
                         "v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; aspf=s; t=y; psd=n; fo=1:d:s; "
                         "rua=mailto:a@example.org,https://r.example.org/x; ruf=mailto:f@example.org")
                         .value();
  EXPECT_EQ(all.p, Policy::Reject);
  EXPECT_EQ(all.sp, Policy::Quarantine);
  EXPECT_EQ(all.np, Policy::None);
  EXPECT_FALSE(all.policy_broken);
  EXPECT_EQ(all.adkim, Alignment::Strict);
  EXPECT_EQ(all.aspf, Alignment::Strict);
  EXPECT_TRUE(all.testing);
  EXPECT_EQ(all.psd, PublicSuffix::No);
  EXPECT_EQ(all.fo, "1:d:s");
  EXPECT_EQ(all.rua, (Uris{"mailto:a@example.org", "https://r.example.org/x"}));
  EXPECT_EQ(all.ruf, (Uris{"mailto:f@example.org"}));
  EXPECT_EQ(parse_record("v=DMARC1;psd=y").value().psd, PublicSuffix::Yes);
}

// RFC 9989 §4.7, RFC 9989 §4.8.
TEST(DmarcRecord, what_is_wrong_behind_the_version_counts_as_absent) {
  const Record plain = parse_record("v=DMARC1; p=reject").value();
  struct {
    const char* tags;
    const char* why;
  } cases[] = {
      {"P=Reject", "literals have no case"},
      {"p = reject ", "blanks around"},
      {"pct=50; rf=afrf; ri=3600; p=reject", "historic tags"},
      {"unknown=1; p=reject", "unknown tags"},
      {"p=reject; adkim=x; aspf=strict; t=yes; psd=x; fo=2; fo=0", "values that are none"},
      {"p=reject; nonsense; =; x y=z; 1=2", "what is no tag"},
      {"p=reject; p=none", "the second of two"},
      {"p=reject; v=DMARC2", "a second version"},
      {"x=\x80; p=reject", "octets that no value has"},
  };
  for (const auto& [tags, why] : cases) {
    EXPECT_TRUE(parse_record(std::string("v=DMARC1; ") + tags) == plain) << why;
  }
}

TEST(DmarcRecord, a_wrong_policy_is_noted_since_it_may_end_everything) {
  // RFC 9989 §4.10.1.
  for (const char* tags : {"sp=reject", "p=", "p=rejected", "p=reject; sp=x", "p=reject; np=", "p=none none"}) {
    EXPECT_TRUE(parse_record(std::string("v=DMARC1; ") + tags).value().policy_broken) << tags;
  }
  EXPECT_FALSE(parse_record("v=DMARC1; np=reject; p=none").value().policy_broken) << "in any order";
}

TEST(DmarcRecord, addresses_of_reports_are_uris) {
  struct {
    const char* rua;
    Uris uris;
    const char* why;
  } cases[] = {
      {"mailto:a@example.org", {"mailto:a@example.org"}, "one"},
      {"mailto:a@example.org!10m , mailto:b@example.org!5",
       {"mailto:a@example.org", "mailto:b@example.org"},
       "the obsolete size is ignored"},
      {"mailto:a@example.org!, mailto:b@example.org!x", {}, "an exclamation mark that is no size"},
      {"a@example.org", {}, "no scheme"},
      {"mailto:, mailto:a, mailto:@example.org, mailto:a@", {}, "nobody to write to"},
      {"mailto:a@example.org?subject=x", {"mailto:a@example.org?subject=x"}, "with a header"},
      {"1x:y, :y, https:, x y:z", {}, "schemes that are none"},
      {"tel:+1", {"tel:+1"}, "any scheme is syntactically valid"},
      {",,mailto:a@example.org,", {"mailto:a@example.org"}, "empty elements"},
      {"mailto:a b@example.org, mailto:<a@example.org>", {}, "characters that URIs do not have"},
  };
  for (const auto& [rua, uris, why] : cases) {
    EXPECT_EQ(parse_record(std::string("v=DMARC1; rua=") + rua).value().rua, uris) << why;
  }
}

// RFC 9989 §4.5, RFC 9989 §4.10.
TEST(DmarcRecord, one_record_counts_and_several_are_none) {
  const auto select = [](std::vector<std::vector<std::string>> records) {
    std::vector<dns::TxtRecord> text;
    for (auto& strings : records) text.push_back({std::move(strings)});
    return select_record(text);
  };
  EXPECT_FALSE(select({}));
  EXPECT_TRUE(select({{"v=DMARC1; p=none"}}));
  EXPECT_EQ(select({{"v=DMA", "RC1; p=re", "ject"}}).value().p, Policy::Reject) << "§4.5: strings are joined";
  EXPECT_TRUE(select({{"v=spf1 -all"}, {"v=DMARC1; p=none"}, {"v=DMARC2"}})) << "others are discarded";
  EXPECT_FALSE(select({{"v=DMARC1; p=none"}, {"v=DMARC1; p=none"}}));
}

}  // namespace
}  // namespace postseal::dmarc
