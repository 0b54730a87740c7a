// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/header_watch.h"

#include <gtest/gtest.h>

#include <string>

namespace postseal::smtpd {
namespace {

struct Case {
  std::string about, header;
  std::uint32_t received = 0;
  bool ended = false, utf8 = false;
};

// RFC 5321 §6.3, RFC 5322 §2.2, §4.5
TEST(HeaderWatch, counts_the_servers_that_a_message_has_passed) {
  const Case cases[] = {
      {.about = "none", .header = "Subject: Received: x\r\n\r\nReceived: y\r\n", .ended = true},
      {.about = "any case", .header = "Received: a\r\nRECEIVED:b\r\nreceived : c\r\nX: d\r\n", .received = 3},
      {.about = "folded lines are not fields",
       .header = "Received: a\r\n Received: b\r\n\tReceived: c\r\n",
       .received = 1},
      {.about = "longer and shorter names", .header = "Receive: a\r\nReceived-SPF: b\r\nXReceived: c\r\n"},
      {.about = "a line that is no field hides nothing", .header = "Hello there\r\nReceived: a\r\n", .received = 1},
      {.about = "nor does one word", .header = "Hello\r\nReceived: a\r\n\r\n", .received = 1, .ended = true},
      {.about = "nor one that ends with a blank", .header = "Hello \r\nReceived: a\r\n", .received = 1},
      {.about = "its colon makes it no field", .header = "Received it: a\r\nX y:\r\nReceived: a\r\n", .received = 1},
      {.about = "UTF-8 behind it may be the body's", .header = "Hello there\r\n\xc3\xa4: a\r\n\r\n", .ended = true},
      {.about = "UTF-8 in it too", .header = "Hello \xc3\xa4\r\n"},
      {.about = "UTF-8 in a value", .header = "Subject: \xc3\xa4\r\n\r\n", .ended = true, .utf8 = true},
      {.about = "UTF-8 in a folded value", .header = "Subject: a\r\n \xc3\xa4\r\n", .utf8 = true},
      {.about = "UTF-8 in a name", .header = "\xc3\xa4: a\r\n", .utf8 = true},
      {.about = "UTF-8 in the body only", .header = "Subject: a\r\n\r\n\xc3\xa4\r\n", .ended = true},
      {.about = "no header at all", .header = "\r\nReceived: a\r\n", .ended = true},
  };
  for (const Case& c : cases) {
    for (std::size_t length : {1U, 2U, 7U, 1000U}) {
      HeaderWatch watch;
      for (std::size_t i = 0; i < c.header.size(); i += length)
        watch.take(std::string_view(c.header).substr(i, length));
      EXPECT_EQ(watch.received_fields(), c.received) << c.about;
      EXPECT_EQ(watch.ended(), c.ended) << c.about;
      EXPECT_EQ(watch.utf8(), c.utf8) << c.about;
    }
  }
}

TEST(HeaderWatch, counts_octets_up_to_the_empty_line) {
  for (std::size_t length : {1U, 3U, 1000U}) {
    HeaderWatch watch;
    std::string text = "A: b\r\nC: d\r\n\r\nbody body\r\n";
    for (std::size_t i = 0; i < text.size(); i += length) watch.take(std::string_view(text).substr(i, length));
    EXPECT_EQ(watch.octets(), text.find("body"));
  }
}

}  // namespace
}  // namespace postseal::smtpd
