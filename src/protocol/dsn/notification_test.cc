// SPDX-License-Identifier: Apache-2.0
#include "protocol/dsn/notification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "protocol/dsn/clean.h"
#include "protocol/dsn/example_facts.h"

namespace postseal::dsn {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Golden {
  const char* name;
  NotificationFacts (*facts)();
};

class GoldenFile : public testing::TestWithParam<Golden> {};

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The files have Unix line ends, for the eyes.
std::string with_lf(std::string text) {
  std::erase(text, '\r');
  return text;
}

TEST_P(GoldenFile, is_what_is_composed) {
  const std::string name = std::string(GetParam().name) + ".eml";
  const std::string composed = with_lf(compose(GetParam().facts()));
  EXPECT_EQ(composed, read(std::string(POSTSEAL_SOURCE_DIR) + "/src/protocol/dsn/golden/" + name))
      << "the composed text is in " << name << " of the test's folder";
  if (HasFailure()) std::ofstream(name, std::ios::binary) << composed;
}

INSTANTIATE_TEST_SUITE_P(Notifications, GoldenFile,
                         testing::Values(Golden{"failed", example::facts}, Golden{"requiretls", example::requiretls},
                                         Golden{"delayed", example::delayed}, Golden{"mixed", example::mixed},
                                         Golden{"international", example::international},
                                         Golden{"hostile", example::hostile}),
                         [](const auto& info) { return info.param.name; });

/// Lines end in CRLF, none is longer than mail allows, no NUL.
void expect_well_formed(const std::string& text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = text.find("\r\n", begin);
    ASSERT_NE(end, std::string::npos) << "the last line has no end";
    const std::string line = text.substr(begin, end - begin);
    EXPECT_LE(line.size(), 998u);
    EXPECT_EQ(line.find_first_of(std::string("\r\n\0", 3)), std::string::npos) << line;
    begin = end + 2;
  }
}

TEST(Notification, lines_are_those_of_a_message) {
  for (const auto& make : {example::facts, example::requiretls, example::delayed, example::mixed,
                           example::international, example::hostile}) {
    expect_well_formed(compose(make()));
  }
}

// A21
TEST(Notification, a21_nothing_that_strangers_wrote_begins_a_line_or_a_part) {
  const std::string text = compose(example::hostile());
  EXPECT_THAT(text, Not(HasSubstr("\nX-Evil")));
  EXPECT_THAT(text, Not(HasSubstr("the body")));
  EXPECT_TRUE(is_seven_bit(text));
  std::size_t boundaries = 0;
  for (auto at = text.find("\n--b0undary0000000000000000"); at != std::string::npos;
       at = text.find("\n--b0undary0000000000000000", at + 1)) {
    ++boundaries;
  }
  EXPECT_EQ(boundaries, 4u);
}

// RFC 8689 §5
TEST(Notification, of_a_requiretls_letter_betrays_no_content) {
  NotificationFacts facts = example::requiretls();
  const std::string text = compose(facts);
  EXPECT_THAT(text, HasSubstr("Message-ID: <one@here.test>"));
  EXPECT_THAT(text, HasSubstr("\r\nDate: Sun, 22 Nov 2026 06:59:58"));
  for (const char* content : {"Lunch", "Monday", "laptop", "Alice"}) EXPECT_THAT(text, Not(HasSubstr(content)));
  EXPECT_TRUE(envelope_of(facts, text).requiretls);
  EXPECT_FALSE(envelope_of(example::facts(), compose(example::facts())).requiretls);
}

// RFC 3461 §4.3: RET=FULL is answered with the header.
TEST(Notification, ret_full_changes_nothing) {
  NotificationFacts full = example::facts();
  full.envelope.ret = "FULL";
  full.original_header += "\r\nthe body\r\n";
  EXPECT_EQ(compose(full), compose(example::facts()));
}

// RFC 3464 §2, RFC 5321 §4.5.5
TEST(Notification, travels_from_nobody_to_the_sender) {
  const auto facts = example::facts();
  const auto envelope = envelope_of(facts, compose(facts));
  EXPECT_EQ(envelope.from, std::nullopt);
  ASSERT_EQ(envelope.recipients.size(), 1u);
  EXPECT_EQ(envelope.recipients[0].mailbox, *facts.envelope.from);
  EXPECT_EQ(envelope.recipients[0].notify, "NEVER");
  EXPECT_FALSE(envelope.eight_bit);
  EXPECT_FALSE(envelope.utf8_headers);
}

// RFC 6533, RFC 6531 §3.6
TEST(Notification, of_an_international_letter_says_what_it_needs) {
  const auto facts = example::international();
  const auto envelope = envelope_of(facts, compose(facts));
  EXPECT_TRUE(envelope.eight_bit);
  EXPECT_TRUE(envelope.utf8_headers) << "its To field is not ASCII";

  auto ascii_sender = facts;
  ascii_sender.envelope.from = example::mailbox("alice@here.test");
  const auto other = envelope_of(ascii_sender, compose(ascii_sender));
  EXPECT_TRUE(other.eight_bit);
  EXPECT_FALSE(other.utf8_headers) << "only its parts are not ASCII";
}

