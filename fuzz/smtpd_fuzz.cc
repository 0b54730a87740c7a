// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/smtpd vocab
// The server engine against a client that says anything. The first octets choose how the server is set up, what the
// driver answers, and how the rest is cut into segments; the rest is what the client says. Whatever that is: nothing
// but clean lines go out, events come in an order that makes sense, no message has a bare CR, LF or NUL or is longer
// than the limit, nothing happens while an answer is due, silence after the end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/smtpd/server.h"

using namespace postseal;
using namespace postseal::smtpd;

namespace {

void must(bool held) {
  if (!held) std::abort();
}

constexpr std::uint64_t kLimit = 300;

ServerSettings settings_for(std::uint8_t choice) {
  ServerSettings settings{.hostname = "mx.test"};
  if (choice & 1) settings.role = Role::Submission;
  settings.implicit_tls = choice & 2;
  settings.tls_available = !(choice & 4);
  settings.offer_auth = choice & 8;
  settings.channel_binding = choice & 16;
  settings.xclient = choice & 32;
  if (choice & 64) settings.limits = {.errors = 5, .idle_commands = 5, .auth_failures = 2};
  settings.limits.recipients = 3;
  settings.limits.message_size = kLimit;
  settings.limits.header_octets = 100;
  settings.limits.received_fields = 2;
  return settings;
}

class Driver {
 public:
  Driver(std::uint8_t choice, std::uint8_t answers)
      : answers_(answers), server_(settings_for(choice), IpAddress::v4({192, 0, 2, 1})) {
    if (choice & 2) server_.tls_established({.channel_binding = "binding", .channel_binding_type = "tls-exporter"});
    // Now and then the client talks before it is greeted.
    if (!(choice & 128)) send();
  }

  void hear(std::string_view segment) {
    // Exactly so many octets on the heap, gone afterwards: nobody may look at them later.
    std::string block(segment);
    block.shrink_to_fit();
    server_.receive(block);
    act();
    if (answers_ & 128 && ++heard_ > 20) server_.shut_down();
  }

  void hang_up() {
    if (answers_ & 1) {
      server_.timed_out();
    } else {
      server_.peer_closed();
    }
    act();
    must(over_ && !server_.wants_input() && server_.timer() == Timer::None);
    server_.receive("NOOP\r\n");
    must(!server_.next_event() && server_.take_output().empty());
  }

 private:
  bool coin() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 33) % 4 != 0;
  }

  void send() {
    std::string out = server_.take_output();
    must(!said_goodbye_ || out.empty());
    if (over_) said_goodbye_ = true;
    std::string_view rest = out;
    while (!rest.empty()) {
      std::size_t end = rest.find("\r\n");
      must(end != std::string_view::npos && end >= 4 && end + 2 <= 512);
      std::string_view line = rest.substr(0, end);
      must(line[0] >= '2' && line[0] <= '5' && (line[3] == ' ' || line[3] == '-'));
      must(std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7f; }));
      rest.remove_prefix(end + 2);
    }
  }

  void act() {
    for (;;) {
      std::optional<Event> event = server_.next_event();
      send();
      if (!event) break;
      must(!over_);
      due_ = false;
      std::visit([this](const auto& happened) { take(happened); }, *event);
      if (due_) {
        must(!server_.wants_input() && !server_.next_event() && server_.timer() == Timer::None);
        answer(*event);
      }
    }
  }

  void answer(const Event& event) {
    bool yes = coin();
    Reply no{.code = coin() ? 550 : coin() ? 451 : 421, .status = {}, .lines = {"5.7.1 No\r\n250 yes", "\xff"}};
    if (std::holds_alternative<HandshakeDue>(event)) return server_.tls_established({.channel_binding = "binding"});
    if (std::holds_alternative<AuthDue>(event) || std::holds_alternative<AuthResponse>(event)) {
      if (coin() && !(answers_ & 4)) return server_.auth_challenge("challenge");
      if (!yes) return server_.auth_refused(no);
      return server_.auth_accepted("a@here.test", answers_ & 8 ? std::nullopt : std::optional<std::string>("v=x"));
    }
    if (!yes) {
      if (std::holds_alternative<MessageEnd>(event)) open_ = false;
      return server_.refuse(no);
    }
    if (std::holds_alternative<MailDue>(event)) open_ = true;
    if (std::holds_alternative<RecipientDue>(event)) ++recipients_;
    if (std::holds_alternative<MessageDue>(event)) receiving_ = true;
    if (std::holds_alternative<MessageEnd>(event)) open_ = false;
    server_.accept(answers_ & 2 ? "fine\r\nindeed" : "");
  }

  void take(const HandshakeDue&) {
    must(!server_.session().tls);
    open_ = false;
    due_ = true;
  }
  void take(const AuthDue& due) {
    must(server_.session().tls && server_.session().user.empty() && !due.mechanism.empty());
    due_ = true;
  }
  void take(const AuthResponse&) { due_ = true; }
  void take(const AuthCancelled&) { must(server_.session().user.empty()); }
  void take(const MailDue& due) {
    must(!receiving_ && !server_.session().helo.empty());
    must(!due.parameters.size || *due.parameters.size <= kLimit);
    must(!due.parameters.requiretls || server_.session().tls);
    if (due.from) must(due.parameters.smtputf8 || !due.from->needs_smtputf8());
    open_ = false;
    recipients_ = 0;
    due_ = true;
  }
  void take(const RecipientDue& due) {
    must(open_ && !receiving_ && recipients_ < 3);
    must(due.command.notify.find_first_of("\r\n") == std::string::npos);
    due_ = true;
  }
  void take(const MessageDue&) {
    must(open_ && !receiving_ && recipients_ > 0);
    size_ = 0;
    last_ = '\n';
    due_ = true;
  }
  void take(const MessagePiece& piece) {
    must(receiving_ && !piece.bytes.empty());
    for (char c : piece.bytes) {
      must((last_ == '\r') == (c == '\n') && c != '\0');
      last_ = c;
    }
    // A CR goes out together with its LF.
    must(last_ != '\r');
    size_ += piece.bytes.size();
    must(size_ <= kLimit + 2);
  }
  void take(const MessageEnd& end) {
    must(receiving_ && end.size == size_ && last_ == '\n');
    receiving_ = false;
    due_ = true;
  }
  void take(const MessageAborted& aborted) {
    must(receiving_ && !aborted.reason.empty());
    receiving_ = false;
    open_ = false;
  }
  void take(const SessionOver& over) {
    must(!receiving_ && !over.reason.empty());
    over_ = true;
    send();
  }

  std::uint8_t answers_;
  std::uint64_t state_ = answers_;
  Server server_;
  bool due_ = false, open_ = false, receiving_ = false, over_ = false, said_goodbye_ = false;
  int recipients_ = 0, heard_ = 0;
  std::uint64_t size_ = 0;
  char last_ = '\n';
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  Driver driver(data[0], data[1]);
  // 0: a segment for each line, as a polite client does; else segments of so many octets.
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
