// SPDX-License-Identifier: Apache-2.0
// What a session holds on to: ten thousand of them may be idle.
#include <malloc.h>

#include "protocol/smtpd/dialogue.h"
#include "protocol/smtpd/play_test.h"

namespace postseal::smtpd {
namespace {

std::size_t in_use() { return mallinfo2().uordblks; }

TEST(Memory, an_idle_session_is_well_under_a_kibibyte) {
  constexpr std::size_t kSessions = 1000;
  std::vector<Server> servers;
  servers.reserve(kSessions);
  auto settings = std::make_shared<const ServerSettings>(relay());
  std::size_t before = in_use();
  for (std::size_t i = 0; i < kSessions; ++i) {
    Server& server = servers.emplace_back(settings, *IpAddress::parse("192.0.2.1"));
    server.take_output();
    std::string talk = "EHLO me.test\r\nMAIL FROM:<a@here.test>\r\nRCPT TO:<b@there.test>\r\nBDAT 3 LAST\r\na\r\n" +
                       std::string(100, ' ');
    server.receive(talk);
    while (auto event = server.next_event()) {
      if (!std::holds_alternative<MessagePiece>(*event)) server.accept();
    }
    server.take_output();
    std::string rest = "\r\n";
    server.receive(rest);
    while (server.next_event()) {
    }
    server.take_output();
  }
  RecordProperty("octets", static_cast<int>((in_use() - before) / kSessions));
  EXPECT_LT((in_use() - before) / kSessions, 800);
}

// A20, A23: what a client can make us keep has bounds.
TEST(Memory, A20_a_session_stays_small_whatever_comes) {
  ServerSettings settings = relay();
  settings.limits.message_size = 1000000;
  const std::string texts[] = {std::string(65536, 'x'), std::string(65536, '\r'), std::string(65536, '\n'),
                               std::string(65536, '\0'), std::string(65536, '.')};
  for (const std::string& text : texts) {
    for (bool in_message : {false, true}) {
      Play play(settings);
      if (in_message) {
        up_to_data(play);
      } else {
        hello(play);
      }
      std::size_t before = in_use();
      for (int i = 0; i < 100 && play.server.wants_input(); ++i) {
        play.server.receive(text);
        while (play.server.next_event()) {
        }
        ASSERT_LT(in_use(), before + 100000);
      }
      play.said();
      play.happened();
    }
  }
}

}  // namespace
}  // namespace postseal::smtpd
