// SPDX-License-Identifier: Apache-2.0
#include "face/cli/queue_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "face/cli/human_text.h"
#include "face/cli/json_text.h"
#include "face/cli/time_text.h"

namespace postseal::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace json = boost::json;

const View kView{*parse_time_text("2026-11-22T12:00:00Z"), 100};

const json::object& letter() {
  static const json::object object = json::parse(R"({
    "id": "0abcdefghjkmn", "from": "alice@example.org", "size": 12345, "received": "2026-11-22T09:00:00Z",
    "held": false, "rerouted": "", "message_id": "<1@example.org>", "peer": "192.0.2.1", "user": "alice@example.org",
    "envelope_id": "", "requiretls": true, "tls_required_no": false, "only_if_verified": true,
    "recipients": [
      {"address": "bob@far.example", "status": "waiting", "selected": true, "state": "waiting", "site": "mx.far.example:25",
       "attempts": 4, "last_attempt": "2026-11-22T11:50:00Z", "next_attempt": "2026-11-22T12:12:00Z", "code": "4.7.5",
       "host": "mx.far.example",
       "reason": "mx.far.example: none of the 2 TLSA records matches the certificate that the server shows (RFC 7672 §2.2); the postmaster of far.example should publish the key that is in use"},
      {"address": "carol@far.example", "status": "delivered", "selected": false, "state": null, "site": null,
       "attempts": 1, "last_attempt": "2026-11-22T11:50:00Z", "next_attempt": null, "code": "2.0.0", "host": "mx.far.example",
       "reason": "accepted"}]})")
                                         .as_object();
  return object;
}

std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    longest = std::max(longest, static_cast<std::size_t>(std::ranges::count_if(
                                    line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; })));
    at = end + 1;
  }
  return longest;
}

TEST(QueueText, what_was_not_tried_says_what_others_were_told) {
  auto untried = letter();
  auto& recipient = untried["recipients"].as_array()[0].as_object();
  recipient["attempts"] = 0;
  recipient["code"] = nullptr;
  recipient["reason"] = "";
  recipient["waits_for"] = "mx.far.example: connection refused";
  const std::string_view said = "not tried yet; mail for the same servers waits: mx.far.example: connection refused\n";
  EXPECT_THAT(listing_text(untried, kView), HasSubstr(said));
  EXPECT_THAT(letter_text(untried, kView), HasSubstr(said));
  recipient["code"] = "4.2.1";
  EXPECT_THAT(listing_text(untried, kView), Not(HasSubstr("not tried"))) << "its own reason is more than others'";
  EXPECT_THAT(letter_text(untried, kView), Not(HasSubstr("not tried")));
}

TEST(QueueText, a_listing_is_a_table_with_the_reason_in_full) {
  const std::string text = listing_head() + listing_text(letter(), kView);
  EXPECT_EQ(text,
            "ID              AGE   SIZE  STATE      TRIES  NEXT  FROM, TO\n"
            "0abcdefghjkmn    3h    12K                          alice@example.org\n"
            "                            waiting        4   12m  to bob@far.example\n"
            "               4.7.5 mx.far.example: none of the 2 TLSA records matches the certificate that the\n"
            "               server shows (RFC 7672 §2.2); the postmaster of far.example should publish the key\n"
            "               that is in use\n");
}

TEST(QueueText, lines_fit_terminals_from_80_to_120_columns) {
  json::object wide = letter();
  wide["from"] = std::string(200, 'a') + "@example.org";
  wide["recipients"].as_array()[0].as_object()["address"] =
      std::string(64, 'b') + "@" + std::string(60, 'c') + ".example";
  for (std::size_t width : {80U, 100U, 120U}) {
    EXPECT_LE(longest_line(listing_text(wide, {kView.now, width})), width);
    EXPECT_LE(longest_line(listing_text(letter(), {kView.now, width})), width);
  }
}

// A21: addresses and replies come from the network, and an operator's terminal obeys escape sequences.
TEST(QueueText, a21_nothing_from_the_network_moves_the_cursor) {
  json::object evil = letter();
  evil["from"] = "a\x1b[2J@example.org";
  evil["recipients"].as_array()[0].as_object()["address"] = "x\r\ny@far.example";
  evil["recipients"].as_array()[0].as_object()["reason"] =
      "450 \xc2\x9b"
      "31m\n0abcdefghjkmn forged";
  for (const std::string& text : {listing_text(evil, kView), letter_text(evil, kView)}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\r'), std::string::npos);
    EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(text.find("\n0abcdefghjkmn forged"), std::string::npos);
  }
}

