#pragma once
// SPDX-License-Identifier: Apache-2.0
// Plays a written dialogue against the engine. One line each, with \r \n \0 \\ \xNN as escapes:
//
//   C: EHLO me       the client sends the line and CRLF    C= EHL       it sends these bytes, no more
//   S: 250 ok        the server has said this line         S* 250       it has said one that begins so
//   E: mail a@b      the event that comes, as show() writes it; pieces of a message in a row are one
//   X: accept        the driver calls: accept [TEXT], refuse CODE TEXT, tls, challenge TEXT, authenticated USER
//   [FINAL],
//                    denied, close, timeout, stop
//   T: command       the timer that governs now
//
// "C: MAIL …" and the like that ask the driver are answered by the script, unless the play is told to agree(): then it
// accepts everything that is due but MessageEnd. Before every C and X, and at the end, everything said and every event
// must have been named.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "protocol/smtpd/server.h"
#include "tests/escapes.h"

namespace postseal::smtpd {

using tests::unescape;

inline std::string show(const Event& event) {
  struct Shower {
    std::string operator()(const HandshakeDue&) { return "handshake-due"; }
    std::string operator()(const AuthDue& due) {
      return "auth " + due.mechanism + (due.initial ? " [" + *due.initial + "]" : "");
    }
    std::string operator()(const AuthResponse& response) { return "response [" + response.response + "]"; }
    std::string operator()(const AuthCancelled&) { return "auth-cancelled"; }
    std::string operator()(const MailDue& due) {
      const Parameters& p = due.parameters;
      return "mail <" + text_of(due.from) + ">" + (p.size ? " size " + std::to_string(*p.size) : "") +
             (p.eight_bit_mime ? " 8bit" : "") + (p.smtputf8 ? " utf8" : "") + (p.requiretls ? " requiretls" : "") +
             (p.ret.empty() ? "" : " ret " + p.ret) + (p.envelope_id.empty() ? "" : " envid " + p.envelope_id) +
             (p.auth.empty() ? "" : " auth " + p.auth);
    }
    std::string operator()(const RecipientDue& due) {
      const RecipientCommand& c = due.command;
      return "rcpt <" + c.mailbox.to_string() + ">" + (c.notify.empty() ? "" : " notify " + c.notify) +
             (c.original.empty() ? "" : " orcpt " + c.original);
    }
    std::string operator()(const MessageDue&) { return "message-due"; }
    std::string operator()(const MessagePiece& piece) { return "piece " + std::string(piece.bytes); }
    std::string operator()(const MessageEnd& end) {
      return "end " + std::to_string(end.size) + (end.eight_bit ? " 8bit" : "") + (end.utf8_headers ? " utf8" : "");
    }
    std::string operator()(const MessageAborted& aborted) { return "aborted " + aborted.reason; }
    std::string operator()(const SessionOver& over) { return over.quit ? "over quit" : "over " + over.reason; }
  };
  return std::visit(Shower{}, event);
}

inline std::string escape(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '\r') {
      result += "\\r";
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\0') {
      result += "\\0";
    } else {
      result += c;
    }
  }
  return result;
}

inline ServerSettings relay() { return {.hostname = "mx.test"}; }
inline ServerSettings submission() {
  return {.hostname = "mx.test", .role = Role::Submission, .offer_auth = true, .channel_binding = true};
}
inline TlsFacts tls_facts() {
  return {.version = "TLSv1.3", .channel_binding = "binding", .channel_binding_type = "tls-exporter"};
}

class Play {
 public:
  explicit Play(ServerSettings settings = relay()) : server(std::move(settings), *IpAddress::parse("192.0.2.1")) {}
  Play(const Play&) = delete;
  Play& operator=(const Play&) = delete;
  ~Play() { all_named(); }

  /// Every event that asks is accepted, but for MessageEnd; those events need no naming.
  Play& agree() {
    agreeing_ = true;
    return *this;
  }

  Play& operator()(std::string_view script) {
    std::size_t number = 0;
    while (!script.empty()) {
      std::string_view line = script.substr(0, script.find('\n'));
      script.remove_prefix(std::min(line.size() + 1, script.size()));
      ++number;
      if (line.empty()) continue;
      SCOPED_TRACE("script line " + std::to_string(number) + ": " + std::string(line));
      one(line.substr(0, 2), line.size() > 3 ? line.substr(3) : std::string_view());
    }
    return *this;
  }

