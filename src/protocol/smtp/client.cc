// SPDX-License-Identifier: Apache-2.0
// The calls that the driver makes. What replies mean is in client_replies.cc.
#include "protocol/smtp/client.h"

#include <fmt/format.h>

#include <utility>

#include "protocol/smtp/commands.h"

namespace postseal::smtp {

Client::Client(ClientSettings settings) : settings_(std::move(settings)) {
  pipeline_.expect_unprompted({Asked::Greeting});
}

void Client::receive(std::string_view bytes) {
  if (bytes.empty() || state_ == State::Ended || state_ == State::Refused) return;
  // RFC 3207 §6, A03, pitfall 16: between the 220 and the handshake a server has nothing to say in plaintext.
  if (state_ == State::Handshake) {
    end(SessionFailure::StartTlsInjection, "plaintext came behind the reply to STARTTLS");
    return;
  }
  parser_.feed(bytes);
  take_replies();
}

void Client::peer_closed() {
  std::string reason = "the server closed the connection";
  if (pipeline_.unanswered() > 0) {
    reason += fmt::format(" instead of answering (waited for: {})", to_string(timer_for(pipeline_.front().what)));
  }
  end(SessionFailure::PeerClosed, std::move(reason));
}

void Client::timed_out() {
  end(SessionFailure::TimedOut, fmt::format("no answer from the server in time (waited for: {})", to_string(timer())));
}

std::string Client::take_output() { return pipeline_.take_output(); }

std::optional<Event> Client::next_event() {
  if (!events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  // One piece at a time: the next is asked for when the one before has left.
  if (state_ == State::Transaction && !body_asked_ && pipeline_.output_empty() && transaction_->wants_body(pipeline_)) {
    body_asked_ = true;
    return BodyDue{};
  }
  return std::nullopt;
}

Timer Client::timer() const {
  if (state_ == State::Ended || state_ == State::Refused) return Timer::None;
  if (state_ == State::Handshake) return Timer::StartTls;
  // RFC 5321 §4.5.3.2.5: while the message is on its way, each block has its time.
  if (state_ == State::Transaction && transaction_->in_body()) return Timer::DataBlock;
  return pipeline_.unanswered() > 0 ? timer_for(pipeline_.front().what) : Timer::None;
}

void Client::say_hello() {
  if (!is_command_text(settings_.helo_name) || settings_.helo_name.empty()) {
    end(SessionFailure::HelloRefused, "our own name cannot be written into EHLO");
    return;
  }
  state_ = State::Hello;
  // RFC 5321 §3.2, §4.1.4: EHLO is always tried first. RFC 2033 §4.1: LMTP says LHLO.
  std::string_view verb = settings_.dialect == Dialect::Lmtp ? "LHLO " : "EHLO ";
  pipeline_.send(std::string(verb) + settings_.helo_name, {Asked::Ehlo});
}

/// Bytes that were there before we asked are no answer to what we are about to ask.
bool Client::peer_spoke_first() {
  if (!parser_.has_rest()) return false;
  end(SessionFailure::OutOfStep, "the server began a reply before it was asked");
  return true;
}

void Client::begin_tls() {
  if (state_ != State::Idle || peer_spoke_first()) return;
  state_ = State::StartTls;
  pipeline_.send("STARTTLS", {Asked::StartTls});
}

void Client::tls_established() {
  if (state_ != State::Handshake) return;
  // RFC 3207 §4.2 MUST: what was learnt before TLS is forgotten, and EHLO is said again.
  offered_ = {};
  used_ = {};
  parser_.clear();
  say_hello();
}

void Client::begin(Transaction transaction) {
  body_asked_ = false;
  std::vector<std::optional<Reply>> refusals = refuse_locally(transaction, offered_, used_);
  TransactionStyle style{.offered = offered_,
                         .lmtp = settings_.dialect == Dialect::Lmtp,
                         .chunking = settings_.use_chunking && offered_.chunking};
  std::vector<Mailbox> recipients = transaction.recipients;
  transaction_.emplace(std::move(transaction), style, refusals);

  if (state_ != State::Idle) {  // it ended in the meantime
    SessionEnd last;
    last.reason = "the session had ended before";
    if (!events_.empty() && std::holds_alternative<SessionEnd>(events_.back())) {
      last = std::get<SessionEnd>(std::move(events_.back()));
      events_.pop_back();
    }
    last.transaction = close_transaction(last, Stage::Local);
    events_.push_back(std::move(last));
    state_ = State::Ended;
    pipeline_.clear();
    return;
  }
  if (!transaction_->finished() && peer_spoke_first()) return;
  state_ = State::Transaction;
  if (!transaction_->finished()) {
    ++used_.mails;
    for (std::size_t i = 0; i < recipients.size(); ++i) {
      if (!refusals[i]) used_.domains.insert(recipients[i].destination());
    }
    // RFC 5321 §4.1.1.5: the remains of a transaction that broke off are dropped first.
    if (std::exchange(rset_due_, false)) pipeline_.send("RSET", {Asked::Rset});
  }
  advance_transaction();
}

void Client::body(std::string_view piece, bool last) {
  if (state_ != State::Transaction || !std::exchange(body_asked_, false)) return;
  if (auto broken = transaction_->body(piece, last, pipeline_)) {
    end(SessionFailure::MessageBroken, std::move(*broken));
  }
}

void Client::abort_body() {
  // RFC 5321 §4.1.1.4: once DATA is accepted only the end mark or the end of the stream ends it, and the mark would
  // make a part of the letter look whole.
  end(SessionFailure::MessageBroken, "the message could not be read to its end");
}

void Client::quit() {
  bool in_step = state_ == State::Idle || state_ == State::Refused;
  if (!in_step || parser_.has_rest()) {
    state_ = State::Ended;
    pipeline_.clear();
    events_.push_back(Quitted{});
    return;
  }
  // RFC 5321 §4.1.1.10: QUIT, and the stream is closed when its answer is there.
  state_ = State::Quitting;
  pipeline_.send("QUIT", {Asked::Quit});
}

}  // namespace postseal::smtp
