// SPDX-License-Identifier: Apache-2.0
#include "lab/mail_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>

#include "lab/pause.h"

namespace postseal::lab {

namespace {

using std::chrono::seconds;

constexpr std::size_t kMaxLine = 64 * 1024;
constexpr std::size_t kMaxLetter = 64 * 1024 * 1024;
using namespace std::string_view_literals;
constexpr auto kGarbage = "\x00\x80\xff HTTP/1.1 400 Bad Request\n\r\n\x16\x03"sv;
/// A fatal alert, handshake_failure (RFC 8446 §6).
constexpr auto kAlert = "\x15\x03\x03\x00\x02\x02\x28"sv;

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

/// "FROM:<a@b> SIZE=1" gives "a@b" and "SIZE=1".
struct Path {
  std::string mailbox, parameters;
};
std::optional<Path> parse_path(std::string_view argument, std::string_view label) {
  if (upper(argument.substr(0, label.size())) != label) return std::nullopt;
  argument.remove_prefix(label.size());
  const auto end = argument.rfind('>');
  if (!argument.starts_with('<') || end == std::string_view::npos) return std::nullopt;
  std::string_view parameters = argument.substr(end + 1);
  if (parameters.starts_with(' ')) parameters.remove_prefix(1);
  return Path{std::string(argument.substr(1, end - 1)), std::string(parameters)};
}

/// RFC 9422: the value of a limit in the keywords of this server.
std::optional<std::uint32_t> limit_of(const MailServerSpec& spec, std::string_view name) {
  for (const std::string& keyword : spec.with) {
    const auto at = keyword.find(fmt::format("{}=", name));
    if (!keyword.starts_with("LIMITS") || at == std::string::npos) continue;
    std::uint32_t value = 0;
    const char* begin = keyword.data() + at + name.size() + 1;
    if (std::from_chars(begin, keyword.data() + keyword.size(), value).ec == std::errc{}) return value;
  }
  return std::nullopt;
}

bool has_bare_line_end(std::string_view body) {
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '\n' && (i == 0 || body[i - 1] != '\r')) return true;
    if (body[i] == '\r' && (i + 1 == body.size() || body[i + 1] != '\n')) return true;
  }
  return false;
}

bool has_eight_bit(std::string_view body) {
  return std::ranges::any_of(body, [](unsigned char c) { return c > 127; });
}

std::string unstuff(std::string_view dotted) {
  std::string body;
  body.reserve(dotted.size());
  bool line_start = true;
  for (const char c : dotted) {
    if (!(line_start && c == '.')) body += c;
    line_start = c == '\n';
  }
  return body;
}

}  // namespace

MailSession::MailSession(const MailServer& server, std::unique_ptr<net::Stream> stream)
    : server_(server),
      stream_(std::move(stream)),
      session_(server.log().open_session(server.host())),
      script_(server.spec()) {}

Awaitable<void> MailSession::run() {
  if (server_.spec().starttls == "implicit" && !co_await handshake()) co_return;
  if (!co_await greet()) co_return;
  while (auto line = co_await read_line()) {
    if (!co_await obey(std::move(*line))) co_return;
  }
}

Awaitable<bool> MailSession::greet() {
  const std::string usual = fmt::format("220 {} ESMTP postseal lab", server_.host().ascii());
  co_return co_await enact(script_.at("connect", usual));
}

