// SPDX-License-Identifier: Apache-2.0
#include "flow/inbound/session.h"

#include "edge/net/proxy_header.h"
#include "flow/inbound/admission.h"
#include "flow/inbound/replies.h"
#include "flow/inbound/transaction.h"

namespace postseal::inbound {

using net::IoErrorCode;
using observe::Counter;
using observe::Level;
using settings::ListenerRole;

namespace {

constexpr std::size_t kReadBytes = std::size_t{16} * 1024;
constexpr std::chrono::seconds kProxyHeaderTime{10};
/// RFC 5321 has no timer for it: as long as OpenSSL's own tools wait, and a client on a bad line needs.
constexpr std::chrono::seconds kHandshakeTime{60};
/// The last reply of a session that ends is a courtesy.
constexpr std::chrono::seconds kFarewellTime{5};
constexpr std::chrono::seconds kReplyTime{300};

/// For the metrics.
std::string_view name_of(ListenerRole role) {
  switch (role) {
    case ListenerRole::Relay:
      return "relay";
    case ListenerRole::Submission:
      return "submission";
    case ListenerRole::Submissions:
      return "submissions";
  }
  return "relay";
}

/// Counts a session as open, however it ends.
class OpenSession {
 public:
  explicit OpenSession(observe::Metrics& metrics) : metrics_(metrics) {
    metrics.change(observe::Gauge::SessionsOpen, 1);
  }
  ~OpenSession() { metrics_.change(observe::Gauge::SessionsOpen, -1); }
  OpenSession(const OpenSession&) = delete;
  OpenSession& operator=(const OpenSession&) = delete;