  void send(std::string_view bytes) {
    arrived_ = bytes;
    server.receive(arrived_);
    run();
  }
  std::string said() { return std::exchange(said_, {}); }
  std::vector<std::string> happened() { return std::exchange(happened_, {}); }

  Server server;

 private:
  void one(std::string_view kind, std::string_view text) {
    if (kind == "S:" || kind == "S*") run();
    if (kind == "S:") return expect_said(std::string(text));
    if (kind == "S*") return expect_beginning(text);
    if (kind == "E:") {
      run();
      EXPECT_FALSE(happened_.empty()) << "no event";
      if (happened_.empty()) return;
      EXPECT_EQ(escape(happened_.front()), text);
      happened_.erase(happened_.begin());
      return;
    }
    if (kind == "T:") {
      EXPECT_EQ(to_string(server.timer()), text);
      return;
    }
    run();
    all_named();
    if (kind == "C:") return send(unescape(text) + "\r\n");
    if (kind == "C=") return send(unescape(text));
    if (kind == "X:") {
      call(text);
      return run();
    }
    ADD_FAILURE() << "unknown kind of line";
  }

  void run() {
    said_ += server.take_output();
    while (auto event = server.next_event()) {
      bool asks = std::holds_alternative<MailDue>(*event) || std::holds_alternative<RecipientDue>(*event) ||
                  std::holds_alternative<MessageDue>(*event);
      if (asks && agreeing_) {
        server.accept();
      } else if (auto* piece = std::get_if<MessagePiece>(&*event);
                 piece && !happened_.empty() && happened_.back().starts_with("piece ")) {
        happened_.back() += piece->bytes;
      } else {
        happened_.push_back(show(*event));
      }
    }
    said_ += server.take_output();
  }

  static std::string_view word(std::string_view& text) {
    std::string_view first = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(first.size() + 1, text.size()));
    return first;
  }

  void call(std::string_view text) {
    std::string_view what = word(text);
    if (what == "accept") return server.accept(unescape(text));
    if (what == "refuse") {
      int code = std::stoi(std::string(word(text)));
      return server.refuse({.code = code, .status = {}, .lines = {unescape(text)}});
    }
    if (what == "tls") return server.tls_established(tls_facts());
    if (what == "challenge") return server.auth_challenge(text);
    if (what == "authenticated") {
      std::string user(word(text));
      return server.auth_accepted(user, text.empty() ? std::nullopt : std::optional<std::string>(text));
    }
    if (what == "denied") {
      return server.auth_refused({.code = 535, .status = EnhancedStatus{5, 7, 8}, .lines = {"No"}});
    }
    if (what == "close") return server.peer_closed();
    if (what == "timeout") return server.timed_out();
    if (what == "stop") return server.shut_down();
    ADD_FAILURE() << "unknown call";
  }

  void expect_said(const std::string& line) {
    EXPECT_EQ(said_.substr(0, said_.find("\r\n")), line);
    said_.erase(0, std::min(said_.find("\r\n"), said_.size()));
    said_.erase(0, 2);
  }
  void expect_beginning(std::string_view beginning) {
    EXPECT_EQ(said_.substr(0, beginning.size()), beginning);
    said_.erase(0, std::min(said_.find("\r\n"), said_.size()));
    said_.erase(0, 2);
  }

  void all_named() {
    EXPECT_EQ(said_, "") << "said and not named";
    said_.clear();
    for (const std::string& event : happened_) ADD_FAILURE() << "event not named: " << event;
    happened_.clear();
  }

  bool agreeing_ = false;
  std::string arrived_, said_;
  std::vector<std::string> happened_;
};

/// The greeting and EHLO, whatever is offered.
inline void hello(Play& play) {
  play("S: 220 mx.test ESMTP\nC: EHLO me.test");
  play.said();
}

/// Up to the go-ahead for DATA, everything accepted.
inline void up_to_data(Play& play) {
  hello(play);
  play.agree()(R"(
C: MAIL FROM:<a@here.test>
S: 250 2.1.0 Ok
C: RCPT TO:<b@there.test>
S: 250 2.1.5 Ok
C: DATA
S* 354
)");
}

}  // namespace postseal::smtpd
