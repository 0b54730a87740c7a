// SPDX-License-Identifier: Apache-2.0
// What each reply means for the session, and how sessions end.
#include <fmt/format.h>

#include <utility>

#include "protocol/smtp/client.h"

namespace postseal::smtp {
namespace {

Stage stage_of(Asked what) {
  switch (what) {
    case Asked::Greeting:
      return Stage::Greeting;
    case Asked::Ehlo:
    case Asked::Helo:
      return Stage::Hello;
    case Asked::StartTls:
      return Stage::StartTls;
    case Asked::Rset:
    case Asked::Mail:
      return Stage::Mail;
    case Asked::Rcpt:
      return Stage::Rcpt;
    case Asked::Data:
      return Stage::Data;
    case Asked::NoMessage:
    case Asked::Chunk:
    case Asked::Message:
      return Stage::Body;
    case Asked::Quit:
      return Stage::Local;
  }
  return Stage::Local;
}

bool completes(const Reply& reply) { return reply.code < 300; }
bool refuses(const Reply& reply) { return reply.code >= 400; }

}  // namespace

std::string_view to_string(SessionFailure failure) {
  switch (failure) {
    case SessionFailure::GreetingRefused:
      return "greeting-refused";
    case SessionFailure::HelloRefused:
      return "hello-refused";
    case SessionFailure::StartTlsRefused:
      return "starttls-refused";
    case SessionFailure::StartTlsInjection:
      return "starttls-injection";
    case SessionFailure::ServiceClosing:
      return "service-closing";
    case SessionFailure::PeerClosed:
      return "peer-closed";
    case SessionFailure::TimedOut:
      return "timed-out";
    case SessionFailure::Garbage:
      return "garbage";
    case SessionFailure::OutOfStep:
      return "out-of-step";
    case SessionFailure::MessageBroken:
      return "message-broken";
  }
  return "";
}

void Client::take_replies() {
  while (state_ != State::Ended && state_ != State::Refused && state_ != State::Handshake) {
    auto reply = parser_.next();
    if (!reply) {
      end(SessionFailure::Garbage, fmt::format("the server sent {}", to_string(reply.error())));
      return;
    }
    if (!*reply) return;
    take_reply(**reply);
  }
}

void Client::take_reply(const Reply& reply) {
  if (!pipeline_.may_be_answered()) {
    take_unasked(reply);
    return;
  }
  Question question = pipeline_.front();
  // RFC 5321 §3.8, §4.2.1: 421 may answer anything and says that the server closes. Three answers say it better.
  bool opening = question.what == Asked::Greeting || question.what == Asked::Ehlo || question.what == Asked::Helo ||
                 question.what == Asked::StartTls || question.what == Asked::Quit;
  if (reply.code == 421 && !opening) {
    end(SessionFailure::ServiceClosing, "the server is closing the session", reply);
    return;
  }
  pipeline_.pop();
  switch (question.what) {
    case Asked::Greeting:
      take_greeting(reply);
      return;
    case Asked::Ehlo:
      take_ehlo(reply);
      return;
    case Asked::Helo:
      take_helo(reply);
      return;
    case Asked::StartTls:
      take_starttls(reply);
      return;
    case Asked::Quit:
      state_ = State::Ended;
      events_.push_back(Quitted{});
      return;
    case Asked::Rset:
      // RFC 5321 §4.1.1.5: only 250 is a lawful answer. Without it the server's state is anybody's guess.
      if (!completes(reply)) {
        end(SessionFailure::OutOfStep, "the server refused RSET", reply);
        return;
      }
      advance_transaction();
      return;
    case Asked::Mail:
    case Asked::Rcpt:
    case Asked::Data:
    case Asked::NoMessage:
    case Asked::Chunk:
    case Asked::Message:
      if (!transaction_->take_reply(question, reply, pipeline_)) {
        end(SessionFailure::OutOfStep,
            fmt::format("{} is no answer to {}", reply.code, to_string(stage_of(question.what))), reply,
            question.what == Asked::Message);
        return;
      }
      advance_transaction();
      return;
  }
}

void Client::take_unasked(const Reply& reply) {
  // RFC 5321 §3.8: a server may say 421 at any time; others say a 4xx or 5xx of their choice before they close.
  if (refuses(reply)) {
    end(SessionFailure::ServiceClosing, "the server is closing the session", reply);
  } else {
    end(SessionFailure::OutOfStep, "the server answered what was not asked", reply);
  }
}

// --- greeting, EHLO, STARTTLS ---

void Client::take_greeting(const Reply& reply) {
  // RFC 5321 §3.1, §4.3.2: 220 opens a session, 554 says that there is none, 4xx and 5xx refuse it too.
  if (reply.code == 220) {
    say_hello();
  } else if (refuses(reply)) {
    refuse(SessionFailure::GreetingRefused, reply, "the server greeted with a refusal");
  } else {
    end(SessionFailure::OutOfStep, fmt::format("{} is no greeting", reply.code), reply);
  }
}

void Client::take_ehlo(const Reply& reply) {
  if (completes(reply)) {
    offered_ = parse_capabilities(reply);
    become_idle(Ready{offered_});
    return;
  }
  // RFC 5321 §3.2 SHOULD, §4.1.1.1: HELO for a server that does not know EHLO. Not after 4xx, which says "not now".
  // RFC 2033 §4.1: LMTP has neither EHLO nor HELO.
  bool unknown = reply.code == 500 || reply.code == 502 || reply.code == 504 || reply.code == 550;
  if (unknown && settings_.dialect == Dialect::Smtp) {
    pipeline_.send("HELO " + settings_.helo_name, {Asked::Helo});
    return;
  }
  refuse(SessionFailure::HelloRefused, reply, "the server refused our EHLO");
}

void Client::take_helo(const Reply& reply) {
  if (!completes(reply)) {
    refuse(SessionFailure::HelloRefused, reply, "the server refused EHLO and HELO");
    return;
  }
  offered_ = {};
  become_idle(Ready{offered_});
}

void Client::take_starttls(const Reply& reply) {
  // RFC 3207 §4: 220 is the only yes (A02).
  if (reply.code != 220) {
    refuse(SessionFailure::StartTlsRefused, reply, "the server offered STARTTLS and refused it");
    return;
  }
  // RFC 3207 §6, A03, pitfall 16: whatever stands behind the 220 was put there to be taken for what TLS protects.
  if (parser_.has_rest()) {
    end(SessionFailure::StartTlsInjection, "plaintext came behind the reply to STARTTLS");
    return;
  }
  // RFC 3207 §4.2 MUST: forgotten already now, so that a failing handshake leaves nothing behind.
  offered_ = {};
  state_ = State::Handshake;
  events_.push_back(HandshakeDue{});
}

// --- transactions ---

void Client::become_idle(Event event) {
  state_ = State::Idle;
  events_.push_back(std::move(event));
}

void Client::advance_transaction() {
  transaction_->advance(pipeline_);
  if (!transaction_->finished()) return;
  rset_due_ = rset_due_ || transaction_->needs_rset();
  // RFC 9422 §4.1: the server's MAILMAX is used up.
  bool used_up = offered_.mail_max && used_.mails >= *offered_.mail_max;
  TransactionEnd finished{.recipients = transaction_->outcomes(), .reusable = transaction_->in_step() && !used_up};
  bool in_step = transaction_->in_step();
  transaction_.reset();
  become_idle(std::move(finished));
  if (!in_step) state_ = State::Ended;
}

// --- ends ---

void Client::refuse(SessionFailure failure, const Reply& reply, std::string reason) {
  bool closing = reply.code == 421;
  end(failure, std::move(reason), reply);
  // RFC 5321 §3.1: after a refusal the server waits for QUIT, and quit() may say it.
  if (!closing && !parser_.has_rest()) state_ = State::Refused;
}

/// What the end of the session means for the recipients that had no answer.
std::vector<RecipientOutcome> Client::close_transaction(const SessionEnd& last, Stage stage) {
  if (!transaction_) return {};
  RecipientOutcome rest{.accepted = false, .stage = stage, .reply = {}};
  if (stage != Stage::Local && last.reply) {
    rest.reply = *last.reply;
  } else {
    rest.stage = Stage::Local;
    bool ours = last.failure == SessionFailure::MessageBroken;
    // RFC 3463 §3.4 (4.3.0: our mail system), §3.5 (4.4.2: bad connection)
    rest.reply = local_reply(451, ours ? EnhancedStatus{4, 3, 0} : EnhancedStatus{4, 4, 2}, last.reason);
  }
  transaction_->decide_rest(rest);
  std::vector<RecipientOutcome> outcomes = transaction_->outcomes();
  transaction_.reset();
  return outcomes;
}

void Client::end(SessionFailure failure, std::string reason, std::optional<Reply> reply, bool end_mark_answered) {
  if (state_ == State::Ended || state_ == State::Refused) return;
  if (state_ == State::Quitting) {  // whatever it was, the session was to end
    state_ = State::Ended;
    pipeline_.clear();
    events_.push_back(Quitted{});
    return;
  }
  SessionEnd last{failure, std::move(reply), std::move(reason), {}, false};
  if (transaction_) {
    bool answered = pipeline_.may_be_answered() && last.failure == SessionFailure::ServiceClosing;
    Stage stage = Stage::Local;
    if (answered) {
      stage = stage_of(pipeline_.front().what);
    } else if (last.failure == SessionFailure::ServiceClosing && (transaction_->in_body() || last.reply->transient())) {
      // Before the end mark a refusal is about the message. A 5xx elsewhere that nothing asked for decides nothing.
      stage = Stage::Body;
    }
    // RFC 5321 §4.5.3.2.6: the end mark has left and no answer came back that says yes or no: the message may have been
    // taken.
    const bool end_mark_left = end_mark_answered || pipeline_.has_left(Asked::Message);
    last.in_doubt = !answered && end_mark_left && transaction_->undecided();
    last.transaction = close_transaction(last, stage);
  }
  pipeline_.clear();
  state_ = State::Ended;
  std::erase_if(events_, [](const Event& event) { return !std::holds_alternative<TransactionEnd>(event); });
  for (Event& event : events_) std::get<TransactionEnd>(event).reusable = false;
  events_.push_back(std::move(last));
}

}  // namespace postseal::smtp
