// SPDX-License-Identifier: Apache-2.0
#include "protocol/dane/tlsa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace postseal::dane {
namespace {

using testing::HasSubstr;

bool good(const TlsaRecord&) { return true; }
bool broken(const TlsaRecord&) { return false; }

TlsaRecord record(int usage, int selector, int matching_type, std::size_t size, std::uint8_t first = 1) {
  Bytes data(size, 7);
  if (!data.empty()) data[0] = first;
  return {static_cast<std::uint8_t>(usage), static_cast<std::uint8_t>(selector),
          static_cast<std::uint8_t>(matching_type), std::move(data)};
}

TEST(SelectUsable, says_of_each_record_why_it_cannot_be_used_D11_D12) {
  struct Row {
    TlsaRecord record;
    std::optional<Unusable> why;
    FullDataCheck check = good;
  };
  const Row rows[] = {
      {record(3, 1, 1, 32), {}},
      {record(3, 1, 2, 64), {}},
      {record(3, 0, 1, 32), {}},
      {record(3, 0, 0, 500), {}},
      {record(3, 1, 0, 91), {}},
      {record(2, 0, 1, 32), {}},
      {record(2, 1, 2, 64), {}},
      {record(0, 0, 1, 32), Unusable::PkixUsage},
      {record(1, 1, 1, 32), Unusable::PkixUsage},
      {record(4, 1, 1, 32), Unusable::UnknownUsage},
      {record(255, 1, 1, 32), Unusable::UnknownUsage},
      {record(3, 2, 1, 32), Unusable::UnknownSelector},
      {record(3, 255, 1, 32), Unusable::UnknownSelector},
      {record(3, 1, 3, 32), Unusable::UnknownMatchingType},
      {record(3, 1, 255, 32), Unusable::UnknownMatchingType},
      {record(3, 1, 1, 16), Unusable::DigestLength},
      {record(3, 1, 1, 31), Unusable::DigestLength},
      {record(3, 1, 1, 33), Unusable::DigestLength},
      {record(3, 1, 1, 64), Unusable::DigestLength},
      {record(3, 1, 2, 32), Unusable::DigestLength},
      {record(3, 1, 1, 0), Unusable::DigestLength},
      {record(3, 1, 2, 0), Unusable::DigestLength},
      {record(3, 1, 0, 0), Unusable::Empty},
      {record(2, 0, 0, 0), Unusable::Empty},
      {record(3, 0, 0, 500), Unusable::Unparsable, broken},
      {record(2, 1, 0, 91), Unusable::Unparsable, broken},
      {record(3, 1, 1, 32), {}, broken},
  };
  for (const Row& row : rows) {
    const TlsaSet set = select_usable({row.record}, row.check);
    if (row.why) {
      EXPECT_EQ(set.unusable, (std::vector{UnusableRecord{row.record, *row.why}})) << format_tlsa(row.record);
      EXPECT_TRUE(set.usable.empty()) << format_tlsa(row.record);
    } else {
      EXPECT_EQ(set.usable, std::vector{row.record}) << format_tlsa(row.record);
      EXPECT_TRUE(set.unusable.empty()) << format_tlsa(row.record);
    }
  }
}

TEST(SelectUsable, unusable_records_do_not_spoil_the_others_D10) {
  const TlsaSet set = select_usable({record(1, 1, 1, 32), record(3, 1, 1, 32), record(3, 1, 9, 32)}, good);
  EXPECT_EQ(set.usable, std::vector{record(3, 1, 1, 32)});
  EXPECT_EQ(set.unusable.size(), 2U);
}

TEST(SelectUsable, order_and_duplicates_in_dns_do_not_count) {
  std::vector<TlsaRecord> records = {record(2, 0, 1, 32), record(3, 1, 1, 32), record(3, 1, 1, 32),
                                     record(3, 0, 2, 64)};
  const TlsaSet set = select_usable(records, good);
  EXPECT_EQ(set.usable.size(), 3U);
  EXPECT_EQ(set.dropped, 0U);
  std::reverse(records.begin(), records.end());
  EXPECT_EQ(select_usable(records, good), set);
}

TEST(SelectUsable, keeps_a_bounded_number_and_counts_the_rest_D50) {
  std::vector<TlsaRecord> records;
  for (int at = 0; at < 150; ++at) records.push_back(record(3, 1, 1, 32, static_cast<std::uint8_t>(at)));
  const TlsaSet set = select_usable(records, good);
  EXPECT_EQ(set.usable.size(), kMaxRecords);
  EXPECT_EQ(set.dropped, 50U);
}

TEST(SelectUsable, a_flood_of_full_certificates_does_not_push_out_a_digest_of_the_servers_key_D50) {
  std::vector<TlsaRecord> records;
  for (int at = 0; at < 150; ++at) records.push_back(record(2, 0, 0, 400, static_cast<std::uint8_t>(at)));
  records.push_back(record(3, 1, 1, 32));
  const TlsaSet set = select_usable(records, good);
  EXPECT_EQ(set.usable.size(), kMaxRecords);
  EXPECT_THAT(set.usable, testing::Contains(record(3, 1, 1, 32)));
}

TEST(SelectUsable, a_flood_of_unusable_records_never_switches_authentication_off_D50_D10) {
  std::vector<TlsaRecord> records;
  for (int at = 0; at < 250; ++at) records.push_back(record(255, 1, 1, 32, static_cast<std::uint8_t>(at)));
  for (int at = 0; at < 250; ++at) records.push_back(record(3, 1, 200, 32, static_cast<std::uint8_t>(at)));
  records.push_back(record(2, 0, 1, 32));
  const TlsaSet set = select_usable(records, good);
  EXPECT_EQ(set.usable, std::vector{record(2, 0, 1, 32)});
  EXPECT_EQ(set.unusable.size(), kMaxRecords);
  EXPECT_EQ(set.dropped, 400U);
}

TEST(TlsaText, is_read_as_zone_files_and_dig_write_it) {
  const TlsaRecord expected = {3, 1, 1, {0x01, 0xab, 0xcd}};
  for (const char* text :
       {"3 1 1 01abcd", "3 1 1 01ABCD", "  3\t1  1 01ab cd ", "3 1 1 01 ab cd\n", "003 01 1 01abcd"}) {
    const auto parsed = parse_tlsa_text(text);
    ASSERT_TRUE(parsed.has_value()) << text << ": " << parsed.error();
    EXPECT_EQ(*parsed, expected) << text;
  }
  EXPECT_EQ(format_tlsa(expected), "3 1 1 01abcd");
}

TEST(TlsaText, numbers_that_nobody_defined_and_empty_data_are_still_records) {
  for (const char* text : {"255 255 255 00", "0 0 1 00", "3 1 9 00", "3 1 0 ", "3 1 1"})
    EXPECT_TRUE(parse_tlsa_text(text).has_value()) << text;
}

TEST(TlsaText, says_what_is_wrong) {
  struct Row {
    const char* text;
    const char* words;
  };
  const Row rows[] = {
      {"", "usage"},
      {"3", "selector"},
      {"3 1", "matching type"},
      {"256 1 1 00", "usage"},
      {"-1 1 1 00", "usage"},
      {"3 x 1 00", "\"x\""},
      {"3 1 1.0 00", "1.0"},
      {"3 1 1 0", "hexadecimal"},
      {"3 1 1 zz", "hexadecimal"},
      {"3 1 1 00;", "hexadecimal"},
      {"+3 1 1 00", "usage"},
      {"0x3 1 1 00", "usage"},
  };
  for (const Row& row : rows) {
    const auto parsed = parse_tlsa_text(row.text);
    ASSERT_FALSE(parsed.has_value()) << row.text;
    EXPECT_THAT(parsed.error(), HasSubstr(row.words)) << row.text;
  }
}

TEST(TlsaName, is_what_people_call_it) {
  EXPECT_EQ(name_of(record(3, 1, 1, 32)), "DANE-EE 3 1 1");
  EXPECT_EQ(name_of(record(2, 0, 2, 64)), "DANE-TA 2 0 2");
  EXPECT_EQ(name_of(record(0, 0, 1, 32)), "PKIX-TA 0 0 1");
  EXPECT_EQ(name_of(record(1, 0, 1, 32)), "PKIX-EE 1 0 1");
  EXPECT_EQ(name_of(record(77, 0, 1, 32)), "TLSA 77 0 1");
}

}  // namespace
}  // namespace postseal::dane
