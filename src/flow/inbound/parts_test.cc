// SPDX-License-Identifier: Apache-2.0
// The gate, the trace header, the header editor and the rules of admission by themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow/inbound/admission.h"
#include "flow/inbound/gate.h"
#include "flow/inbound/header_editor.h"
#include "flow/inbound/trace_header.h"

namespace postseal::inbound {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

IpAddress address(std::string_view text) { return *IpAddress::parse(text); }
Mailbox mailbox(std::string_view text) { return *Mailbox::parse(text); }

// ---- gate ----

struct GateTest : ::testing::Test {
  std::string enter(std::string_view from) {
    auto place = gate.enter(address(from), limits, now);
    if (!place) return std::string(to_string(place.error()));
    places.push_back(std::move(*place));
    return "in";
  }
  Gate gate{100};
  settings::LimitSettings limits;
  SteadyTime now = std::chrono::steady_clock::now();
  std::vector<Gate::Place> places;
};

TEST_F(GateTest, each_limit_turns_away_by_itself_A23) {
  limits.connections_per_address = 2;
  limits.connections_per_network = 3;
  limits.connections = 5;
  EXPECT_EQ(enter("192.0.2.1"), "in");
  EXPECT_EQ(enter("192.0.2.1"), "in");
  EXPECT_EQ(enter("192.0.2.1"), "address");
  EXPECT_EQ(enter("192.0.2.2"), "in");
  EXPECT_EQ(enter("192.0.2.3"), "network");
  EXPECT_EQ(enter("2001:db8:0:100::1"), "in");
  EXPECT_EQ(enter("192.0.3.3"), "in");
  EXPECT_EQ(enter("198.51.100.1"), "connections");
  places.clear();
  EXPECT_EQ(gate.inside(), 0u);
  EXPECT_EQ(enter("192.0.2.1"), "in");
}

TEST_F(GateTest, an_ipv6_network_is_a_site_A23) {
  limits.connections_per_network = 1;
  EXPECT_EQ(enter("2001:db8:0:100::1"), "in");
  EXPECT_EQ(enter("2001:db8:0:1ff::2"), "network");
  EXPECT_EQ(enter("2001:db8:0:200::1"), "in");
}

TEST_F(GateTest, an_ipv6_host_is_one_visitor_whatever_addresses_it_takes_A23) {
  limits.connections_per_address = 1;
  EXPECT_EQ(enter("2001:db8:0:100::1"), "in");
  EXPECT_EQ(enter("2001:db8:0:100::2"), "address");
  EXPECT_EQ(enter("2001:db8:0:101::1"), "in");
  places.clear();
  EXPECT_EQ(enter("2001:db8:0:100::2"), "in") << "the place was given back";
  limits.connections_per_address = limits.connection_rate = 2;
  EXPECT_EQ(enter("2001:db8:0:100::3"), "rate") << "the third within the minute";
  limits.recipient_rate = 1;
  EXPECT_TRUE(gate.take_recipient(address("2001:db8:0:100::1"), limits, now));
  EXPECT_FALSE(gate.take_recipient(address("2001:db8:0:100:ffff::2"), limits, now));
  EXPECT_TRUE(gate.take_recipient(address("2001:db8:0:101::1"), limits, now));
}

TEST_F(GateTest, the_rate_fills_up_evenly) {
  limits.connection_rate = 60;
  limits.connections_per_address = 100;
  Gate fresh(100);
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(fresh.enter(address("192.0.2.1"), limits, now));
  EXPECT_FALSE(fresh.enter(address("192.0.2.1"), limits, now));
  now += std::chrono::seconds(2);
  EXPECT_TRUE(fresh.enter(address("192.0.2.1"), limits, now));
}

TEST_F(GateTest, a_flood_from_ever_new_addresses_leaves_those_inside_alone) {
  EXPECT_EQ(enter("192.0.2.1"), "in");
  for (int i = 0; i < 1000; ++i)
    (void)gate.take_recipient(IpAddress::v4({10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}),
                              limits, now);
  limits.connections_per_address = 1;
  EXPECT_EQ(enter("192.0.2.1"), "address");
}

// ---- trace ----

TEST(TraceHeader, who_received_it_is_read_as_it_was_written) {
  for (const char* ours : {" from a.test ([192.0.2.1])\r\n\tby mx.example.org with ESMTP id 1;\r\n\tnow",
                           " from a.test (x by b) (using TLS) BY (really) MX.example.org; now", " by mx.example.org"})
    EXPECT_TRUE(was_received_by(ours, "mx.example.org")) << ours;
  for (const char* others : {" from mx.example.org by b.test; now", " from a (by mx.example.org) by b.test; now",
                             " by mx.example.org.test; now", " (by mx.example.org", ""})
    EXPECT_FALSE(was_received_by(others, "mx.example.org")) << others;
}

Trace trace() {
  Trace trace;
  trace.helo = "client.test";
  trace.peer = address("192.0.2.1");
  trace.hostname = "mx.example.org";
  trace.protocol = "ESMTP";
  trace.id = spool::LetterId{12345};
  trace.now = WallTime{Seconds{1'790'000'000}};
  return trace;
}

TEST(TraceHeader, says_who_how_and_when) {
  auto given = trace();
  EXPECT_EQ(format_received(given), "Received: from client.test ([192.0.2.1])\r\n\tby mx.example.org with ESMTP id " +
                                        given.id.to_string() + ";\r\n\tMon, 21 Sep 2026 14:13:20 +0000\r\n");
  given.peer = address("2001:db8::1");
  given.protocol = "ESMTPSA";
  given.recipient = mailbox("bob@example.org");
  given.tls = smtpd::TlsFacts{.version = "TLSv1.3",
                              .cipher = "TLS_AES_128_GCM_SHA256",
                              .group = "X25519MLKEM768",
                              .client_name = "CN=client.test",
                              .client_verified = true,
                              .channel_binding = {},
                              .channel_binding_type = {}};
  EXPECT_EQ(format_received(given),
            "Received: from client.test ([IPv6:2001:db8::1])\r\n"
            "\t(using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 (128/128 bits) key-exchange X25519MLKEM768)\r\n"
            "\t(client certificate CN=client.test verified)\r\n"
            "\tby mx.example.org with ESMTPSA id " +
                given.id.to_string() + "\r\n\tfor <bob@example.org>;\r\n\tMon, 21 Sep 2026 14:13:20 +0000\r\n");
}

TEST(TraceHeader, A21_nobody_writes_a_field_of_his_own_into_it) {
  auto given = trace();
  given.helo = "x\r\nBcc: y (" + std::string(2000, 'a');
  given.tls = smtpd::TlsFacts{};
  given.tls->client_name = "CN=a)\r\n\tX: \\" + std::string(2000, 'b');
  const std::string field = format_received(given);
  EXPECT_THAT(field, Not(HasSubstr("\r\nBcc")));
  EXPECT_THAT(field, Not(HasSubstr("X: \\")));
  std::size_t begin = 0;
  for (auto end = field.find("\r\n"); end != std::string::npos; begin = end + 2, end = field.find("\r\n", begin)) {
    EXPECT_LT(end - begin, 998u);
    if (begin > 0) EXPECT_EQ(field[begin], '\t');
  }
}

TEST(TraceHeader, dates_are_those_of_rfc_5322) {
  EXPECT_EQ(format_date(WallTime{}), "Thu, 1 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(format_date(WallTime{Seconds{951'782'400}}), "Tue, 29 Feb 2000 00:00:00 +0000");
}

// ---- header ----

struct Edited {
  std::string text;
  bool no = false, verified = false;
  std::string id;
  bool operator==(const Edited&) const = default;
};

Edited edit(std::string_view letter, Editing editing, std::size_t step = 1 << 20) {
  HeaderEditor editor(editing, "DATE", "ID@host");
  Edited edited;
  for (std::size_t at = 0; at < letter.size(); at += step) editor.feed(letter.substr(at, step), edited.text);
  editor.finish(edited.text);
  edited.no = editor.tls_required_no();
  edited.verified = editor.only_if_verified();
  edited.id = editor.message_id();
  return edited;
}

TEST(HeaderEditor, completes_what_users_send) {
  struct Row {
    const char* name;
    std::string letter, completed;
  };
  const std::string both = "Date: DATE\r\nMessage-ID: <ID@host>\r\n";
  const Row rows[] = {
      {"nothing there", "Subject: s\r\n\r\nb\r\n", "Subject: s\r\n" + both + "\r\nb\r\n"},
      {"all there", "date: d\r\nMESSAGE-ID : <i@h>\r\n\r\nb\r\n", "date: d\r\nMESSAGE-ID : <i@h>\r\n\r\nb\r\n"},
      {"folded Bcc goes", "Bcc: a\r\n b\r\n\tc\r\nTo: x\r\n\r\n", "To: x\r\n" + both + "\r\n"},
      {"empty Bcc goes", "BCC:\r\n\r\n", both + "\r\n"},
      {"every Bcc goes", "Bcc: a\r\nTo: x\r\nbcc : b\r\n\r\n", "To: x\r\n" + both + "\r\n"},
      {"a Bcc far from its colon goes", "Bcc" + std::string(200, '\t') + ": b\r\nTo: x\r\n\r\n",
       "To: x\r\n" + both + "\r\n"},
      {"a forwarder's Bcc goes", "Resent-Bcc: a,\r\n b\r\nTo: x\r\n\r\n", "To: x\r\n" + both + "\r\n"},
      {"other names stay", "Bcc-Note: a\r\nX-Bcc: b\r\n\r\n", "Bcc-Note: a\r\nX-Bcc: b\r\n" + both + "\r\n"},
      {"the body stays", "A: b\r\n\r\nBcc: c\r\n\r\nDate: d\r\n", "A: b\r\n" + both + "\r\nBcc: c\r\n\r\nDate: d\r\n"},
      {"no body", "A: b\r\n", "A: b\r\n" + both},
      {"no header", "\r\nbody\r\n", both + "\r\nbody\r\n"},
      {"a body without an empty line", "A: b\r\nhello there\r\nBcc: x\r\n",
       "A: b\r\n" + both + "\r\nhello there\r\nBcc: x\r\n"},
      {"nothing at all", "", both},
  };
  for (const auto& row : rows) {
    for (const std::size_t step : {1u, 2u, 3u, 7u, 1000u})
      EXPECT_EQ(edit(row.letter, Editing::Complete, step).text, row.completed) << row.name << ", in pieces of " << step;
    EXPECT_EQ(edit(row.letter, Editing::Note).text, row.letter) << row.name;
  }
}

// RFC 8601 §5
TEST(HeaderEditor, A21_results_that_claim_to_be_ours_go_and_nothing_else_does) {
  struct Row {
    const char* name;
    std::string letter, expected;
  };
  const std::string ours = "Authentication-Results: ours; spf=pass\r\n";
  const Row rows[] = {
      {"ours", "A: b\r\n" + ours + "C: d\r\n\r\n" + ours, "A: b\r\nC: d\r\n\r\n" + ours},
      {"another server's", "Authentication-Results: theirs; spf=pass\r\n\r\n",
       "Authentication-Results: theirs; spf=pass\r\n\r\n"},
      {"folded, in another case, far from its colon",
       "AUTHENTICATION-results \t:\r\n ours;\r\n\tspf=pass\r\nC: d\r\n\r\n", "C: d\r\n\r\n"},
      {"folded before its colon", "Authentication-Results\r\n : ours; spf=pass\r\nC: d\r\n\r\n", "C: d\r\n\r\n"},
      {"folded so, and another server's", "Authentication-Results \r\n : theirs\r\nC: d\r\n\r\n",
       "Authentication-Results \r\n : theirs\r\nC: d\r\n\r\n"},
      {"folded and another server's", "Authentication-Results:\r\n theirs;\r\n\tspf=pass\r\nC: d\r\n\r\n",
       "Authentication-Results:\r\n theirs;\r\n\tspf=pass\r\nC: d\r\n\r\n"},
      {"several", ours + ours + "Authentication-Results: theirs\r\n" + ours + "\r\n",
       "Authentication-Results: theirs\r\n\r\n"},
      {"last, without a body", "C: d\r\n" + ours, "C: d\r\n"},
      {"before a line that is no field", ours + "hello there\r\n", "hello there\r\n"},
      // DKIM and whoever looks for the author read on to the empty line: so do those who look for results.
      {"behind a line that is no field", "junk\r\n" + ours + "A: b\r\n\r\n" + ours, "junk\r\nA: b\r\n\r\n" + ours},
      {"behind a folded line that is no field", "junk\r\n more: of it\r\n" + ours + "\r\n",
       "junk\r\n more: of it\r\n\r\n"},
      {"very far from its colon", "Authentication-Results" + std::string(3000, ' ') + ": ours\r\nA: b\r\n\r\n",
       "A: b\r\n\r\n"},
      {"our mark, very far from its colon", "postseal-quarantine" + std::string(1500, '\t') + ":ours\r\n\r\n", "\r\n"},
      {"behind a very long line", std::string(5000, 'x') + "\r\n" + ours + "\r\n", std::string(5000, 'x') + "\r\n\r\n"},
      {"too long to be judged", "Authentication-Results: theirs;\r\n" + std::string(70'000, ' ') + "\r\nC: d\r\n\r\n",
       "C: d\r\n\r\n"},
      {"our mark", "Postseal-Quarantine: ours\r\nC: d\r\n\r\n", "C: d\r\n\r\n"},
      {"other names", "X-Authentication-Results: ours\r\n\r\n", "X-Authentication-Results: ours\r\n\r\n"},
  };
  for (const auto& row : rows) {
    for (const std::size_t step : {1u, 2u, 7u, 1000u}) {
      HeaderEditor editor(Editing::Note, "", "");
      editor.remove(
          [](const message::HeaderField& field) { return !field.name().empty() && field.raw.contains("ours"); });
      std::string text;
      for (std::size_t at = 0; at < row.letter.size(); at += step)
        editor.feed(std::string_view(row.letter).substr(at, step), text);
      editor.finish(text);
      EXPECT_EQ(text, row.expected) << row.name << ", in pieces of " << step;
    }
    EXPECT_EQ(edit(row.letter, Editing::Note, 7).text, row.letter) << "nobody asked for it";
  }
}

// A user's letter is mended: what stands behind the line is body for everybody, since an empty line is put before it.
TEST(HeaderEditor, A21_results_go_from_users_letters_too_and_their_bodies_stay) {
  const std::string ours = "Authentication-Results: ours\r\n", both = "Date: DATE\r\nMessage-ID: <ID@host>\r\n";
  for (const auto& [letter, expected] : std::initializer_list<std::pair<std::string, std::string>>{
           {"A: b\r\n" + ours + "\r\n", "A: b\r\n" + both + "\r\n"},
           {"A: b\r\njunk\r\n" + ours, "A: b\r\n" + both + "\r\njunk\r\n" + ours}}) {
    HeaderEditor editor(Editing::Complete, "DATE", "ID@host");
    editor.remove([](const message::HeaderField& field) { return field.raw.contains("ours"); });
    std::string text;
    editor.feed(letter, text);
    editor.finish(text);
    EXPECT_EQ(text, expected);
  }
}

// What is put in front of the letter would go on with its first line: a Received field of ours in a stranger's words.
TEST(HeaderEditor, A21_a_letter_that_begins_with_a_continuation_is_known) {
  struct Row {
    std::string letter;
    bool folded;
  };
  for (const Row& row :
       {Row{" by mx.elsewhere.test\r\nA: b\r\n\r\n", true}, Row{"\tA: b\r\n\r\n", true}, Row{" \r\n\r\n", true},
        Row{"A: b\r\n c\r\n\r\n", false}, Row{"\r\n body\r\n", false}, Row{"", false}}) {
    for (const std::size_t step : {1u, 2u, 1000u}) {
      HeaderEditor editor(Editing::Note, "", "");
      std::string text;
      for (std::size_t at = 0; at < row.letter.size(); at += step)
        editor.feed(std::string_view(row.letter).substr(at, step), text);
      editor.finish(text);
      EXPECT_EQ(editor.begins_folded(), row.folded) << row.letter;
    }
  }
  const std::string both = "Date: DATE\r\nMessage-ID: <ID@host>\r\n";
  for (const std::size_t step : {1u, 2u, 1000u})
    EXPECT_EQ(edit(" hello\r\nBcc: x\r\n", Editing::Complete, step).text, both + "\r\n hello\r\nBcc: x\r\n")
        << "a user's is a body without a header";
}

TEST(HeaderEditor, notes_what_transport_needs_X07) {
  struct Row {
    std::string header;
    bool no, verified;
    std::string id;
  };
  const Row rows[] = {
      {"TLS-Required: No\r\n", true, false, ""},
      {"tls-required:\r\n no \r\n", true, false, ""},
      {"TLS-Required: Yes\r\n", false, false, ""},
      {"TLS-Required: No\r\nTLS-Required: No\r\n", false, false, ""},
      {"X-TLS-Required: No\r\n", false, false, ""},
      {"Postseal-Only-If-Verified: YES\r\nMessage-Id: <a@b>\r\n", false, true, "<a@b>"},
      {"Postseal-Only-If-Verified: yes, please\r\n", false, false, ""},
      {"Subject: x\r\n TLS-Required: No\r\n", false, false, ""},
  };
  for (const auto& row : rows) {
    for (const std::size_t step : {1u, 5u, 1000u}) {
      const auto edited = edit(row.header + "\r\nTLS-Required: No\r\n", Editing::Note, step);
      EXPECT_EQ(edited.no, row.no) << row.header;
      EXPECT_EQ(edited.verified, row.verified) << row.header;
      EXPECT_EQ(edited.id, row.id) << row.header;
    }
  }
}

TEST(HeaderEditor, long_values_are_not_kept) {
  const auto edited = edit("Message-ID: " + std::string(100'000, 'x') + "\r\n\r\n", Editing::Note, 777);
  EXPECT_THAT(edited.text, SizeIs(100'000 + 16));
  EXPECT_THAT(edited.id, SizeIs(::testing::Le(1000u)));
}

// The id goes into logs, traces and what operators' programs read; JSON has no room for octets that are not UTF-8.
TEST(HeaderEditor, A21_a_message_id_is_printable_text_where_it_is_noted) {
  const std::string header = "Message-ID: <\xff\x1b[2J@b>\r\n \xc3\xa4\r\n";
  const auto edited = edit(header + "\r\n", Editing::Note);
  EXPECT_EQ(edited.id, "<??[2J@b>?? \xc3\xa4");
  EXPECT_EQ(edited.text, header + "\r\n") << "the letter itself stays as it is";
}

// ---- admission ----

TEST(Admission, original_recipients_are_xtext_RFC3461) {
  EXPECT_EQ(original_recipient(mailbox("a@example.org")), "rfc822;a@example.org");
  EXPECT_EQ(original_recipient(mailbox("a+b=c@example.org")), "rfc822;a+2Bb+3Dc@example.org");
  EXPECT_EQ(original_recipient(mailbox("\"a b\"@example.org")), "rfc822;\"a+20b\"@example.org");
  EXPECT_EQ(original_recipient(mailbox("\xc3\xa4@example.org")), "");
}

}  // namespace
}  // namespace postseal::inbound