Awaitable<bool> MailSession::obey(std::string line) {
  const auto blank = line.find(' ');
  const std::string verb = upper(line.substr(0, blank));
  std::string argument = blank == std::string::npos ? "" : line.substr(blank + 1);

  // RFC 3030 §3: between chunks there is nothing but more chunks, or the end of it.
  if (chunking_ && verb != "BDAT" && verb != "RSET" && verb != "QUIT" && verb != "NOOP") {
    co_return co_await reply("503 5.5.1 a chunk is due");
  }
  if (verb == "EHLO") co_return co_await hello(true);
  if (verb == "HELO") co_return co_await hello(false);
  if (verb == "STARTTLS") co_return co_await start_tls();
  if (verb == "MAIL") co_return co_await mail(std::move(argument));
  if (verb == "RCPT") co_return co_await recipient(std::move(argument));
  if (verb == "DATA") co_return co_await data();
  if (verb == "BDAT") co_return co_await chunk(std::move(argument));
  if (verb == "RSET") {
    forget_letter();
    co_return co_await reply("250 2.0.0 reset");
  }
  if (verb == "NOOP") co_return co_await reply("250 2.0.0 ok");
  if (verb == "VRFY") co_return co_await reply("252 2.1.5 try it");
  if (verb == "QUIT") {
    co_await reply("221 2.0.0 bye");
    co_return false;
  }
  co_return co_await reply("500 5.5.1 what is that?");
}

Awaitable<bool> MailSession::hello(bool extended) {
  forget_letter();
  if (extended && !server_.spec().ehlo) co_return co_await enact(script_.at("ehlo", "502 5.5.1 HELO only"));
  std::vector<std::string> lines{server_.host().ascii()};
  if (extended) {
    const auto keywords = ehlo_keywords(server_.spec(), tls_);
    lines.insert(lines.end(), keywords.begin(), keywords.end());
  }
  std::string usual = format_reply(250, lines);
  usual.erase(usual.size() - 2);
  co_return co_await enact(script_.at("ehlo", usual));
}

Awaitable<bool> MailSession::start_tls() {
  const MailServerSpec& spec = server_.spec();
  const bool available = spec.starttls == "offered" || spec.starttls == "injected";
  if (tls_ || !available) co_return co_await reply("502 5.5.1 no TLS here");
  // A04: commands smuggled in behind STARTTLS must never run inside TLS.
  if (!buffer_.empty()) {
    co_await reply("554 5.5.0 bytes behind STARTTLS");
    co_return false;
  }
  Answer answer = script_.at("starttls", "220 2.0.0 go ahead");
  // A03: a reply that a man in the middle slips in before the handshake, to be taken for one from under TLS.
  if (spec.starttls == "injected") answer.text += "\r\n250-injected.example\r\n250-SIZE 1\r\n250 AUTH PLAIN";
  const bool goes_ahead = answer.act == Act::Reply && answer.code() == 220;
  if (!co_await enact(std::move(answer))) co_return false;
  co_return goes_ahead ? co_await handshake() : true;
}

/// A14: whatever comes back is logged as plaintext, which it is: an alert, or more than there should be.
Awaitable<void> MailSession::play(const HelloScript* script) {
  std::string hello;
  std::array<char, 4096> piece;
  while (!HelloScript::hello_size(hello)) {
    const auto count = co_await stream_->read_some(piece, no_hurry());
    if (!count) co_return;
    hello.append(piece.data(), *count);
  }
  const std::string flight = script->answer(hello);
  if (!co_await stream_->write_all(flight, no_hurry())) co_return;
  while (buffer_.size() < kMaxLine && co_await read_more()) {
  }
}

Awaitable<bool> MailSession::handshake() {
  if (const HelloScript* script = server_.hello_script()) {
    co_await play(script);
    co_return false;
  }
  const std::string& manner = server_.spec().handshake;
  if (manner == "hang") {
    co_await swallow(stream_.get());
    co_return false;
  }
  if (manner != "normal") {
    std::array<char, 4096> hello;
    if (!co_await stream_->read_some(hello, no_hurry())) co_return false;
    if (manner == "reset") {
      stream_->reset();
    } else {
      co_await stream_->write_all(manner == "alert" ? kAlert : std::string_view("250 2.0.0 TLS? no.\r\n"), no_hurry());
      co_await swallow(stream_.get());
    }
    co_return false;
  }
  auto session = co_await server_.tls().start(std::move(stream_), no_hurry());
  if (!session) co_return false;
  stream_ = std::move(session->stream);
  server_.log().handshake(session_, session->version, session->sni, session->resumed);
  tls_ = true;
  // RFC 3207 §4.2: both sides forget what was said before.
  forget_letter();
  co_return true;
}

