// SPDX-License-Identifier: Apache-2.0
#include "protocol/dns/message.h"

#include <gtest/gtest.h>

#include "protocol/dns/wire_name.h"

namespace postseal::dns {
namespace {

using namespace std::string_view_literals;

constexpr std::uint16_t kId = 0x1234;
constexpr std::uint16_t kGood = 0x8180;    // response, RD, RA
constexpr std::uint16_t kSecure = 0x81a0;  // and AD

Domain name(const std::string& text) { return *Domain::parse_dns(text); }
Bytes bytes(std::string_view text) { return Bytes(text.begin(), text.end()); }
void append(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }
void append16(Bytes& out, int value) {
  append(out, {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)});
}

/// Header and question; the answer section follows. The question's name is at offset 12.
Bytes message(std::uint16_t flags, const std::string& question, RecordType type, int answers) {
  Bytes out;
  for (const int value : {static_cast<int>(kId), static_cast<int>(flags), 1, answers, 0, 0}) append16(out, value);
  append(out, format_wire_name(name(question)));
  append16(out, static_cast<int>(type));
  append16(out, 1);
  return out;
}

Bytes record(const Bytes& owner, RecordType type, const Bytes& rdata, int ttl = 60) {
  Bytes out = owner;
  append16(out, static_cast<int>(type));
  append16(out, 1);
  append16(out, 0);
  append16(out, ttl);
  append16(out, static_cast<int>(rdata.size()));
  append(out, rdata);
  return out;
}

const Bytes kQuestionName{0xc0, 12};

TEST(DnsMessage, the_query_asks_for_recursion_and_the_ad_bit) {
  const Bytes query = format_query(kId, name("mx.test"), RecordType::A);
  EXPECT_EQ(query, bytes("\x12\x34\x01\x20\0\1\0\0\0\0\0\1\2mx\4test\0\0\1\0\1\0\0\x29\x04\xd0\0\0\0\0\0\0"sv));
}

TEST(DnsMessage, D46_secure_is_what_the_ad_bit_says) {
  for (const auto flags : {kGood, kSecure}) {
    Bytes wire = message(flags, "mx.test", RecordType::A, 1);
    append(wire, record(kQuestionName, RecordType::A, {192, 0, 2, 1}));
    const auto response = parse_response(wire, kId, name("mx.test"), RecordType::A);
    ASSERT_TRUE(response);
    EXPECT_TRUE(response->answer.found());
    EXPECT_EQ(response->answer.secure, flags == kSecure);
    EXPECT_EQ(response->answer.ttl, Seconds{60});
    EXPECT_EQ(parse_addresses(response->answer).records.size(), 1u);
  }
}

TEST(DnsMessage, A32_only_the_answer_to_our_question_is_taken) {
  const Bytes good = message(kGood, "mx.test", RecordType::A, 0);
  EXPECT_TRUE(parse_response(good, kId, name("mx.test"), RecordType::A));
  EXPECT_TRUE(parse_response(message(kGood, "MX.Test", RecordType::A, 0), kId, name("mx.test"), RecordType::A));
  EXPECT_FALSE(parse_response(good, kId + 1, name("mx.test"), RecordType::A)) << "id";
  EXPECT_FALSE(parse_response(good, kId, name("my.test"), RecordType::A)) << "name";
  EXPECT_FALSE(parse_response(good, kId, name("mx.test"), RecordType::AAAA)) << "type";
  EXPECT_FALSE(parse_response(message(0x0180, "mx.test", RecordType::A, 0), kId, name("mx.test"), RecordType::A))
      << "a query";
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_response(std::span(good).first(size), kId, name("mx.test"), RecordType::A)) << size;
  }
}

