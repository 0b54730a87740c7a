#pragma once
// SPDX-License-Identifier: Apache-2.0
// Plays a written dialogue against the engine. One line each, with \r \n \0 \\ \xNN as escapes:
//
//   S: 250 ok        the server sends the line and CRLF        S= 250 o    it sends these bytes, no more
//   C: EHLO me       the client has sent this line             C= .\r\n    it has sent these bytes
//   X: begin         the driver calls: begin, begin-tls, tls, body TEXT, last TEXT, abort, quit, close, timeout
//   E: ready         the event that comes, as show() writes it
//   T: EHLO          the timer that governs now
//
// Before every S and X, and at the end, everything sent and every event must have been named.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "protocol/smtp/client.h"
#include "tests/escapes.h"

namespace postseal::smtp {

using tests::unescape;

inline Mailbox box(std::string_view text) {
  auto mailbox = Mailbox::parse(text);
  EXPECT_TRUE(mailbox) << text;
  return mailbox.value();
}

inline std::string show(const RecipientOutcome& outcome) {
  return std::string(outcome.accepted ? "accepted" : "refused") + '(' + std::string(to_string(outcome.stage)) + ' ' +
         std::to_string(outcome.reply.code) +
         (outcome.reply.status ? ' ' + outcome.reply.status->to_string() : std::string()) + ')';
}

inline std::string show(const std::vector<RecipientOutcome>& outcomes) {
  std::string text;
  for (const RecipientOutcome& outcome : outcomes) text += ' ' + show(outcome);
  return text;
}

inline std::string show(const Event& event) {
  struct Shower {
    std::string operator()(const Ready& ready) { return ready.capabilities.ehlo ? "ready" : "ready helo"; }
    std::string operator()(const HandshakeDue&) { return "handshake-due"; }
    std::string operator()(const BodyDue&) { return "body-due"; }
    std::string operator()(const TransactionEnd& end) {
      return "done" + show(end.recipients) + (end.reusable ? "" : " not-reusable");
    }
    std::string operator()(const SessionEnd& end) {
      return "end " + std::string(to_string(end.failure)) +
             (end.reply ? ' ' + std::to_string(end.reply->code) : std::string()) + show(end.transaction) +
             (end.in_doubt ? " in-doubt" : "");
    }
    std::string operator()(const Quitted&) { return "quitted"; }
  };
  return std::visit(Shower{}, event);
}

class Play {
 public:
  explicit Play(ClientSettings settings = {.helo_name = "me.test"}, Transaction transaction = {})
      : client(std::move(settings)), transaction_(std::move(transaction)) {}

  Play(const Play&) = delete;
  Play& operator=(const Play&) = delete;
  ~Play() { all_named(); }

  Play& operator()(std::string_view script) {
    std::size_t number = 0;
    while (!script.empty()) {
      std::string_view line = script.substr(0, script.find('\n'));
      script.remove_prefix(std::min(line.size() + 1, script.size()));
      ++number;
      if (line.empty()) continue;
      SCOPED_TRACE("script line " + std::to_string(number) + ": " + std::string(line));
      one(line.substr(0, 2), line.size() > 3 ? line.substr(3) : std::string_view());
      sent_ += client.take_output();
    }
    return *this;
  }

  /// The transaction of the next "X: begin".
  Play& with(Transaction transaction) {
    transaction_ = std::move(transaction);
    return *this;
  }

  Client client;

 private:
  void one(std::string_view kind, std::string_view text) {
    if (kind == "C:") return expect_sent(std::string(text) + "\r\n");
    if (kind == "C=") return expect_sent(unescape(text));
    if (kind == "E:") {
      auto event = client.next_event();
      EXPECT_EQ(event ? show(*event) : "nothing", text);
      return;
    }
    if (kind == "T:") {
      EXPECT_EQ(to_string(client.timer()), text);
      return;
    }
    all_named();
    if (kind == "S:") return client.receive(unescape(text) + "\r\n");
    if (kind == "S=") return client.receive(unescape(text));
    if (kind == "X:") return call(text);
    ADD_FAILURE() << "unknown kind of line";
  }

  void call(std::string_view what) {
    if (what == "begin") return client.begin(transaction_);
    if (what == "begin-tls") return client.begin_tls();
    if (what == "tls") return client.tls_established();
    if (what == "abort") return client.abort_body();
    if (what == "quit") return client.quit();
    if (what == "close") return client.peer_closed();
    if (what == "timeout") return client.timed_out();
    if (what.starts_with("body ")) return client.body(unescape(what.substr(5)), false);
    if (what.starts_with("last ")) return client.body(unescape(what.substr(5)), true);
    if (what == "last") return client.body("", true);
    ADD_FAILURE() << "unknown call";
  }

  void expect_sent(const std::string& expected) {
    EXPECT_EQ(sent_.substr(0, expected.size()), expected);
    sent_.erase(0, expected.size());
  }

  void all_named() {
    EXPECT_EQ(sent_, "") << "sent and not named";
    sent_.clear();
    while (auto event = client.next_event()) ADD_FAILURE() << "event not named: " << show(*event);
  }

  Transaction transaction_;
  std::string sent_;
};

/// A message from a@here.test to the given recipients.
inline Transaction letter(std::initializer_list<std::string_view> recipients) {
  Transaction transaction;
  transaction.from = box("a@here.test");
  for (std::string_view recipient : recipients) transaction.recipients.push_back(box(recipient));
  return transaction;
}

inline constexpr std::string_view kPlainHello = R"(
S: 220 mx.test ESMTP
C: EHLO me.test
S: 250 mx.test
E: ready
)";

inline constexpr std::string_view kPipelinedHello = R"(
S: 220 mx.test ESMTP
C: EHLO me.test
S: 250-mx.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 1000\r\n250 ENHANCEDSTATUSCODES
E: ready
)";

}  // namespace postseal::smtp
