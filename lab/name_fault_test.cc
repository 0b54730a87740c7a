// SPDX-License-Identifier: Apache-2.0
#include "lab/name_fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postseal::lab {
namespace {

Domain name(const std::string& text) { return *Domain::parse_dns(text); }

struct Asked {
  Bytes query;
  Question question;
};

Asked ask(const std::string& owner, std::string_view type) {
  Asked out{write_query({.id = 4711, .name = name(owner), .type = *type_number(type)}), {}};
  out.question = *parse_query(out.query);
  return out;
}

NameFaults faults(std::vector<FaultSpec> specs) { return *NameFaults::create(std::move(specs), 2525); }

FaultSpec fault(NameFault kind, std::string owner, std::string type = "ANY", std::vector<std::string> answer = {}) {
  return {.name = name(owner), .type = std::move(type), .fault = kind, .answer = std::move(answer)};
}

TEST(NameFault, fits_by_name_and_type_and_the_symbolic_port) {
  auto below = fault(NameFault::Refused, "deep.d.test");
  below.below = true;
  const auto table = faults(
      {fault(NameFault::ServFail, "_25._tcp.mx.d.test", "TLSA"), fault(NameFault::Refused, "d.test", "MX"), below});
  const auto passes = [&](const std::string& owner, std::string_view type) {
    const Asked asked = ask(owner, type);
    return table.decide(asked.query, asked.question, false).pass;
  };
  EXPECT_FALSE(passes("_2525._tcp.mx.d.test", "TLSA"));
  EXPECT_TRUE(passes("_25._tcp.mx.d.test", "TLSA"));
  EXPECT_TRUE(passes("_2525._tcp.mx.d.test", "A"));
  EXPECT_FALSE(passes("d.test", "MX"));
  EXPECT_TRUE(passes("d.test", "A"));
  EXPECT_TRUE(passes("x.d.test", "MX"));
  EXPECT_FALSE(passes("deep.d.test", "A"));
  EXPECT_FALSE(passes("a.b.deep.d.test", "TXT"));
}

TEST(NameFault, each_kind_answers_as_it_says) {
  const Asked asked = ask("d.test", "MX");
  const auto decide = [&](FaultSpec spec, bool over_tcp = false) {
    return faults({std::move(spec)}).decide(asked.query, asked.question, over_tcp);
  };
  const auto code = [&](NameFault kind) { return parse_reply_head(*decide(fault(kind, "d.test")).reply, 4711)->code; };
  EXPECT_EQ(code(NameFault::ServFail), Rcode::ServFail);
  EXPECT_EQ(code(NameFault::Refused), Rcode::Refused);
  EXPECT_EQ(code(NameFault::NxDomain), Rcode::NxDomain);
  const auto dropped = decide(fault(NameFault::Drop, "d.test"));
  EXPECT_FALSE(dropped.pass);
  EXPECT_FALSE(dropped.reply);
  auto late = fault(NameFault::Delay, "d.test");
  late.delay = std::chrono::milliseconds(7);
  EXPECT_TRUE(decide(late).pass);
  EXPECT_EQ(decide(late).delay, std::chrono::milliseconds(7));
  EXPECT_TRUE(decide(fault(NameFault::ForgeAd, "d.test")).set_ad);

  auto cut = fault(NameFault::Truncate, "d.test");
  EXPECT_NE((*decide(cut).reply)[2] & kTruncated, 0);
  EXPECT_TRUE(decide(cut, true).pass);
  cut.tcp_refused = true;
  EXPECT_FALSE(decide(cut, true).pass);
  EXPECT_FALSE(decide(cut, true).reply);

  // The record's owner points at itself.
  const Bytes garbled = *decide(fault(NameFault::Garble, "d.test")).reply;
  EXPECT_EQ(garbled[7], 1);
  EXPECT_EQ(garbled.size(), asked.question.end + 2);
}

TEST(NameFault, spoofed_answers_hold_the_records_of_the_type_asked) {
  const auto table = faults({fault(NameFault::Spoof, "d.test", "ANY", {"MX 10 evil.test.", "A 127.66.6.6"})});
  const Asked mx = ask("d.test", "MX");
  const Bytes answer = *table.decide(mx.query, mx.question, false).reply;
  EXPECT_EQ(answer[7], 1);
  EXPECT_EQ(to_hex(std::span(answer).subspan(mx.question.end)), "c00c000f00010000012c000d000a046576696c047465737400");
  const Asked txt = ask("d.test", "TXT");
  EXPECT_EQ((*table.decide(txt.query, txt.question, false).reply)[7], 0);
}

TEST(NameFault, a_referral_names_many_servers_below_the_victim_and_no_address) {
  auto spec = fault(NameFault::Referral, "sub.d.test");
  spec.below = true;
  spec.servers = 300;
  spec.victim = name("v.test");
  const auto table = faults({spec});
  const Asked asked = ask("mx.sub.d.test", "A");
  const Bytes cut = *table.decide(asked.query, asked.question, false).reply;
  EXPECT_NE(cut[2] & kTruncated, 0) << "too large for UDP";
  EXPECT_EQ(cut.size(), asked.question.end);
  const Bytes whole = *table.decide(asked.query, asked.question, true).reply;
  EXPECT_FALSE(parse_reply_head(whole, 4711)->authoritative);
  EXPECT_EQ(to_hex(std::span(whole).first(12)),
            "126780000001"
            "0000"
            "012c"
            "0000");
  // "sub.d.test" within the question; "n1.v.test" in full, then "n2" and a pointer to "v.test".
  EXPECT_EQ(to_hex(std::span(whole).subspan(asked.question.end, 42)),
            "c00f000200010000012c000b"
            "026e310176047465737400"
            "c00f000200010000012c0005"
            "026e32c02ec00f");
}

TEST(NameFault, half_of_each_record_is_missing_where_the_world_says_so) {
  const auto table =
      faults({fault(NameFault::ShortData, "d.test", "ANY", {"A 127.66.6.6", "MX 10 evil.test.", "TLSA 3 1 1 00"})});
  for (const auto& [type, data] :
       {std::pair("A", "00027f42"), std::pair("MX", "0006000a04657669"), std::pair("TLSA", "00020301")}) {
    const Asked asked = ask("d.test", type);
    const Bytes reply = *table.decide(asked.query, asked.question, false).reply;
    EXPECT_EQ(to_hex(std::span(reply).subspan(asked.question.end + 10)), data);
  }
}

TEST(NameFault, forgeries_come_before_the_answer_and_each_is_wrong_in_one_way) {
  const Asked asked = ask("d.test", "A");
  const Bytes right = write_answer(asked.query, asked.question, std::vector{*parse_rdata("A 127.66.6.6")});
  const auto decide = [&](NameFault kind, bool over_tcp = false) {
    auto spec = fault(kind, "d.test", "A", {"A 127.66.6.6"});
    spec.copies = 3;
    return faults({spec}).decide(asked.query, asked.question, over_tcp);
  };
  const NameAction ids = decide(NameFault::WrongId);
  EXPECT_TRUE(ids.pass);
  ASSERT_EQ(ids.forgeries.size(), 3u);
  for (const Forgery& forgery : ids.forgeries) {
    EXPECT_EQ(forgery.from, Forgery::From::Server);
    EXPECT_FALSE(parse_reply_head(forgery.packet, 4711));
    EXPECT_EQ(to_hex(std::span(forgery.packet).subspan(2)), to_hex(std::span(right).subspan(2)));
  }
  EXPECT_NE(ids.forgeries[0].packet, ids.forgeries[1].packet);

  const Forgery question = decide(NameFault::WrongQuestion).forgeries.at(0);
  EXPECT_EQ(question.from, Forgery::From::Server);
  EXPECT_TRUE(parse_reply_head(question.packet, 4711));
  EXPECT_EQ(to_hex(std::span(question.packet).subspan(12, 12)), "056f74686572047465737400");

  EXPECT_EQ(decide(NameFault::WrongPort).forgeries.at(2).from, Forgery::From::OtherPort);
  EXPECT_EQ(decide(NameFault::WrongAddress).forgeries.at(2).from, Forgery::From::OtherAddress);
  EXPECT_EQ(decide(NameFault::WrongPort).forgeries.at(2).packet, right);
  EXPECT_TRUE(decide(NameFault::WrongId, true).forgeries.empty()) << "over TCP";
}

TEST(NameFault, nothing_true_follows_a_forgery_that_is_alone) {
  auto spec = fault(NameFault::WrongId, "d.test", "A", {"A 127.66.6.6"});
  spec.alone = true;
  const Asked asked = ask("d.test", "A");
  const NameAction action = faults({spec}).decide(asked.query, asked.question, false);
  EXPECT_FALSE(action.pass);
  EXPECT_FALSE(action.reply);
  EXPECT_EQ(action.forgeries.size(), 1u);
}

TEST(NameFault, the_case_of_the_questions_letters_can_be_swapped) {
  const Asked asked = ask("a-1.d.test", "MX");
  EXPECT_TRUE(
      faults({fault(NameFault::OtherCase, "a-1.d.test")}).decide(asked.query, asked.question, false).other_case);
  Bytes reply = write_answer(asked.query, asked.question, std::vector{*parse_rdata("MX 10 mx.d.test")});
  swap_case(reply, asked.question);
  const std::string text(reply.begin(), reply.end());
  EXPECT_NE(text.find("\x03"
                      "A-1\x01"
                      "D\x04TEST"),
            std::string::npos);
  EXPECT_NE(text.find("\x02mx\x01"
                      "d\x04test"),
            std::string::npos)
      << "only the question's";
}

TEST(NameFault, answers_that_cannot_be_are_errors) {
  for (const char* bad :
       {"MX evil.test.", "MX 70000 evil.test.", "A ::1", "A", "SRV 1 2 3 x.", "TLSA 3 1 1", "", "CNAME a..b"}) {
    EXPECT_FALSE(NameFaults::create({fault(NameFault::Spoof, "d.test", "ANY", {bad})}, 25)) << bad;
  }
  for (const char* good : {"MX 0 .", "AAAA ::1", "CNAME x.test.", "TXT \"v=STSv1; id=1;\"", "TLSA 3 1 1 00ff"}) {
    EXPECT_TRUE(NameFaults::create({fault(NameFault::Spoof, "d.test", "ANY", {good})}, 25)) << good;
  }
}

TEST(DnsPacket, queries_that_are_none_are_not_read) {
  const Bytes good = ask("_25._tcp.mx.d.test", "TLSA").query;
  ASSERT_TRUE(parse_query(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_query(std::span(good).first(size)));
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    Bytes out = good;
    out[at] = value;
    return out;
  };
  EXPECT_FALSE(parse_query(changed(2, 0x80))) << "a reply";
  EXPECT_FALSE(parse_query(changed(5, 2))) << "two questions";
  EXPECT_FALSE(parse_query(changed(12, 0xc0))) << "a pointer";
  EXPECT_FALSE(parse_query(changed(14, '.'))) << "a dot within a label";
  EXPECT_TRUE(parse_query(write_query({.id = 1, .name = Domain(), .type = 48}))->name.is_root());
}

}  // namespace
}  // namespace postseal::lab
