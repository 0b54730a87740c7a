// SPDX-License-Identifier: Apache-2.0
// Our client speaks to our server: whatever it sends arrives octet by octet, however the stream is cut. And: however a
// client's octets are cut, the server hears and says the same.
#include <random>

#include "protocol/smtp/client.h"
#include "protocol/smtpd/play_test.h"

namespace postseal::smtpd {
namespace {

class Wire {
 public:
  Wire(bool chunking, unsigned seed)
      : random_(seed),
        client_({.helo_name = "me.test", .use_chunking = chunking}),
        server_(relay(), *IpAddress::parse("192.0.2.1")) {}

  /// What the server received, for each message that it accepted.
  std::vector<std::string> carry(const std::vector<std::string>& messages) {
    for (int idle = 0; idle < 2;) {
      bool served = serve(), talked = talk(messages);
      idle = served || talked ? 0 : idle + 1;
    }
    EXPECT_TRUE(quitted_);
    return accepted_;
  }

 private:
  /// A prefix of random length.
  std::string cut(std::string& stream) {
    std::size_t length = std::min<std::size_t>(stream.size(), 1 + random_() % (random_() % 2 == 0 ? 5 : 400));
    std::string piece = stream.substr(0, length);
    stream.erase(0, length);
    return piece;
  }

  bool serve() {
    to_client_ += server_.take_output();
    bool moved = !to_server_.empty() && server_.wants_input();
    std::string piece;
    if (moved) server_.receive(piece = cut(to_server_));
    while (auto event = server_.next_event()) {
      moved = true;
      if (auto* part = std::get_if<MessagePiece>(&*event)) {
        received_ += part->bytes;
      } else if (auto* end = std::get_if<MessageEnd>(&*event)) {
        EXPECT_EQ(end->size, received_.size());
        accepted_.push_back(std::exchange(received_, {}));
        server_.accept();
      } else if (std::holds_alternative<SessionOver>(*event)) {
        EXPECT_TRUE(std::get<SessionOver>(*event).quit);
      } else {
        EXPECT_FALSE(std::holds_alternative<MessageAborted>(*event)) << show(*event);
        server_.accept();
      }
    }
    to_client_ += server_.take_output();
    return moved;
  }

  bool talk(const std::vector<std::string>& messages) {
    to_server_ += client_.take_output();
    bool moved = !to_client_.empty();
    if (moved) client_.receive(cut(to_client_));
    while (auto event = client_.next_event()) {
      moved = true;
      if (std::holds_alternative<smtp::BodyDue>(*event)) {
        std::string piece = cut(body_);
        client_.body(piece, body_.empty());
      } else if (std::holds_alternative<smtp::Quitted>(*event)) {
        quitted_ = true;
      } else {
        EXPECT_FALSE(std::holds_alternative<smtp::SessionEnd>(*event));
        if (auto* end = std::get_if<smtp::TransactionEnd>(&*event)) {
          for (const auto& recipient : end->recipients) {
            EXPECT_TRUE(recipient.accepted) << recipient.reply.to_string();
          }
        }
        if (sent_ == messages.size()) {
          client_.quit();
        } else {
          body_ = messages[sent_++];
          smtp::Transaction transaction;
          transaction.from = Mailbox::parse("a@here.test").value();
          for (unsigned i = 0; i <= random_() % 3; ++i) {
            transaction.recipients.push_back(Mailbox::parse("b@there.test").value());
          }
          transaction.size = body_.size();
          transaction.dsn = {.envelope_id = "x+2By", .ret = "HDRS", .notify = "FAILURE"};
          client_.begin(transaction);
        }
      }
      to_server_ += client_.take_output();
    }
    return moved;
  }

  std::mt19937 random_;
  smtp::Client client_;
  Server server_;
  std::string to_client_, to_server_, body_, received_;
  std::vector<std::string> accepted_;
  std::size_t sent_ = 0;
  bool quitted_ = false;
};

std::string random_message(std::mt19937& random) {
  std::string message = "Subject: x\r\n\r\n";
  for (unsigned line = random() % 30; line > 0; --line) {
    switch (random() % 6) {
      case 0:
        message += '.';
        break;
      case 1:
        message += "..";
        break;
      case 2:
        message += std::string(random() % 998, 'x');
        break;
      case 3:
        message += "\xc3\xa4 . \t";
        break;
      case 4:
        message += ".\r\nMAIL FROM:<evil@here.test>";
        break;
      default:
        break;
    }
    message += "\r\n";
  }
  return message;
}

// RFC 5321 §4.5.2, RFC 3030 §2 (A19)
TEST(RoundTrip, A19_what_our_client_sends_our_server_receives_octet_by_octet) {
  std::mt19937 random(7);
  for (unsigned round = 0; round < 300; ++round) {
    std::vector<std::string> messages;
    for (unsigned i = 0; i <= random() % 3; ++i) messages.push_back(random_message(random));
    EXPECT_EQ(Wire(round % 2 == 1, round).carry(messages), messages) << "round " << round;
  }
}

struct Transcript {
  std::string said;
  std::vector<std::string> happened;
  bool operator==(const Transcript&) const = default;
};

Transcript listen(std::string_view wire, std::size_t cut) {
  Server server(relay(), *IpAddress::parse("192.0.2.1"));
  Transcript transcript;
  transcript.said = server.take_output();
  std::string pieces;
  auto flush = [&] {
    if (!pieces.empty()) transcript.happened.push_back("piece " + std::exchange(pieces, {}));
  };
  for (std::size_t i = 0; i < wire.size(); i += cut) {
    std::string block(wire.substr(i, cut));
    server.receive(block);
    while (auto event = server.next_event()) {
      if (auto* piece = std::get_if<MessagePiece>(&*event)) {
        pieces += piece->bytes;
        continue;
      }
      flush();
      transcript.happened.push_back(show(*event));
      bool asks = std::holds_alternative<MailDue>(*event) || std::holds_alternative<RecipientDue>(*event) ||
                  std::holds_alternative<MessageDue>(*event) || std::holds_alternative<MessageEnd>(*event);
      if (asks) server.accept();
    }
    transcript.said += server.take_output();
  }
  flush();
  return transcript;
}

TEST(RoundTrip, how_the_stream_is_cut_changes_nothing) {
  std::string wire =
      "EHLO me.test\r\nNOOP\r\nMAIL FROM:<a@here.test> SIZE=10\r\nRCPT TO:<b@there.test>\r\nXYZZY\r\n"
      "BDAT 5\r\na\r\n.\rBDAT 5\r\n\n..b\r"
      "BDAT 3 LAST\r\n\n\r\nMAIL FROM:<a@here.test>\r\nRCPT TO:<b@there.test>\r\n"
      "BDAT 9\r\na\nbQUIT\r\nRSET\r\nBDAT 2 LAST\r\nxxVRFY a\r\nMAIL FROM:<a\nb@c>\r\n" +
      std::string(3000, 'x') + "\r\nRSET\r\nBDAT 0\r\nQUIT\r\nNOOP\r\n";
  Transcript whole = listen(wire, wire.size());
  EXPECT_EQ(whole.happened.back(), "over quit");
  for (std::size_t cut = 1; cut < 100; ++cut) {
    Transcript other = listen(wire, cut);
    EXPECT_EQ(other.said, whole.said) << cut;
    // A message that is refused may have given some of its text away before; how much depends on the cuts.
    std::erase_if(other.happened, [](const std::string& each) { return each == "piece a"; });
    EXPECT_EQ(other.happened, whole.happened) << cut;
  }
}

}  // namespace
}  // namespace postseal::smtpd
