// SPDX-License-Identifier: Apache-2.0
// Notifications as somebody else's parser understands them: Python's email package.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "protocol/dsn/example_facts.h"
#include "protocol/dsn/notification.h"

namespace postseal::dsn {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string parsed(const NotificationFacts& facts) {
  const std::string file = testing::TempDir() + "postseal_notification.eml";
  std::ofstream(file, std::ios::binary) << compose(facts);
  const std::string command =
      "PYTHONIOENCODING=utf-8 python3 " POSTSEAL_SOURCE_DIR "/src/protocol/dsn/read_report.py <" + file + " 2>&1";
  std::FILE* python = ::popen(command.c_str(), "r");
  if (!python) return "python3 cannot be run";
  std::string output;
  std::array<char, 4096> piece;
  while (const auto count = std::fread(piece.data(), 1, piece.size(), python)) output.append(piece.data(), count);
  ::pclose(python);
  return output;
}

TEST(Parsed, a_failure_is_understood) {
  EXPECT_EQ(parsed(example::facts()),
            "defects: []\n"
            "type: multipart/report delivery-status\n"
            "to: alice@here.test\n"
            "auto-submitted: auto-replied\n"
            "parts: text/plain message/delivery-status text/rfc822-headers\n"
            "text: characters True longest True\n"
            "field: Reporting-MTA = dns; mail.here.test\n"
            "field: Arrival-Date = Sun, 22 Nov 2026 07:00:00 +0000\n"
            "field: Final-Recipient = rfc822; bob@there.test\n"
            "field: Action = failed\n"
            "field: Status = 5.1.1\n"
            "field: Remote-MTA = dns; mx.there.test\n"
            "field: Diagnostic-Code = smtp; 550 5.1.1 No such user here\n"
            "field: Last-Attempt-Date = Sun, 22 Nov 2026 07:01:00 +0000\n"
            "returned: Received From To Subject Date Message-ID | body ''\n");
}

TEST(Parsed, several_recipients_with_everything_are_understood) {
  EXPECT_THAT(parsed(example::mixed()),
              AllOf(HasSubstr("defects: []"), HasSubstr("field: Original-Envelope-Id = QQ314159+x\n"),
                    HasSubstr("field: Original-Recipient = rfc822; carol+lists@old.test\n"
                              "field: Final-Recipient = rfc822; carol@here.test\n"
                              "field: Action = delivered\nfield: Status = 2.0.0\n"),
                    HasSubstr("field: Final-Recipient = rfc822; dave@[192.0.2.9]\nfield: Action = delayed\n"),
                    HasSubstr("field: Remote-MTA = dns; [192.0.2.9]\n"),
                    HasSubstr("field: Will-Retry-Until = Fri, 27 Nov 2026 07:00:00 +0000\n")));
}

TEST(Parsed, a_requiretls_letter_comes_back_without_content) {
  EXPECT_THAT(parsed(example::requiretls()),
              AllOf(HasSubstr("defects: []"), HasSubstr("returned: Date Message-ID | body ''\n")));
}

// RFC 6533 §4 and §6
TEST(Parsed, an_international_letter_is_understood) {
  EXPECT_THAT(parsed(example::international()),
              AllOf(HasSubstr("parts: text/plain message/global-delivery-status message/global-headers\n"),
                    HasSubstr("to: jörg@here.test\n"),
                    HasSubstr("field: Original-Recipient = utf-8; 用户@there.test\n"
                              "field: Final-Recipient = utf-8; 用户@there.test\n"),
                    HasSubstr("field: Diagnostic-Code = smtp; 550 5.1.1 没有这个用户\n")));
}

// A21
TEST(Parsed, a21_hostile_words_stay_words) {
  const std::string text = parsed(example::hostile());
  EXPECT_THAT(text, AllOf(HasSubstr("defects: []"), HasSubstr("text: characters True longest True"),
                          HasSubstr("parts: text/plain message/delivery-status text/rfc822-headers\n"),
                          HasSubstr("returned: Subject X-Long | body ''\n"), Not(HasSubstr("field: X-Evil"))));
}

}  // namespace
}  // namespace postseal::dsn
