// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/dialogue.h"

#include <utility>

#include "protocol/smtpd/command.h"
#include "protocol/smtpd/replies.h"
#include "vocab/ascii.h"

namespace postseal::smtpd {
namespace {

// RFC 5321 §4.5.3.1.4: 512 octets with CRLF; MAIL and RCPT grow by what each of their parameters may have, RFC 4954
// §4 asks for 12288 for AUTH.
constexpr std::size_t kMaxCommand = 2048;
constexpr std::size_t kMaxAuthLine = 12288;
// A line of such length is nobody's mistake (A20).
constexpr std::uint64_t kMaxDiscarded = 1024 * 1024;
// The first octet of a TLS record with a ClientHello in it.
constexpr char kTlsHandshake = 0x16;

}  // namespace

Server::Impl::Impl(std::shared_ptr<const ServerSettings> given, IpAddress peer)
    : settings_owner(std::move(given)), settings(*settings_owner) {
  session.peer = peer;
  // RFC 5321 §3.1, §4.2: the host name stands first in the greeting.
  output = reply::greeting(settings.hostname) + "\r\n";
}

void Server::Impl::receive(std::string_view bytes) {
  if (expecting == Expecting::Nothing || bytes.empty()) return;
  // RFC 5321 §4.3.1 SHOULD: the client waits for the greeting. Who does not is a program that hears nothing.
  if (!greeting_taken) {
    output.clear();
    say(reply::kEarlyTalker);
    return finish("spoke before the greeting");
  }
  // RFC 3207 §6 (A04): plaintext behind STARTTLS was never said inside TLS.
  if (owed == Owed::Handshake) return finish("plaintext behind STARTTLS: an attack");
  if (input.empty()) {
    input = bytes;
    input_borrowed = true;
    return;
  }
  keep_input();
  std::size_t used = static_cast<std::size_t>(input.data() - kept.data());
  kept.erase(0, used);
  kept += bytes;
  input = kept;
}

void Server::Impl::keep_input() {
  if (input.empty()) {
    kept = std::string();
    input = {};
    input_borrowed = false;
  } else if (std::exchange(input_borrowed, false)) {
    kept.assign(input);
    input = kept;
  }
}

std::string Server::Impl::take_output() {
  greeting_taken = true;
  return std::exchange(output, {});
}

std::optional<Event> Server::Impl::next_event() {
  std::optional<Event> event;
  while (!event && !aborted && !over && owed == Owed::Nothing && step(event)) {
  }
  // What was handed out before an end or an abort was handed out; told are they afterwards and once.
  if (!event && aborted) {
    event = MessageAborted{std::move(*aborted)};
    aborted.reset();
  } else if (!event && over) {
    event = std::move(*over);
    over.reset();
  }
  if (!event || owed != Owed::Nothing) keep_input();
  return event;
}

bool Server::Impl::step(std::optional<Event>& event) {
  bool moved = true;
  switch (expecting) {
    case Expecting::Command:
    case Expecting::AuthResponse:
    case Expecting::AuthFinal: {
      stop_if_asked();
      if (expecting == Expecting::Nothing) return true;
      std::optional<Line> line = next_line();
      if (expecting == Expecting::Nothing) return true;
      moved = line.has_value();
      if (!line) break;
      if (expecting == Expecting::AuthResponse) {
        take_auth_response(*line, event);
      } else if (expecting == Expecting::AuthFinal) {
        take_auth_final(*line, event);
      } else if (line->too_long) {
        // RFC 5321 §4.5.3.1.9 (A20): 500 for a line that is too long.
        say(reply::kLineTooLong);
      } else {
        take_command(line->text, event);
      }
      break;
    }
    case Expecting::Message:
    case Expecting::Chunk:
      moved = take_message(event);
      break;
    case Expecting::Nothing:
      return false;
  }
  if (!moved && peer_has_closed) {
    finish("closed by the client");
    return true;
  }
  return moved;
}

std::optional<Server::Impl::Line> Server::Impl::next_line() {
  // RFC 5321 §2.3.8 MUST NOT (A21): a line ends with CRLF; a CR or LF alone is part of it, and refused with it.
  std::size_t end = input.find("\r\n");
  std::size_t length = end == std::string_view::npos ? input.size() : end;
  bool auth = expecting != Expecting::Command || equals_ignoring_case(input.substr(0, 5), "auth ");
  bool too_long = discarding || length + 2 > (auth ? kMaxAuthLine : kMaxCommand);
  if (too_long && !discarding && expecting == Expecting::Command) {
    // A22: here, while the line's beginning is at hand. Where it is blanks alone, nobody knows what follows.
    std::string_view begun = input.substr(0, length);
    if (looks_like_bdat(begun) || (end == std::string_view::npos && trim(begun).size() < 4)) {
      refuse_bdat();
      return std::nullopt;
    }
  }
  if (end != std::string_view::npos) {
    Line line{.text = input.substr(0, end), .too_long = too_long};
    input.remove_prefix(end + 2);
    discarding = false;
    discarded = 0;
    return line;
  }
  // A18: a TLS client at a port without TLS waits for an answer that cannot be given.
  if (expecting == Expecting::Command && !discarding && input.starts_with(kTlsHandshake)) {
    say(reply::kNotSmtp);
    close(reply::kClosing, "a TLS ClientHello where commands are spoken");
    return std::nullopt;
  }
  if (too_long && !input.empty()) {
    discarding = true;
    // The last octet may be the CR of the line's end.
    std::size_t kept_octets = input.ends_with('\r') ? 1 : 0;
    discarded += input.size() - kept_octets;
    input.remove_prefix(input.size() - kept_octets);
    if (discarded > kMaxDiscarded) {
      say(reply::kLineTooLong);
      close(reply::kClosing, "a command line without end");
    }
  }
  return std::nullopt;
}

void Server::Impl::say(std::string_view line) {
  if (expecting == Expecting::Nothing) return;
  output += line;
  output += "\r\n";
  if (!line.starts_with('4') && !line.starts_with('5')) return;
  // A23: guessing of recipients and the like.
  if (++errors >= settings.limits.errors) close(reply::kTooManyErrors, "too many errors");
}

void Server::Impl::close(std::string_view line, std::string reason) {
  if (expecting == Expecting::Nothing) return;
  output += line;
  output += "\r\n";
  finish(std::move(reason));
}

void Server::Impl::finish(std::string reason, bool quit) {
  if (expecting == Expecting::Nothing) return;
  abort_message(reason);
  reception.reset();
  chunk.reset();
  expecting = Expecting::Nothing;
  owed = Owed::Nothing;
  input = {};
  keep_input();
  over = SessionOver{.quit = quit, .reason = std::move(reason)};
}

void Server::Impl::abort_message(std::string reason) {
  // A message that we have refused ourselves has been told of already.
  if (reception && reception->refusal.empty()) aborted = std::move(reason);
}

void Server::Impl::stop_if_asked() {
  // RFC 5321 §3.8: 421 may be said at any time; between two commands nobody loses anything by it.
  if (stopping && expecting == Expecting::Command && owed == Owed::Nothing) {
    close(reply::kShutDown, "the server is being stopped");
  }
}

}  // namespace postseal::smtpd
