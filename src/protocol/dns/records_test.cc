// SPDX-License-Identifier: Apache-2.0
#include "protocol/dns/records.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace postseal::dns {
namespace {

RawAnswer raw(std::vector<Bytes> rdata) {
  RawAnswer answer;
  answer.state = AnswerState::Found;
  answer.secure = true;
  answer.question = *Domain::parse_dns("example.org");
  answer.canonical = *Domain::parse_dns("target.example.org");
  answer.ttl = Seconds{60};
  answer.records = std::move(rdata);
  return answer;
}

Bytes bytes(std::string_view text) { return Bytes(text.begin(), text.end()); }
Bytes mx(std::string_view wire_name) {
  Bytes wire{0, 10};
  wire.insert(wire.end(), wire_name.begin(), wire_name.end());
  return wire;
}
using namespace std::string_view_literals;

template <class R>
void expect_malformed(const Answer<R>& answer, const char* reason) {
  EXPECT_EQ(answer.state, AnswerState::Failed) << reason;
  EXPECT_EQ(answer.failure, Failure::Malformed) << reason;
  EXPECT_FALSE(answer.secure) << reason;
  EXPECT_TRUE(answer.records.empty()) << reason;
  EXPECT_FALSE(answer.why.empty()) << reason;
}

TEST(Records, the_worth_of_the_answer_survives_parsing) {
  const auto answer = parse_tlsa(raw({{3, 1, 1, 0xab}}));
  EXPECT_TRUE(answer.found());
  EXPECT_TRUE(answer.secure);
  EXPECT_EQ(answer.question.ascii(), "example.org");
  EXPECT_EQ(answer.canonical.ascii(), "target.example.org");
  EXPECT_EQ(answer.ttl, Seconds{60});
}

TEST(Records, unknown_stays_unknown_whatever_the_type) {
  for (const auto state : {AnswerState::Bogus, AnswerState::Failed, AnswerState::NoData, AnswerState::NxDomain}) {
    RawAnswer answer;
    answer.state = state;
    answer.records = {{1, 2, 3, 4}};  // libunbound shows the data of a bogus answer: it must not be looked at
    EXPECT_EQ(parse_mx(answer).state, state);
    EXPECT_TRUE(parse_mx(answer).records.empty());
    EXPECT_TRUE(parse_addresses(answer).records.empty());
    EXPECT_EQ(parse_addresses(answer).state, state);
    EXPECT_EQ(parse_tlsa(answer).state, state);
    EXPECT_EQ(parse_txt(answer).state, state);
    EXPECT_EQ(parse_cname(answer).state, state);
  }
}

TEST(Records, D08_one_garbled_record_spoils_the_whole_answer) {
  struct Row {
    Bytes rdata;
    const char* reason;
  };
  for (const Row& row : {Row{{}, "no bytes"}, Row{{3}, "one byte"}, Row{{3, 1}, "two bytes"}}) {
    expect_malformed(parse_tlsa(raw({{3, 1, 1, 0xab}, row.rdata})), row.reason);
  }
  for (const Row& row : {Row{{}, "no strings"}, Row{{1}, "length beyond the end"}, Row{{3, 'a', 'b'}, "cut off"},
                         Row{{1, 'a', 2, 'b'}, "second string cut off"}}) {
    expect_malformed(parse_txt(raw({{1, 'x'}, row.rdata})), row.reason);
  }
  for (const Row& row : {Row{{}, "no bytes"}, Row{{1, 2, 3}, "three bytes"}, Row{Bytes(16, 1), "IPv6 among IPv4"},
                         Row{{1, 2, 3, 4, 5}, "five bytes"}}) {
    expect_malformed(parse_addresses(raw({{192, 0, 2, 1}, row.rdata})), row.reason);
    expect_malformed(parse_addresses(raw({row.rdata, {192, 0, 2, 1}})), row.reason);
  }
  for (const Row& row : {Row{{}, "no bytes"}, Row{{0}, "half a preference"}, Row{{0, 10}, "no name"},
                         Row{mx("\2mx"sv), "no root label"}, Row{mx("\2m\0"sv), "label cut off"},
                         Row{mx("\2mx\0x"sv), "bytes after the name"}, Row{mx("\xc0\x0c"sv), "compression pointer"},
                         Row{mx("\x40"
                                "a\0"sv),
                             "label type of no standard"}}) {
    expect_malformed(parse_mx(raw({mx("\2mx\0"sv), row.rdata})), row.reason);
  }
  std::string too_long;
  for (int i = 0; i < 130; ++i) too_long += "\1a";
  expect_malformed(parse_mx(raw({mx(too_long + '\0')})), "name over 255 octets");
  expect_malformed(parse_cname(raw({bytes("\3a b\0"sv)})), "alias to an unprintable name");
  expect_malformed(parse_cname(raw({bytes("\xc0\x00"sv)})), "pointer to itself");
}

TEST(Records, found_without_records_is_not_an_answer) {
  expect_malformed(parse_tlsa(raw({})), "no records");
  expect_malformed(parse_mx(raw({})), "no records");
  expect_malformed(parse_addresses(raw({})), "no records");
}

TEST(Records, mx_records_keep_their_preference_and_order) {
  const auto answer = parse_mx(raw({{1, 0x2c, 2, 'M', 'X', 0}, {0, 5, 1, 'b', 3, 'c', 'o', 'm', 0}}));
  ASSERT_EQ(answer.records.size(), 2u);
  EXPECT_EQ(answer.records[0].preference, 300);
  EXPECT_EQ(answer.records[0].exchange.ascii(), "mx");
  EXPECT_EQ(answer.records[1].exchange.ascii(), "b.com");
}

TEST(Records, D39_null_mx_is_the_root) {
  const auto answer = parse_mx(raw({{0, 0, 0}}));
  ASSERT_EQ(answer.records.size(), 1u);
  EXPECT_TRUE(answer.records[0].exchange.is_root());
}

TEST(Records, an_unprintable_exchange_is_left_out_only_where_others_remain) {
  for (const auto name : {"\2m\0\0"sv, "\3m x\0"sv, "\3m.x\0"sv, "\3m\\x\0"sv, "\2\xc3\xa9\0"sv}) {
    const auto mixed = parse_mx(raw({mx(name), mx("\2mx\0"sv)}));
    ASSERT_EQ(mixed.records.size(), 1u);
    EXPECT_EQ(mixed.records[0].exchange.ascii(), "mx");
    EXPECT_TRUE(mixed.secure);
    expect_malformed(parse_mx(raw({mx(name)})), "nothing remains");
  }
}

TEST(Records, S07_txt_strings_stay_apart_and_join_without_a_blank) {
  const auto answer = parse_txt(raw({{2, 'v', '=', 0, 1, 'x'}}));
  ASSERT_EQ(answer.records.size(), 1u);
  EXPECT_EQ(answer.records[0].strings, (std::vector<std::string>{"v=", "", "x"}));
  EXPECT_EQ(answer.records[0].joined(), "v=x");
}

TEST(Records, D12_tlsa_numbers_are_kept_whatever_they_are_worth) {
  const auto answer = parse_tlsa(raw({{255, 7, 9, 1, 2}, {3, 1, 1}}));
  ASSERT_EQ(answer.records.size(), 2u);
  EXPECT_EQ(answer.records[0], (TlsaRecord{255, 7, 9, {1, 2}}));
  EXPECT_TRUE(answer.records[1].data.empty());
}

TEST(Records, D50_a_thousand_tlsa_records_parse) {
  std::vector<Bytes> rdata(1000, Bytes{3, 1, 1, 0xab});
  EXPECT_EQ(parse_tlsa(raw(std::move(rdata))).records.size(), 1000u);
}

TEST(Records, addresses_of_both_families) {
  const auto v4 = parse_addresses(raw({{192, 0, 2, 1}, {192, 0, 2, 2}}));
  ASSERT_EQ(v4.records.size(), 2u);
  EXPECT_EQ(v4.records[1].to_string(), "192.0.2.2");
  Bytes six(16, 0);
  six[0] = 0x20;
  six[1] = 0x01;
  six[15] = 1;
  const auto v6 = parse_addresses(raw({six}));
  ASSERT_EQ(v6.records.size(), 1u);
  EXPECT_EQ(v6.records[0].to_string(), "2001::1");
}

TEST(Records, ptr_keeps_the_names_that_a_host_can_have) {
  const auto answer = parse_ptr(raw({bytes("\2mx\7example\0"sv), bytes("\3a b\0"sv)}));
  ASSERT_TRUE(answer.found());
  ASSERT_EQ(answer.records.size(), 1U);
  EXPECT_EQ(answer.records[0].ascii(), "mx.example");
  expect_malformed(parse_ptr(raw({bytes("\5mx"sv)})), "a label that is cut off");
}

TEST(Records, cname_names_its_target) {
  const auto answer = parse_cname(raw({bytes("\3_25\4_tcp\2mx\0"sv)}));
  ASSERT_EQ(answer.records.size(), 1u);
  EXPECT_EQ(answer.records[0].ascii(), "_25._tcp.mx");
}

}  // namespace
}  // namespace postseal::dns