TEST(DnsMessage, rcodes_are_failures_but_for_nxdomain) {
  struct Row {
    int rcode;
    AnswerState state;
    Failure failure;
  };
  for (const Row& row :
       {Row{0, AnswerState::NoData, Failure::None}, Row{1, AnswerState::Failed, Failure::ServFail},
        Row{2, AnswerState::Failed, Failure::ServFail}, Row{3, AnswerState::NxDomain, Failure::None},
        Row{5, AnswerState::Failed, Failure::Refused}, Row{15, AnswerState::Failed, Failure::ServFail}}) {
    const auto flags = static_cast<std::uint16_t>(kSecure | row.rcode);
    const auto response =
        parse_response(message(flags, "mx.test", RecordType::A, 0), kId, name("mx.test"), RecordType::A);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->answer.state, row.state) << row.rcode;
    EXPECT_EQ(response->answer.failure, row.failure) << row.rcode;
    EXPECT_EQ(response->answer.secure, row.state != AnswerState::Failed) << row.rcode;
  }
}

TEST(DnsMessage, a_server_that_does_not_recurse_proves_no_absence) {
  const auto response =
      parse_response(message(0x8100, "mx.test", RecordType::A, 0), kId, name("mx.test"), RecordType::A);
  ASSERT_TRUE(response);
  EXPECT_TRUE(response->answer.unknown());
}

TEST(DnsMessage, A31_a_referral_is_told_from_no_data) {
  struct Row {
    std::vector<std::uint16_t> authority;
    bool referral;
    const char* reason;
  };
  constexpr std::uint16_t kNs = 2, kSoa = 6, kNsec = 47;
  for (const Row& row : {Row{{kNs, kNs}, true, "servers to ask instead"},
                         Row{{}, false, "RFC 2308 §2.2, no data type 3"}, Row{{kSoa}, false, "no data type 2"},
                         Row{{kNs, kSoa}, false, "no data type 1"}, Row{{kSoa, kNsec}, false, "signed no data"}}) {
    Bytes wire = message(kSecure, "mx.test", RecordType::A, 1);
    append(wire, record(kQuestionName, RecordType::CNAME, bytes("\1a\0"sv)));
    for (const std::uint16_t type : row.authority) {
      append(wire, record(kQuestionName, static_cast<RecordType>(type), bytes("\1a\0"sv)));
      ++wire[9];
    }
    EXPECT_EQ(is_referral(wire), row.referral) << row.reason;
    // Cut anywhere it says nothing.
    if (row.referral) {
      for (std::size_t size = 0; size < wire.size(); ++size) EXPECT_FALSE(is_referral(std::span(wire).first(size)));
    }
  }
}

TEST(DnsMessage, aliases_are_followed_and_the_smallest_ttl_counts) {
  Bytes wire = message(kSecure, "a.test", RecordType::MX, 3);
  append(wire, record(kQuestionName, RecordType::CNAME, bytes("\1b\xc0\x0e"sv), 30));  // b.test: "test" is at 14
  append(wire, record(bytes("\1b\xc0\x0e"sv), RecordType::MX, bytes("\0\x0a\2mx\xc0\x0e"sv), 90));
  append(wire, record(bytes("\1x\xc0\x0e"sv), RecordType::MX, bytes("\0\x0a\4evil\xc0\x0e"sv), 90));
  const auto response = parse_response(wire, kId, name("a.test"), RecordType::MX);
  ASSERT_TRUE(response);
  const auto mx = parse_mx(response->answer);
  EXPECT_TRUE(mx.secure);
  EXPECT_EQ(mx.canonical.ascii(), "b.test");
  EXPECT_EQ(mx.ttl, Seconds{30});
  ASSERT_EQ(mx.records.size(), 1u) << "records that nobody asked for are left out";
  EXPECT_EQ(mx.records[0].exchange.ascii(), "mx.test");
}

TEST(DnsMessage, D36_an_alias_loop_is_a_failure) {
  Bytes wire = message(kSecure, "a.test", RecordType::A, 2);
  append(wire, record(kQuestionName, RecordType::CNAME, bytes("\1b\xc0\x0e"sv)));
  append(wire, record(bytes("\1b\xc0\x0e"sv), RecordType::CNAME, kQuestionName));
  const auto response = parse_response(wire, kId, name("a.test"), RecordType::A);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->answer.failure, Failure::AliasLimit);
  EXPECT_FALSE(response->answer.secure);
}