TEST(Notification, a_remote_reply_in_utf8_leaves_an_ordinary_notification_seven_bit) {
  auto facts = example::facts();
  facts.recipients.front().remote_reply->lines = {"5.1.1 Empfänger unbekannt"};
  facts.original_header += "X-Broken: \xff\xfe\r\n";
  const std::string text = compose(facts);
  EXPECT_TRUE(is_seven_bit(text));
  EXPECT_THAT(text, HasSubstr("Diagnostic-Code: smtp; 550 5.1.1 Empf??nger unbekannt"));
  EXPECT_THAT(text, HasSubstr("Empf=C3=A4nger"));
  EXPECT_THAT(text, HasSubstr("X-Broken: =FF=FE"));
}

TEST(Notification, says_how_often_it_was_tried_where_that_was_more_than_once) {
  for (auto make : {example::facts, example::delayed}) {
    auto facts = make();
    EXPECT_THAT(compose(facts), Not(HasSubstr("It was tried")));
    facts.recipients.front().attempts = 1;
    EXPECT_THAT(compose(facts), Not(HasSubstr("It was tried")));
    facts.recipients.front().attempts = 12;
    EXPECT_THAT(compose(facts), HasSubstr("It was tried 12 times, the last time on Sun, 22 Nov 2026 07:01:00"));
  }
}

TEST(Notification, a_long_header_is_cut_between_fields) {
  auto facts = example::facts();
  facts.original_header = "Subject: kept\r\n";
  for (int i = 0; i < 2000; ++i)
    facts.original_header += "X-" + std::to_string(i) + ": " + std::string(60, 'x') + "\r\n";
  const std::string text = compose(facts);
  EXPECT_LT(text.size(), 70'000u);
  EXPECT_THAT(text, HasSubstr("Subject: kept"));
}

TEST(Notification, a_status_that_is_missing_is_made_up_by_class) {
  auto facts = example::mixed();
  for (RecipientReport& report : facts.recipients) report.status = {};
  const std::string text = compose(facts);
  EXPECT_THAT(text, HasSubstr("Action: failed\r\nStatus: 5.0.0"));
  EXPECT_THAT(text, HasSubstr("Action: delivered\r\nStatus: 2.0.0"));
  EXPECT_THAT(text, HasSubstr("Action: delayed\r\nStatus: 4.0.0"));
}

struct Wish {
  const char* notify;
  bool failed, delayed, delivered;
};

// RFC 3461 §4.1
TEST(Wanted, is_what_notify_says) {
  spool::Envelope envelope;
  envelope.from = example::mailbox("alice@here.test");
  for (const Wish& wish :
       {Wish{"", true, true, false}, Wish{"NEVER", false, false, false}, Wish{"never", false, false, false},
        Wish{"SUCCESS", false, false, true}, Wish{"FAILURE", true, false, false}, Wish{"delay", false, true, false},
        Wish{"SUCCESS,FAILURE,DELAY", true, true, true}, Wish{"Success,Delay", false, true, true},
        Wish{"SUCCESSFUL", false, false, false}}) {
    const spool::EnvelopeRecipient recipient{example::mailbox("bob@there.test"), "", wish.notify};
    EXPECT_EQ(wanted(envelope, recipient, Action::Failed), wish.failed) << wish.notify;
    EXPECT_EQ(wanted(envelope, recipient, Action::Delayed), wish.delayed) << wish.notify;
    for (const Action success : {Action::Delivered, Action::Relayed, Action::Expanded}) {
      EXPECT_EQ(wanted(envelope, recipient, success), wish.delivered) << wish.notify;
    }
  }
}

// A36: bounce storms
TEST(Wanted, a36_nobody_is_told_of_what_became_of_a_notification) {
  const spool::Envelope from_nobody;
  const spool::EnvelopeRecipient recipient{example::mailbox("bob@there.test"), "", "SUCCESS,FAILURE,DELAY"};
  for (const Action action : {Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded}) {
    EXPECT_FALSE(wanted(from_nobody, recipient, action));
  }
}

TEST(Clean, quoted_printable_hides_what_is_not_seven_bit) {
  for (const auto& [text, encoded] : std::initializer_list<std::pair<std::string, const char*>>{
           {"plain\r\n", "plain\r\n"},
           {"a=b", "a=3Db"},
           {"blank at end \r\nx ", "blank at end=20\r\nx=20"},
           {"\xc3\xa4", "=C3=A4"},
           {"bare\rcr and\nlf", "bare=0Dcr and=0Alf"},
           {std::string(80, 'x'),
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\nxxxxx"}}) {
    EXPECT_EQ(quoted_printable(text), encoded);
  }
}

TEST(Clean, encoded_addresses_are_read) {
  EXPECT_EQ(decode_xtext("a+2Bb+3Dc"), "a+b=c");
  EXPECT_EQ(decode_xtext("no+xtext+2"), "no+xtext+2");
  EXPECT_EQ(decode_embedded_unicode("j\\x{F6}rg\\x{2B}"), "jörg+");
  EXPECT_EQ(decode_embedded_unicode("\\x{D800}\\x{110000}\\x{}\\x{F6"), "\\x{D800}\\x{110000}\\x{}\\x{F6");
}

TEST(Clean, a_line_is_cut_between_characters) {
  EXPECT_EQ(one_line("äöü", 3), "ä...");
  EXPECT_EQ(one_line("äöü", 6), "äöü");
  EXPECT_EQ(one_ascii_line("aä\r\n", 10), "a????");
}

}  // namespace
}  // namespace postseal::dsn
