// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/mail_transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/smtp/commands.h"

namespace postseal::smtp {
namespace {

/// RFC 2920 §3.1: a client must not fill both directions at once. So many commands and their replies (with the 512
/// octets that RFC 5321 gives each) stay within what two socket buffers hold.
constexpr std::size_t kCommandsInFlight = 64;
/// Chunks whose replies are not waited for, where both PIPELINING and CHUNKING are offered (RFC 3030 §4.2).
constexpr std::size_t kChunksInFlight = 4;

bool refuses(const Reply& reply) { return reply.transient() || reply.permanent(); }
bool completes(const Reply& reply) { return reply.code < 300; }

}  // namespace

MailTransaction::MailTransaction(Transaction transaction, TransactionStyle style,
                                 const std::vector<std::optional<Reply>>& refusals)
    : transaction_(std::move(transaction)),
      style_(std::move(style)),
      outcomes_(transaction_.recipients.size()),
      encoder_(style_.chunking ? BodyForm::Plain : BodyForm::DotStuffed) {
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    if (refusals[i]) {
      decide(i, Stage::Local, *refusals[i]);
    } else {
      asked_.push_back(i);
    }
  }
  if (asked_.empty()) phase_ = Phase::Finished;
}

// --- what to send ---

/// False if there is nothing (more) to send in the envelope.
bool MailTransaction::send_next(Pipeline& pipeline) {
  if (next_command_ == 0) {
    pipeline.send(format_mail(transaction_, style_.offered), {Asked::Mail});
  } else if (mail_refused_) {
    return false;
  } else if (next_command_ <= asked_.size()) {
    std::size_t recipient = asked_[next_command_ - 1];
    pipeline.send(format_rcpt(transaction_, recipient, style_.offered), {Asked::Rcpt, recipient});
  } else if (next_command_ == asked_.size() + 1 && !style_.chunking) {
    // RFC 5321 §3.3: no DATA when every recipient is known to be refused.
    if (!undecided()) return false;
    pipeline.send("DATA", {Asked::Data});
  } else {
    return false;
  }
  ++next_command_;
  return true;
}

void MailTransaction::advance(Pipeline& pipeline) {
  if (phase_ == Phase::Envelope) {
    // RFC 2920 §3.1: MAIL, RCPT and, as the last of a group, DATA go out together where PIPELINING is offered; else
    // one command waits for the reply to the one before it (RFC 5321 §2.1: the dialogue is in lock step).
    std::size_t window = style_.offered.pipelining ? kCommandsInFlight : 1;
    while (pipeline.unanswered() < window && send_next(pipeline)) {
    }
    if (pipeline.unanswered() > 0) return;
    // RFC 3030 §4.2 would let BDAT travel with the envelope. No octet of the message leaves before a recipient is
    // accepted: the replies are waited for.
    if (style_.chunking && !accepted_.empty()) {
      phase_ = Phase::Body;
      return;
    }
    needs_rset_ = needs_rset_ || mail_accepted_;
    phase_ = Phase::Finished;
  }
  bool body_refused = phase_ == Phase::Body && chunk_refused_;
  if (pipeline.unanswered() == 0 && (phase_ == Phase::Ending || body_refused)) phase_ = Phase::Finished;
}

// --- the body ---

bool MailTransaction::wants_body(const Pipeline& pipeline) const {
  if (phase_ != Phase::Body || chunk_refused_) return false;
  if (!style_.chunking) return true;
  // LMTP's last chunk has a reply for each recipient; after the refusal of an earlier one nobody could tell how many.
  std::size_t window = style_.offered.pipelining && !style_.lmtp ? kChunksInFlight : 1;
  return pipeline.unanswered() < window;
}

std::optional<std::string> MailTransaction::body(std::string_view piece, bool last, Pipeline& pipeline) {
  // DATA: encoded in place. BDAT: the size stands before the octets, so they are gathered first.
  std::string chunk;
  std::string& out = style_.chunking ? chunk : pipeline.output();
  std::size_t before = out.size();
  bool clean = encoder_.encode(piece, out);
  if (clean && last) clean = encoder_.finish(out);
  if (!clean) {
    out.resize(before);
    return "the message has a bare CR, a bare LF or a NUL; it is not what was checked";
  }
  // A file that was cut or grew while it was sent: part of a letter never goes out as the whole.
  if (transaction_.size > 0 &&
      (encoder_.octets() > transaction_.size || (last && encoder_.octets() < transaction_.size))) {
    out.resize(before);
    return fmt::format("the message was to have {} octets, and {} came; it is not what was checked", transaction_.size,
                       encoder_.octets());
  }
  if (style_.chunking) {
    if (last || !chunk.empty()) send_chunk(chunk, last, pipeline);
  } else if (last) {
    expect_final_replies(pipeline);
  }
  if (last) phase_ = Phase::Ending;
  return std::nullopt;
}