TEST(QueueText, one_letter_is_told_with_everything) {
  const std::string text = letter_text(letter(), kView);
  for (const char* part :
       {"Letter 0abcdefghjkmn", "from       alice@example.org", "2026-11-22T09:00:00Z, 3h ago", "12K", "192.0.2.1",
        "<1@example.org>", "REQUIRETLS, only to verified servers", "to bob@far.example: waiting",
        "4 attempts, the last 10m ago at mx.far.example", "next attempt in 12m, at 2026-11-22T12:12:00Z",
        "servers: mx.far.example:25", "to carol@far.example: delivered"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(QueueText, a_notification_and_a_held_letter_say_so) {
  json::object held = letter();
  held["from"] = "";
  held["held"] = true;
  held["rerouted"] = "[relay.example]:2525";
  const std::string text = listing_text(held, kView);
  EXPECT_THAT(text, HasSubstr("<> (a notification)"));
  EXPECT_THAT(text, HasSubstr("held"));
  EXPECT_THAT(text, HasSubstr("rerouted to [relay.example]:2525"));
}

TEST(QueueText, an_answer_of_another_version_is_shown_as_far_as_it_goes) {
  EXPECT_NO_THROW(listing_text(json::object{}, kView));
  EXPECT_NO_THROW(
      letter_text(json::parse(R"({"id": 5, "recipients": [1, {"address": 2}], "size": -1})").as_object(), kView));
  EXPECT_NO_THROW(statistics_text(json::parse(R"({"sites": [null], "downgrades": 5})").as_object(), kView));
  EXPECT_NO_THROW(trace_text(json::parse(R"({"events": ["x", {}], "letter": 1})").as_object(), kView));
}

TEST(QueueText, statistics_name_the_sites_that_mail_waits_for) {
  const std::string text =
      statistics_text(json::parse(R"({"letters": 7, "ready": 1, "waiting": 4, "active": 2, "held": 0,
      "connections": 2, "site_count": 1, "destinations": 3, "changes_owed": 1,
      "sites": [{"site": "mx.far.example:25", "ready": 1, "waiting": 4, "active": 2, "held": 0, "connections": 2,
                 "not_before": "2026-11-22T12:05:00Z", "problem": "mx.far.example: connection refused"}],
      "downgrades": [{"domain": "far.example", "before": "dane", "when": "2026-11-22T11:00:00Z", "deferred": true}]})")
                          .as_object(),
                      kView);
  for (const char* part :
       {"7 letters: 1 ready, 4 waiting, 2 under way, 0 held", "mx.far.example:25", "connection refused",
        "far.example: showed less than before (dane)", "its mail waits", "1 changes that the store"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(QueueText, a_trace_tells_each_attempt_in_full) {
  const std::string text = trace_text(json::parse(R"({"id": "0abcdefghjkmn", "letter": null, "events": [
      {"format": 1, "id": "00ff", "destination": "far.example", "started": "2026-11-22T11:50:00Z",
       "decision": {"course": "dial", "reasons": [], "hosts": [{"name": "mx.far.example", "requirement": {"tls": "required",
        "proof": "dane", "tlsa": ["3 1 1 aa", "3 1 1 bb"]}}]},
       "attempts": [{"host": "mx.far.example", "problem": null}],
       "recipients": [{"recipient": "bob@far.example", "outcome": "deferred", "explanation": "the key is another"}]}]})")
                                          .as_object(),
                                      kView);
  for (const char* part :
       {"Letter 0abcdefghjkmn is not in the queue any more", "2026-11-22T11:50:00Z  attempt for far.example",
        "bob@far.example: deferred. the key is another", "course: dial", "proof: dane", "tlsa: 3 1 1 aa, 3 1 1 bb",
        "- host: mx.far.example"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_EQ(text.find("problem"), std::string::npos) << "what is empty is not shown";
}

TEST(HumanText, ages_and_sizes_have_one_unit) {
  const std::pair<std::int64_t, std::string_view> ages[] = {{0, "0s"},       {119, "119s"},       {120, "2m"},
                                                            {7199, "119m"},  {7200, "2h"},        {172'799, "47h"},
                                                            {172'800, "2d"}, {8'640'000, "100d"}, {-5, "now"}};
  for (auto [seconds, text] : ages) EXPECT_EQ(age_text(Seconds(seconds)), text);
  const std::pair<std::uint64_t, std::string_view> sizes[] = {
      {0, "0"},       {999, "999"},        {1000, "1.0K"},      {1024, "1.0K"},     {4711, "4.6K"},
      {12345, "12K"}, {1'048'576, "1.0M"}, {1'047'000, "1.0M"}, {52'428'800, "50M"}};
  for (auto [octets, text] : sizes) EXPECT_EQ(size_text(octets), text) << octets;
}

TEST(HumanText, long_words_and_umlauts_are_cut_between_characters) {
  EXPECT_EQ(fit("alice", 5), "alice");
  EXPECT_EQ(fit("alices", 5), "alic\xe2\x80\xa6");
  EXPECT_EQ(fit("\xc3\xa4\xc3\xb6\xc3\xbc", 3), "\xc3\xa4\xc3\xb6\xc3\xbc");
  EXPECT_EQ(fit("\xc3\xa4\xc3\xb6\xc3\xbcx", 3), "\xc3\xa4\xc3\xb6\xe2\x80\xa6");
  EXPECT_EQ(fit("abc", 0), "");
  EXPECT_EQ(wrap("one two three", 2, 30), "  one two three\n");
  EXPECT_EQ(wrap("aaaaaaaaaa bbbbbbbbbb cccccccccc", 2, 24), "  aaaaaaaaaa bbbbbbbbbb\n  cccccccccc\n");
  EXPECT_EQ(wrap(std::string(40, 'x') + " y", 0, 24), std::string(40, 'x') + "\ny\n");
  EXPECT_EQ(wrap("", 4, 80), "");
}

}  // namespace
}  // namespace postseal::cli