Awaitable<bool> MailSession::mail(std::string argument) {
  const auto path = parse_path(argument, "FROM:");
  if (!path) co_return co_await reply("501 5.5.4 MAIL FROM:<address>");
  if (letter_) co_return co_await reply("503 5.5.1 one at a time");
  const auto mail_max = limit_of(server_.spec(), "MAILMAX");
  if (mail_max && letters_ >= *mail_max) co_return co_await reply("421 4.7.0 over my LIMITS");
  const Answer answer = script_.at("mail", "250 2.1.0 ok");
  if (answer.act == Act::Reply && answer.code() == 250) {
    ++letters_;
    letter_.emplace();
    letter_->from = path->mailbox;
    letter_->mail_parameters = path->parameters;
    letter_->tls = tls_;
  }
  co_return co_await enact(answer);
}

Awaitable<bool> MailSession::recipient(std::string argument) {
  const auto path = parse_path(argument, "TO:");
  if (!path) co_return co_await reply("501 5.5.4 RCPT TO:<address>");
  server_.log().recipient(session_, path->mailbox);
  if (!letter_) co_return co_await reply("503 5.5.1 MAIL first");
  const auto rcpt_max = limit_of(server_.spec(), "RCPTMAX");
  if (rcpt_max && letter_->recipients.size() >= *rcpt_max) co_return co_await reply("452 4.5.3 over my LIMITS");
  const Answer answer = script_.at("rcpt", "250 2.1.5 ok");
  if (answer.act == Act::Reply && answer.code() / 100 == 2) letter_->recipients.push_back(path->mailbox);
  co_return co_await enact(answer);
}

Awaitable<bool> MailSession::data() {
  if (!letter_ || letter_->recipients.empty()) co_return co_await reply("554 5.5.1 no valid recipients");
  const Answer answer = script_.at("data", "354 end with a dot");
  const bool wanted = answer.code() == 354;
  if (!co_await enact(answer)) co_return false;
  if (!wanted) co_return true;
  auto dotted = co_await read_dotted();
  if (!dotted) co_return false;
  letter_->body = unstuff(*dotted);
  co_return co_await end_of_letter();
}

Awaitable<bool> MailSession::chunk(std::string argument) {
  std::uint64_t size = 0;
  const char* end = argument.data() + argument.size();
  const auto [rest, error] = std::from_chars(argument.data(), end, size);
  const std::string tail = upper(std::string_view(rest, static_cast<std::size_t>(end - rest)));
  if (error != std::errc{} || size > kMaxLetter || (!tail.empty() && tail != " LAST")) {
    co_await reply("501 5.5.4 BDAT size [LAST]");
    co_return false;
  }
  const std::size_t before = buffer_.size();
  server_.log().body_bytes(session_, std::min<std::uint64_t>(before, size));
  while (buffer_.size() < size) {
    const std::size_t had = buffer_.size();
    if (!co_await read_more()) co_return false;
    if (leaves_midway()) co_return false;
    server_.log().body_bytes(session_, std::min<std::uint64_t>(buffer_.size(), size) - had);
  }
  const std::string piece = buffer_.substr(0, size);
  if (leaves_midway()) co_return false;
  buffer_.erase(0, size);
  // RFC 3030 §2: a chunk without a valid recipient is taken in and refused.
  if (!letter_ || letter_->recipients.empty()) co_return co_await reply("554 5.5.1 no valid recipients");
  letter_->body += piece;
  chunking_ = tail.empty();
  if (chunking_) co_return co_await reply("250 2.0.0 next");
  co_return co_await end_of_letter();
}