 private:
  observe::Metrics& metrics_;
};

}  // namespace

Session::Session(const Surroundings& around, ListenerRole role, net::Accepted accepted)
    : around_(around),
      role_(role),
      rules_(around.rules()),
      stream_(std::move(accepted.stream)),
      peer_(accepted.peer),
      began_(std::chrono::steady_clock::now()) {}

Session::~Session() = default;

smtpd::ServerSettings Session::engine_settings() const {
  const auto& limits = rules_->limits;
  smtpd::ServerSettings settings;
  settings.hostname = rules_->hostname;
  settings.role = role_ == ListenerRole::Relay ? smtpd::Role::Relay : smtpd::Role::Submission;
  settings.implicit_tls = role_ == ListenerRole::Submissions;
  settings.tls_available = tls_ != nullptr;
  settings.tls_required = rules_->server.require_tls;
  settings.offer_auth = role_ != ListenerRole::Relay;
  settings.require_auth = role_ != ListenerRole::Relay;
  settings.channel_binding = settings.offer_auth;
  // A38: whoever may say XCLIENT is who he says he is.
  settings.xclient = is_in(rules_->server.xclient_networks, peer_);
  settings.limits.message_size = limits.message_size;
  settings.limits.recipients = limits.recipients;
  return settings;
}

void Session::ask_to_end() {
  stopping_ = true;
  if (idle_ && stream_) stream_->interrupt();
}

void Session::end_now() {
  stopping_ = told_ = over_ = true;
  if (end_reason_.empty()) end_reason_ = "the server was stopped";
  give_up_judging();
  if (shaking_ != nullptr) {
    shaking_->close();
  } else if (stream_) {
    stream_->close();
  }
}

/// A38: the PROXY header counts where the operator says so, and nowhere else.
Awaitable<bool> Session::pass_gate() {
  if (is_in(rules_->server.proxy_networks, peer_)) {
    auto header = co_await net::read_proxy_header(stream_.get(), Deadline::in(kProxyHeaderTime));
    if (!header) {
      around_.metrics.add(Counter::SessionsRefused, "proxy");
      around_.log.write(Level::Warning, "refused",
                        {{"peer", peer_.to_string()}, {"reason", "proxy"}, {"what", header.error().context}});
      co_return false;
    }
    if (header->client) peer_ = header->client->address;
  }
  auto place = around_.gate.enter(peer_, rules_->limits, std::chrono::steady_clock::now());
  if (place) {
    place_.emplace(std::move(*place));
    co_return true;
  }
  around_.metrics.add(Counter::SessionsRefused, to_string(place.error()));
  around_.log.write(Level::Info, "refused", {{"peer", peer_.to_string()}, {"reason", to_string(place.error())}});
  // Inside TLS nothing is said: a handshake is what a flood would like us to do.
  if (role_ != ListenerRole::Submissions) stream_->close_with(reply::of_turned_away(place.error()));
  co_return false;
}

Awaitable<bool> Session::secure() {
  shaking_ = stream_.get();
  auto session = co_await tls_->start(std::move(stream_), Deadline::in(kHandshakeTime),
                                      {.address = peer_, .binding = role_ != ListenerRole::Relay});
  shaking_ = nullptr;
  if (!session) {
    end_reason_ = session.error().context;
    co_return false;
  }
  stream_ = std::move(session->stream);
  engine_->tls_established({.version = std::move(session->version),
                            .cipher = std::move(session->cipher),
                            .group = std::move(session->group),
                            .client_name = std::move(session->client_name),
                            .client_verified = session->client_verified,
                            .channel_binding = std::move(session->binding),
                            .channel_binding_type = std::move(session->binding_type)});
  waits_since_ = std::chrono::steady_clock::now();
  co_return true;
}

Awaitable<void> Session::run() {
  const bool passed = co_await pass_gate();
  tls_ = around_.tls();
  if (!passed || (role_ == ListenerRole::Submissions && !tls_)) {
    stream_->close();
    co_return;
  }
  directory_ = around_.directory();
  engine_.emplace(engine_settings(), peer_);
  around_.metrics.add(Counter::SessionsAccepted, name_of(role_));
  const OpenSession counted(around_.metrics);
  if (role_ != ListenerRole::Submissions || co_await secure()) co_await converse();
  if (stream_) stream_->close();
  log_end();
}

Awaitable<bool> Session::send() {
  if (!stream_) co_return false;  // a handshake failed
  const std::string text = engine_->take_output();
  if (text.empty()) co_return true;
  const Deadline deadline = Deadline::in(over_ ? kFarewellTime : kReplyTime);
  auto sent = over_ ? co_await stream_->write_last(text, deadline) : co_await stream_->write_all(text, deadline);
  waits_since_ = std::chrono::steady_clock::now();
  if (!sent && end_reason_.empty()) end_reason_ = sent.error().context;
  co_return sent.has_value();
}

Deadline Session::deadline() const {
  const smtpd::Timer timer = engine_->timer();
  const auto& limits = rules_->limits;
  // RFC 5321 §4.5.3.2.7 (A23): the time for a command runs from our reply to the one before; a line that comes octet by
  // octet gains nothing by it. That for a letter runs from each of its blocks.
  Deadline deadline{waits_since_ + (timer == smtpd::Timer::Command ? limits.command_timeout : smtpd::limit(timer))};
  if (timer == smtpd::Timer::MessageBlock) deadline = Deadline::in(smtpd::limit(timer));
  if (role_ != ListenerRole::Relay && engine_->session().user.empty())
    deadline = deadline.earlier({began_ + limits.before_auth});
  if (in_message_ && limits.bytes_per_second_least > 0) deadline = deadline.earlier({window_ends_});
  return deadline;
}

/// A letter is under way from its go-ahead to its end, between its chunks too, and until the rest of one that is
/// refused has passed.
void Session::watch_pace() {
  const bool before = in_message_;
  in_message_ = (transaction_ && transaction_->letter) || engine_->timer() == smtpd::Timer::MessageBlock;
  if (!in_message_ || before) return;
  window_octets_ = 0;
  window_ends_ = std::chrono::steady_clock::now() + rules_->slow_window;
}

/// A23: a client that lets a letter drip in holds a place for nothing.
bool Session::is_too_slow() {
  const auto now = std::chrono::steady_clock::now();
  if (!in_message_ || now < window_ends_) return false;
  const double seconds = std::chrono::duration<double>(rules_->slow_window).count();
  if (static_cast<double>(window_octets_) < rules_->limits.bytes_per_second_least * seconds) return true;
  window_octets_ = 0;
  window_ends_ = now + rules_->slow_window;
  return false;
}

Awaitable<void> Session::converse() {
  while (co_await send()) {
    if (over_) co_return;
    if (stopping_ && !told_) {
      told_ = true;
      engine_->shut_down();
      co_await answer_events();
      continue;
    }
    if (!in_message_) {
      idle_ = true;
      auto readable = co_await stream_->wait_readable(deadline());
      idle_ = false;
      if (!readable && readable.error().code == IoErrorCode::Cancelled && stopping_ && !told_) continue;
      if (!readable && readable.error().code == IoErrorCode::Timeout) {
        engine_->timed_out();
        co_await answer_events();
        continue;
      }
      // Any other failure shows itself again at the read.
    }
    if (!co_await receive()) co_return;
  }
}

Awaitable<bool> Session::receive() {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
  do {
    const Deadline until = deadline();
    const bool until_window = in_message_ && until.at == window_ends_;
    auto count = co_await stream_->read_some({buffer.get(), kReadBytes}, until);
    if (count) {
      window_octets_ += *count;
      engine_->receive(std::string_view(buffer.get(), *count));
    }
    if (is_too_slow()) {
      end_reason_ = "the letter came too slowly";
      engine_->timed_out();
    } else if (!count && count.error().code == IoErrorCode::Timeout) {
      if (until_window) continue;  // enough has come in it, and the next one has begun
      engine_->timed_out();
    } else if (!count) {
      if (over_) co_return false;
      if (end_reason_.empty()) end_reason_ = count.error().context;
      engine_->peer_closed();
    }
    co_await answer_events();
    watch_pace();
    // Within a letter the buffer is kept: more of it is on its way.
  } while (in_message_ && !over_ && co_await send());
  co_return true;
}

Awaitable<void> Session::answer_events() {
  while (auto event = engine_->next_event()) {
    if (auto* piece = std::get_if<smtpd::MessagePiece>(&*event)) {
      if (transaction_ && transaction_->letter) {
        if (transaction_->check) transaction_->check->feed(piece->bytes);
        co_await transaction_->letter->take(piece->bytes);
      }
    } else if (auto* over = std::get_if<smtpd::SessionOver>(&*event)) {
      over_ = true;
      quit_ = over->quit;
      if (end_reason_.empty()) end_reason_ = std::move(over->reason);
      co_return;
    } else if (std::holds_alternative<smtpd::HandshakeDue>(*event)) {
      if (!co_await send() || !co_await secure()) {
        over_ = true;
        co_return;
      }
    } else {
      co_await answer(std::move(*event));
    }
  }
}

Awaitable<void> Session::answer(smtpd::Event event) {
  if (auto* mail = std::get_if<smtpd::MailDue>(&event)) {
    begin_mail(*mail);
  } else if (auto* recipient = std::get_if<smtpd::RecipientDue>(&event)) {
    take_recipient(recipient->command);
  } else if (std::holds_alternative<smtpd::MessageDue>(event)) {
    co_await begin_message();
  } else if (auto* end = std::get_if<smtpd::MessageEnd>(&event)) {
    co_await end_message(*end);
  } else if (auto* aborted = std::get_if<smtpd::MessageAborted>(&event)) {
    abort_message(aborted->reason);
  } else if (auto* login = std::get_if<smtpd::AuthDue>(&event)) {
    co_await begin_login(std::move(login->mechanism), std::move(login->initial));
  } else if (auto* response = std::get_if<smtpd::AuthResponse>(&event)) {
    co_await go_on_with_login(std::move(response->response));
  } else if (std::holds_alternative<smtpd::AuthCancelled>(event)) {
    exchange_.reset();
  }
}

void Session::log_end() const {
  if (quit_) {
    around_.log.write(Level::Debug, "session", {{"peer", peer_.to_string()}, {"end", "quit"}});
    return;
  }
  around_.log.write(
      Level::Info, "session",
      {{"peer", engine_->session().peer.to_string()}, {"helo", engine_->session().helo}, {"end", end_reason_}});
}

}  // namespace postseal::inbound
