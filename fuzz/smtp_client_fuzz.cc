// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/smtp vocab
// The client engine against a server that says anything. The first octets choose how the client is set up and how the
// rest is cut into segments; the rest is what the server says. Whatever that is: nothing but clean lines goes out, no
// body before a go-ahead, one end for each transaction, no success without a 2xx, silence after the end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/smtp/client.h"

using namespace postseal;
using namespace postseal::smtp;

namespace {

void must(bool held) {
  if (!held) std::abort();
}

constexpr std::string_view kBody = "Subject: x\r\n\r\n.\r\n..a\r\nMAIL FROM:<>\r\n\r\n.";

class Driver {
 public:
  Driver(ClientSettings settings, std::uint8_t choice)
      : chunking_(settings.use_chunking), choice_(choice), client_(std::move(settings)) {}

  void hear(std::string_view segment) {
    go_ahead_heard_ = go_ahead_heard_ || segment.find('3') != std::string_view::npos;
    client_.receive(segment);
    act();
  }

  void hang_up() {
    if (choice_ & 0x80) {
      client_.timed_out();
    } else {
      client_.peer_closed();
    }
    act();
    must(ended_ || quitted_);
    client_.receive("250 ok\r\n");
    must(!client_.next_event() && client_.take_output().empty());
    // Too late: the outcomes come all the same, and nothing is sent.
    client_.begin(letter());
    auto late = client_.next_event();
    must(late && std::holds_alternative<SessionEnd>(*late));
    check(std::get<SessionEnd>(*late).transaction);
    must(!client_.next_event() && client_.take_output().empty());
  }

 private:
  Transaction letter() const {
    Transaction transaction;
    if (choice_ & 1) transaction.from = Mailbox::parse("a@here.test").value();
    for (int i = 0; i <= (choice_ & 2); ++i) transaction.recipients.push_back(Mailbox::parse("b@there.test").value());
    if (choice_ & 4) transaction.recipients.push_back(Mailbox::parse("\xc3\xa4@other.test").value());
    transaction.eight_bit = choice_ & 8;
    transaction.size = choice_ & 16 ? kBody.size() + 2 : 0;
    if (choice_ & 32) transaction.dsn = {.envelope_id = "1", .ret = "FULL", .notify = "NEVER"};
    return transaction;
  }

  void send() {
    std::string out = client_.take_output();
    must(!(ended_ || in_handshake_) || out.empty() || quitting_);
    for (char c : out) {
      // CR and LF only together, in commands and in the body.
      must((last_ == '\r') == (c == '\n') && c != '\0');
      last_ = c;
    }
    if (!in_body_) must(last_ == '\n');
  }

  void act() {
    for (;;) {
      send();
      std::optional<Event> event = client_.next_event();
      if (!event) break;
      std::visit([this](const auto& happened) { take(happened); }, *event);
    }
    send();
    // While anything is due, a timer runs; when all is over, none does.
    if (open_transactions_ > 0 && !ended_) must(client_.timer() != Timer::None);
    if (ended_ && !quitting_) must(client_.timer() == Timer::None);
  }

  void begin() {
    if (++begun_ > 5) {
      quitting_ = true;
      client_.quit();
      return;
    }
    ++open_transactions_;
    sent_body_ = 0;
    client_.begin(letter());
  }

  void take(const Ready& ready) {
    must(!ended_);
    must(ready.capabilities == client_.capabilities());
    if (ready.capabilities.starttls && !tls_) {
      client_.begin_tls();
    } else {
      begin();
    }
  }
  void take(const HandshakeDue&) {
    must(!tls_ && client_.capabilities() == Capabilities{});
    send();
    tls_ = true;
    in_handshake_ = choice_ & 64;
    if (!in_handshake_) client_.tls_established();
  }
  void take(const BodyDue&) {
    must(open_transactions_ == 1 && !ended_ && (go_ahead_heard_ || (chunking_ && client_.capabilities().chunking)));
    in_body_ = true;
    std::string_view rest = kBody.substr(sent_body_);
    std::size_t length = std::min<std::size_t>(rest.size(), 1U + (choice_ & 31U));
    sent_body_ += length;
    bool last = sent_body_ == kBody.size();
    client_.body(rest.substr(0, length), last);
    if (last) in_body_ = false;
  }
  void take(const TransactionEnd& end) {
    must(open_transactions_ == 1);
    check(end.recipients);
    open_transactions_ = 0;
    // A refused chunk may have ended within a line; its octets were counted, so that a command can follow.
    if (std::exchange(in_body_, false)) {
      must(chunking_);
      last_ = '\n';
    }
    if (end.reusable) {
      begin();
    } else {
      quitting_ = true;
      client_.quit();
    }
  }
  void take(const SessionEnd& end) {
    must(!ended_ && end.failure != SessionFailure::MessageBroken && !end.reason.empty());
    must(!end.in_doubt || sent_body_ == kBody.size());
    if (open_transactions_ > 0 || !end.transaction.empty()) check(end.transaction);
    open_transactions_ = 0;
    ended_ = true;
    in_body_ = false;
    last_ = '\n';
  }
  void take(const Quitted&) { quitted_ = ended_ = true; }

  void check(const std::vector<RecipientOutcome>& outcomes) {
    must(outcomes.size() == letter().recipients.size());
    for (const RecipientOutcome& outcome : outcomes) {
      must(outcome.reply.code >= 200 && !outcome.reply.lines.empty());
      // Accepted means: 2xx to the whole message. Anything positive elsewhere is no success.
      if (outcome.accepted)
        must(outcome.reply.code < 300 && outcome.stage == Stage::Body && sent_body_ == kBody.size());
      if (!outcome.accepted) must(outcome.reply.code >= 400);
    }
  }

  bool chunking_;
  std::uint8_t choice_;
  Client client_;
  char last_ = '\n';
  std::size_t sent_body_ = 0;
  int begun_ = 0, open_transactions_ = 0;
  bool go_ahead_heard_ = false, in_body_ = false, in_handshake_ = false, tls_ = false;
  bool ended_ = false, quitted_ = false, quitting_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  ClientSettings settings{.dialect = data[0] & 1 ? Dialect::Lmtp : Dialect::Smtp,
                          .helo_name = "me.test",
                          .use_chunking = (data[0] & 2) != 0};
  Driver driver(std::move(settings), data[1]);
  // 0: a segment for each line, as an honest server does; else segments of so many octets.
  std::size_t piece = data[2];
  std::string_view said(reinterpret_cast<const char*>(data) + 3, size - 3);
  while (!said.empty()) {
    std::size_t length = piece > 0 ? std::min(piece, said.size()) : std::min(said.find('\n'), said.size() - 1) + 1;
    driver.hear(said.substr(0, length));
    said.remove_prefix(length);
  }
  driver.hang_up();
  return 0;
}