Awaitable<bool> MailSession::end_of_letter() {
  const std::string parameters = upper(letter_->mail_parameters);
  const bool eight_bit_agreed =
      parameters.find("BODY=8BITMIME") != std::string::npos || parameters.find("SMTPUTF8") != std::string::npos;
  std::string usual = fmt::format("250 2.0.0 taken as {}-{}", session_, letters_);
  // RFC 5321 §2.3.8 and RFC 6152 §3: an honest server holds the sender to them.
  if (has_bare_line_end(letter_->body)) usual = "550 5.6.0 bare CR or LF";
  if (has_eight_bit(letter_->body) && !eight_bit_agreed) usual = "554 5.6.1 8-bit bytes without 8BITMIME";
  Answer answer = script_.at("body", usual);
  letter_->accepted = (answer.act == Act::Reply || answer.act == Act::Tarpit) && answer.code() / 100 == 2;
  server_.log().letter(session_, *letter_);
  forget_letter();
  co_return co_await enact(std::move(answer));
}

Awaitable<bool> MailSession::reply(std::string text) { co_return co_await enact({Act::Reply, std::move(text), false}); }

Awaitable<bool> MailSession::enact(Answer answer) {
  switch (answer.act) {
    case Act::Reply: {
      const int code = answer.code();
      answer.text += "\r\n";
      const bool sent = (co_await stream_->write_all(answer.text, no_hurry())).has_value();
      // RFC 5321 §3.8: 421 is followed by the end of the connection.
      co_return sent&& code != 421;
    }
    case Act::Tarpit:
      answer.text += "\r\n";
      for (const char& byte : answer.text) {
        if (!co_await stream_->write_all(std::string_view(&byte, 1), no_hurry())) co_return false;
        co_await pause(seconds(1));
      }
      co_return true;
    case Act::Garbage:
      co_await stream_->write_all(kGarbage, no_hurry());
      co_await swallow(stream_.get());
      co_return false;
    case Act::Hang:
      co_await swallow(stream_.get());
      co_return false;
    case Act::Reset:
    case Act::ResetMidway:
      stream_->reset();
      co_return false;
    case Act::Drop:
    case Act::DropMidway:
      stream_->close();
      co_return false;
  }
  co_return false;
}

Awaitable<bool> MailSession::read_more() {
  std::array<char, 16 * 1024> piece;
  const auto count = co_await stream_->read_some(piece, no_hurry());
  if (!count) co_return false;
  const std::string_view bytes(piece.data(), *count);
  server_.log().received(session_, bytes, tls_);
  buffer_ += bytes;
  co_return true;
}

Awaitable<std::optional<std::string>> MailSession::read_line() {
  while (true) {
    const auto end = buffer_.find("\r\n");
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      co_return line;
    }
    if (buffer_.size() > kMaxLine || !co_await read_more()) co_return std::nullopt;
  }
}

/// RFC 5321 §4.1.1.4: only CRLF.CRLF ends it; a dot in the very first line does too.
Awaitable<std::optional<std::string>> MailSession::read_dotted() {
  std::string text = "\r\n";
  std::size_t scanned = 0;
  while (true) {
    server_.log().body_bytes(session_, buffer_.size());
    text += buffer_;
    buffer_.clear();
    const auto end = text.find("\r\n.\r\n", scanned);
    if (text.size() > 2 && leaves_midway()) co_return std::nullopt;
    if (end != std::string::npos) {
      buffer_ = text.substr(end + 5);
      co_return text.substr(2, end);
    }
    scanned = text.size() < 4 ? 0 : text.size() - 4;
    if (text.size() > kMaxLetter || !co_await read_more()) co_return std::nullopt;
  }
}

/// The script may want the connection to end while the letter is under way.
bool MailSession::leaves_midway() {
  const Act act = script_.upcoming("body");
  if (act != Act::DropMidway && act != Act::ResetMidway) return false;
  if (act == Act::ResetMidway) {
    stream_->reset();
  } else {
    stream_->close();
  }
  return true;
}

void MailSession::forget_letter() {
  letter_.reset();
  chunking_ = false;
}

}  // namespace postseal::lab