void MailTransaction::send_chunk(std::string_view octets, bool last, Pipeline& pipeline) {
  // RFC 3030 §2: BDAT SP chunk-size [SP LAST] CRLF, then exactly so many octets, without dot-stuffing.
  pipeline.output() += format_bdat(octets.size(), last) + "\r\n";
  pipeline.output() += octets;
  if (last) {
    expect_final_replies(pipeline);
  } else {
    pipeline.expect({Asked::Chunk});
  }
}

void MailTransaction::expect_final_replies(Pipeline& pipeline) {
  if (!style_.lmtp) {
    pipeline.expect({Asked::Message});
    return;
  }
  // RFC 2033 §4.2, §4.3 MUST: after the end of the message one reply for each recipient accepted, in their order.
  for (std::size_t recipient : accepted_) pipeline.expect({Asked::Message, recipient});
}

// --- what replies mean ---

void MailTransaction::decide(std::size_t recipient, Stage stage, const Reply& reply) {
  if (outcomes_[recipient]) return;
  bool accepted = stage == Stage::Body && completes(reply);
  outcomes_[recipient] = RecipientOutcome{.accepted = accepted, .stage = stage, .reply = reply};
}

void MailTransaction::decide_accepted(Stage stage, const Reply& reply) {
  for (std::size_t recipient : accepted_) decide(recipient, stage, reply);
}

void MailTransaction::take_go_ahead(Pipeline& pipeline) {
  if (!accepted_.empty()) {
    phase_ = Phase::Body;
    return;
  }
  // RFC 2920 §3.1: no recipient was accepted and DATA was all the same: a lone dot ends it, whatever is said to that.
  phase_ = Phase::Ending;
  needs_rset_ = false;
  if (style_.lmtp) {
    // RFC 2033 §4.2 MUST: the server would have said 503, and has no recipient to reply for. Nobody knows what it says
    // to a dot: the stream is given up.
    in_step_ = false;
    return;
  }
  pipeline.send(".", {Asked::NoMessage});
}

bool MailTransaction::take_reply(const Question& question, const Reply& reply, Pipeline& pipeline) {
  switch (question.what) {
    case Asked::Mail:
      mail_accepted_ = completes(reply);
      mail_refused_ = refuses(reply);
      if (mail_refused_) {
        for (std::size_t recipient : asked_) decide(recipient, Stage::Mail, reply);
      }
      return mail_accepted_ || mail_refused_;
    case Asked::Rcpt:
      if (completes(reply) && !mail_refused_) accepted_.push_back(question.recipient);
      if (refuses(reply)) decide(question.recipient, Stage::Rcpt, reply);
      return completes(reply) || refuses(reply);
    case Asked::Data:
      if (completes(reply)) return false;
      if (refuses(reply)) {
        decide_accepted(Stage::Data, reply);
      } else {
        take_go_ahead(pipeline);
      }
      return true;
    case Asked::NoMessage:
      return true;
    case Asked::Chunk:
      if (refuses(reply)) {
        // RFC 3030 §2: a failed chunk ends the message; what is in flight is refused too, and RSET comes next.
        chunk_refused_ = true;
        needs_rset_ = true;
        decide_accepted(Stage::Body, reply);
      }
      return completes(reply) || refuses(reply);
    case Asked::Message:
      if (!completes(reply) && !refuses(reply)) return false;
      if (style_.lmtp) {
        decide(question.recipient, Stage::Body, reply);
      } else {
        decide_accepted(Stage::Body, reply);
      }
      // RFC 3030 §2: after a refused BDAT, also a last one, the state is only known after RSET.
      if (style_.chunking && refuses(reply)) needs_rset_ = true;
      return true;
    case Asked::Greeting:
    case Asked::Ehlo:
    case Asked::Helo:
    case Asked::StartTls:
    case Asked::Rset:
    case Asked::Quit:
      return false;
  }
  return false;
}

bool MailTransaction::undecided() const {
  return std::ranges::any_of(outcomes_, [](const auto& outcome) { return !outcome.has_value(); });
}

void MailTransaction::decide_rest(const RecipientOutcome& outcome) {
  for (auto& mine : outcomes_) {
    if (!mine) mine = outcome;
  }
}

std::vector<RecipientOutcome> MailTransaction::outcomes() const {
  std::vector<RecipientOutcome> result;
  result.reserve(outcomes_.size());
  for (const auto& outcome : outcomes_) result.push_back(outcome.value_or(RecipientOutcome{}));
  return result;
}

}  // namespace postseal::smtp