TEST(DnsMessage, A31_garbage_in_the_answer_section_is_malformed) {
  struct Row {
    Bytes section;
    const char* reason;
  };
  for (const Row& row : {Row{{}, "a record is missing"}, Row{{0xc0}, "half a pointer"},
                         Row{record({0xc0, 0xff}, RecordType::A, {1, 2, 3, 4}), "a pointer forward"},
                         Row{record({0xc0, 25}, RecordType::A, {1, 2, 3, 4}), "a pointer to itself"},
                         Row{record({0x80, 0}, RecordType::A, {1, 2, 3, 4}), "an unknown label type"},
                         Row{bytes("\xc0\x0c\0\1\0\1\0\0\0\1\0\5\1\2\3\4"sv), "rdata beyond the end"},
                         Row{record(kQuestionName, RecordType::MX, bytes("\0\x0a"sv)), "MX without a name"},
                         Row{record(kQuestionName, RecordType::CNAME, bytes("\1a\0x"sv)), "bytes after the name"}}) {
    Bytes wire = message(kSecure, "mx.test", RecordType::A, 1);
    append(wire, row.section);
    const auto response = parse_response(wire, kId, name("mx.test"), RecordType::A);
    ASSERT_TRUE(response) << row.reason;
    EXPECT_EQ(response->answer.failure, Failure::Malformed) << row.reason;
    EXPECT_FALSE(response->answer.secure) << row.reason;
  }
}

TEST(DnsMessage, D49_truncation_is_told) {
  const auto response =
      parse_response(message(0x8380, "mx.test", RecordType::A, 0), kId, name("mx.test"), RecordType::A);
  ASSERT_TRUE(response);
  EXPECT_TRUE(response->truncated);
}

TEST(DnsMessage, the_root_can_be_asked_for) {
  const auto response = parse_response(message(kGood, ".", RecordType::NS, 0), kId, Domain{}, RecordType::NS);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->answer.state, AnswerState::NoData);
}

TEST(DnsMessage, escaped_octets_of_a_name_are_asked_for_as_themselves) {
  const Domain odd = Domain::escape_dns("a b@.c\\d").value();
  EXPECT_EQ(format_wire_name(odd), bytes("\4a b@\3c\\d\0"sv));
  EXPECT_EQ(show_wire_name(format_wire_name(odd)), odd.ascii());

  Bytes wire = format_query(kId, odd, RecordType::A);
  wire.resize(wire.size() - 11);  // without the OPT record
  wire[2] = 0x81, wire[3] = 0x80, wire[7] = 1, wire[11] = 0;
  append(wire, record(kQuestionName, RecordType::A, {192, 0, 2, 1}));
  const auto response = parse_response(wire, kId, odd, RecordType::A);
  ASSERT_TRUE(response);
  EXPECT_TRUE(response->answer.found()) << response->answer.why;
}

TEST(DnsMessage, the_name_in_a_ptr_record_may_be_compressed) {
  // RFC 3597 §4: PTR is one of the types of RFC 1035.
  Bytes wire = message(kGood, "1.2.0.192.in-addr.arpa", RecordType::PTR, 1);
  append(wire, record(kQuestionName, RecordType::PTR, bytes("\2mx\xc0\x16"sv)));
  const auto response = parse_response(wire, kId, name("1.2.0.192.in-addr.arpa"), RecordType::PTR);
  ASSERT_TRUE(response);
  const auto names = parse_ptr(response->answer);
  ASSERT_EQ(names.records.size(), 1u) << names.why;
  EXPECT_EQ(names.records[0].ascii(), "mx.in-addr.arpa");
}

}  // namespace
}  // namespace postseal::dns
