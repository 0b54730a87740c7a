// SPDX-License-Identifier: Apache-2.0
#include "protocol/mtasts/record.h"

#include <gtest/gtest.h>

namespace postseal::mtasts {
namespace {

RecordResult parse(std::vector<std::vector<std::string>> records) {
  std::vector<dns::TxtRecord> txt;
  for (auto& strings : records) txt.push_back({std::move(strings)});
  return parse_records(txt);
}

struct Case {
  const char* why;
  std::string text;
  RecordVerdict verdict;
  std::string id = {};
};

class OneRecord : public testing::TestWithParam<Case> {};

TEST_P(OneRecord, is_judged_by_the_grammar) {
  const RecordResult result = parse({{GetParam().text}});
  EXPECT_EQ(result.verdict, GetParam().verdict) << GetParam().why << ": " << result.reason;
  EXPECT_EQ(result.record.id, GetParam().id) << GetParam().why;
  EXPECT_FALSE(result.reason.empty());
}

// S05, S06 and the grammar of RFC 8461 §3.1.
constexpr auto kValid = RecordVerdict::Valid;
constexpr auto kInvalid = RecordVerdict::Invalid;
const std::string kId32(32, 'a');
INSTANTIATE_TEST_SUITE_P(
    S05_S06, OneRecord,
    testing::Values(
        Case{"example of the RFC", "v=STSv1; id=20160831085700Z;", kValid, "20160831085700Z"},
        Case{"no final semicolon", "v=STSv1; id=1", kValid, "1"}, Case{"no blanks", "v=STSv1;id=1;", kValid, "1"},
        Case{"tabs and many blanks", "v=STSv1 \t ; \t id=1 \t;  ", kValid, "1"},
        Case{"blank before the semicolon, erratum 6285", "v=STSv1 ; id=1", kValid, "1"},
        Case{"longest id", "v=STSv1; id=" + kId32, kValid, kId32},
        Case{"id after an extension", "v=STSv1; x-id=9; id=1; foo.bar_1=a:b/c,d\"", kValid, "1"},
        Case{"a second id is ignored", "v=STSv1; id=1; id=2", kValid, "1"},
        Case{"a second version is an extension", "v=STSv1; v=STSv2; id=1", kValid, "1"},
        Case{"no id", "v=STSv1;", kInvalid}, Case{"version alone", "v=STSv1", kInvalid},
        Case{"empty id", "v=STSv1; id=", kInvalid}, Case{"empty id before a field", "v=STSv1; id=; a=b", kInvalid},
        Case{"id of 33", "v=STSv1; id=a" + kId32, kInvalid}, Case{"id with a hyphen", "v=STSv1; id=a-b", kInvalid},
        Case{"id with a dot", "v=STSv1; id=2024.1", kInvalid},
        Case{"id outside ASCII", "v=STSv1; id=\xc3\xa4", kInvalid},
        Case{"a bad first id is not mended by a second", "v=STSv1; id=a-b; id=1", kInvalid},
        Case{"ID in capitals is an extension", "v=STSv1; ID=1", kInvalid},
        Case{"blanks around the equals sign", "v=STSv1; id = 1", kInvalid},
        Case{"blank inside the id", "v=STSv1; id=1 2", kInvalid}, Case{"other version", "v=STSv10; id=1", kInvalid},
        Case{"version 2", "v=STSv2; id=1", kInvalid}, Case{"version in other letters", "V=stsv1; id=1", kInvalid},
        Case{"version not first", "id=1; v=STSv1", kInvalid},
        Case{"blank before the version", " v=STSv1; id=1", kInvalid},
        Case{"text after the version", "v=STSv1 id=1", kInvalid},
        Case{"empty extension value", "v=STSv1; id=1; foo=", kInvalid},
        Case{"field without equals sign", "v=STSv1; id=1; foo", kInvalid},
        Case{"field without name", "v=STSv1; id=1; =foo", kInvalid},
        Case{"two equals signs", "v=STSv1; id=1; foo=a=b", kInvalid},
        Case{"control character in a value", "v=STSv1; id=1; foo=a\x01", kInvalid},
        Case{"name that begins with a hyphen", "v=STSv1; id=1; -a=b", kInvalid},
        Case{"name of 33", "v=STSv1; id=1; a" + kId32 + "=b", kInvalid},
        Case{"name of 32", "v=STSv1; id=1; " + kId32 + "=b", kValid, "1"},
        Case{"two semicolons", "v=STSv1;; id=1", kInvalid},
        Case{"two semicolons at the end", "v=STSv1; id=1;;", kInvalid},
        Case{"blank at the end without semicolon", "v=STSv1; id=1 ", kInvalid},
        Case{"NUL", std::string("v=STSv1; id=1\0", 14), kInvalid},
        Case{"another kind of record", "v=spf1 -all", RecordVerdict::None}, Case{"empty", "", RecordVerdict::None}));

TEST(Records, S01_none_at_all_is_none) { EXPECT_EQ(parse({}).verdict, RecordVerdict::None); }

TEST(Records, S04_two_of_this_version_are_as_none) {
  EXPECT_EQ(parse({{"v=STSv1; id=1"}, {"v=STSv1; id=1"}}).verdict, RecordVerdict::Several);
  EXPECT_EQ(parse({{"v=STSv1; id=1"}, {"v=STSv1 ;"}}).verdict, RecordVerdict::Several) << "a broken one counts too";
}

TEST(Records, S04_others_at_the_name_are_discarded) {
  for (const char* other :
       {"v=spf1 -all", "v=STSv10; id=2", "V=STSv1; id=2", " v=STSv1; id=2", "v=STSv1 is no policy", ""}) {
    EXPECT_EQ(parse({{other}, {"v=STSv1; id=1"}}).record.id, "1") << other;
  }
}

TEST(Records, S07_strings_are_joined_without_blanks) {
  EXPECT_EQ(parse({{"v=ST", "Sv1;", " id=2016", "0831"}}).record.id, "20160831");
  EXPECT_EQ(parse({{"v=STSv1; id=1", "v=STSv1; id=2"}}).verdict, RecordVerdict::Invalid) << "one record, not two";
}

TEST(Records, what_is_shown_to_people_is_printable_and_short) {
  const RecordResult result = parse({{"v=STSv1; \x1b[31m" + std::string(500, 'x')}});
  EXPECT_EQ(result.verdict, RecordVerdict::Invalid);
  EXPECT_LT(result.reason.size(), 120U);
  EXPECT_EQ(result.reason.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace postseal::mtasts
