// SPDX-License-Identifier: Apache-2.0
// MAIL, RCPT and the letter.
#include <fmt/format.h>

#include "flow/inbound/admission.h"
#include "flow/inbound/replies.h"
#include "flow/inbound/session.h"
#include "flow/inbound/trace_header.h"
#include "flow/inbound/transaction.h"

namespace postseal::inbound {

using observe::Counter;
using observe::Histogram;
using observe::Level;

namespace {

double seconds_since(SteadyTime begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

bool Session::trusted() const {
  const auto& session = engine_->session();
  return !session.user.empty() || is_in(rules_->server.relay_networks, session.peer);
}

void Session::log_refusal(std::string_view what, const Reply& reply, std::string_view address) {
  const auto& session = engine_->session();
  around_.metrics.add(Counter::LettersRefused, what);
  around_.log.write(Level::Info, "refused",
                    {{"peer", session.peer.to_string()},
                     {"helo", session.helo},
                     {"user", session.user},
                     {"reason", what},
                     {"address", address},
                     {"reply", reply.to_string()}});
}

/// The account is read once in a session, when something else than its own address is asked for first.
std::optional<Reply> Session::refuse_sender(const Mailbox& from) {
  const auto& session = engine_->session();
  if (!session.tls && needs_tls(rules_->server.require_tls_from, from)) return reply::tls_needed(from);
  if (session.user.empty()) return std::nullopt;
  const auto own = accounts::Accounts::canonical(session.user);
  const auto login = accounts::Accounts::canonical(from.to_string());
  if (own && login && *own == *login) return std::nullopt;
  if (own && !account_) {
    auto loaded = around_.accounts.load(*own);
    if (!loaded) return reply::account_unreadable();
    account_ = std::move(*loaded);
  }
  bool somebody = false;
  if (login) {
    const auto exists = around_.accounts.exists(*login);
    if (!exists) return reply::account_unreadable();
    somebody = *exists;
  }
  if (account_ && may_send_as(*directory_, *account_, from, somebody)) return std::nullopt;
  return reply::sender_not_yours(from, session.user);
}

void Session::begin_mail(const smtpd::MailDue& mail) {
  transaction_.reset();
  // RFC 8098 §3: a receipt that a user sends has no sender, so <> is for everybody.
  if (mail.from) {
    if (const auto refused = refuse_sender(*mail.from)) {
      log_refusal("sender", *refused, mail.from->to_string());
      engine_->refuse(*refused);
      return;
    }
  }
  transaction_ = std::make_unique<Transaction>();
  transaction_->began = std::chrono::steady_clock::now();
  if (around_.keys) transaction_->keys = around_.keys();
  auto& envelope = transaction_->envelope;
  envelope.from = mail.from;
  envelope.envelope_id = mail.parameters.envelope_id;
  envelope.ret = mail.parameters.ret;
  envelope.requiretls = mail.parameters.requiretls;
  engine_->accept();
}

void Session::take_recipient(const smtpd::RecipientCommand& command) {
  const auto& session = engine_->session();
  const bool may_relay = trusted();
  auto returning = rule_returning(command.mailbox);
  auto ruling = returning ? std::move(*returning) : rule_recipient(*directory_, command.mailbox, may_relay);
  // Also guesses count: a list of names that is tried out is as many recipients.
  if (!may_relay && !around_.gate.take_recipient(session.peer, rules_->limits, std::chrono::steady_clock::now()))
    ruling = reply::recipients_too_fast();
  if (const auto* mailboxes = std::get_if<std::vector<Mailbox>>(&ruling);
      mailboxes != nullptr && transaction_->envelope.recipients.size() + mailboxes->size() >
                                  rules_->limits.recipients + addressing::kMaxMailboxes)
    ruling = reply::too_many_recipients();
  if (const auto* refused = std::get_if<Reply>(&ruling)) {
    log_refusal("recipient", *refused, command.mailbox.to_string());
    engine_->refuse(*refused);
    return;
  }
  ++transaction_->given;
  if (!transaction_->first_given) transaction_->first_given = command.mailbox;
  for (Mailbox& mailbox : std::get<std::vector<Mailbox>>(ruling)) {
    if (!transaction_->mailboxes.insert(mailbox.to_string()).second) continue;
    spool::EnvelopeRecipient recipient;
    // RFC 3461 §5.2.7.1: what the sender knows the recipient by stays with it when an alias leads elsewhere.
    recipient.original = command.original;
    if (recipient.original.empty() && mailbox != command.mailbox)
      recipient.original = original_recipient(command.mailbox);
    if (!may_relay && mailbox != command.mailbox && !returning && !directory_->transport(mailbox)) {
      recipient.forwarded = true;
      if (const auto* domain = std::get_if<Domain>(&command.mailbox.destination());
          domain != nullptr && !transaction_->forwarder)
        transaction_->forwarder = *domain;
    }
    recipient.mailbox = std::move(mailbox);
    recipient.notify = command.notify;
    transaction_->envelope.recipients.push_back(std::move(recipient));
  }
  engine_->accept();
}

Awaitable<void> Session::begin_message() {
  const auto& session = engine_->session();
  const WallTime now = around_.clock.now();
  const Editing editing = session.user.empty() ? Editing::Note : Editing::Complete;
  transaction_->letter = std::make_unique<Reception>(around_.store, editing, now, rules_->hostname);
  Trace trace;
  trace.helo = session.helo;
  trace.peer = session.peer;
  trace.tls = session.tls;
  trace.hostname = rules_->hostname;
  trace.protocol = engine_->protocol_name();
  trace.id = transaction_->letter->id();
  // RFC 6531 §3.7.3 would let it be UTF-8; in ASCII the letter can go wherever an alias leads it.
  if (transaction_->given == 1 && !transaction_->first_given->needs_smtputf8())
    trace.recipient = transaction_->first_given;
  trace.now = now;
  std::string received = format_received(trace);
  co_await begin_checks(*transaction_);
  if (transaction_->outgoing) transaction_->outgoing->feed(received);
  transaction_->letter->put_in_front(std::move(received));
  engine_->accept();
}

void Session::abort_message(std::string_view reason) {
  around_.metrics.add(Counter::LettersRefused, "message");
  const auto& session = engine_->session();
  around_.log.write(Level::Info, "refused",
                    {{"peer", session.peer.to_string()},
                     {"helo", session.helo},
                     {"user", session.user},
                     {"reason", "message"},
                     {"what", reason}});
  transaction_.reset();
}

void Session::log_accepted(const spool::QueuedLetter& kept, const authenticate::Outcome* outcome) {
  const auto& session = engine_->session();
  const auto& envelope = kept.envelope;
  const std::string id = kept.id.to_string(), from = text_of(envelope.from);
  const observe::Field fields[] = {{"id", id},
                                   {"from", from},
                                   {"recipients", static_cast<std::int64_t>(envelope.recipients.size())},
                                   {"size", static_cast<std::int64_t>(envelope.size)},
                                   {"message_id", envelope.message_id},
                                   {"peer", envelope.peer},
                                   {"user", envelope.user},
                                   {"tls", session.tls ? std::string_view(session.tls->version) : "no"}};
  const auto& f = fields;
  if (outcome == nullptr) {
    around_.log.write(Level::Info, "accepted", {f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]});
    return;
  }
  const auto& findings = outcome->findings;
  around_.log.write(Level::Info, "accepted",
                    {f[0],
                     f[1],
                     f[2],
                     f[3],
                     f[4],
                     f[5],
                     f[6],
                     f[7],
                     {"author", findings.author ? std::string_view(findings.author->address) : std::string_view()},
                     {"spf", to_string(findings.spf.result)},
                     {"dkim", to_string(authenticate::best_signature(findings))},
                     {"arc", to_string(findings.arc.result)},
                     {"dmarc", findings.dmarc ? to_string(findings.dmarc->result) : "permerror"},
                     {"disposition", authenticate::to_string(outcome->ruling.course)}});
}

Awaitable<void> Session::end_message(smtpd::MessageEnd end) {
  const auto transaction = std::move(transaction_);
  const auto& session = engine_->session();
  auto& envelope = transaction->envelope;
  envelope.eight_bit = end.eight_bit;
  envelope.utf8_headers = end.utf8_headers;
  envelope.received = around_.clock.now();
  envelope.peer = session.peer.to_string();
  envelope.user = session.user;
  // An empty line or field of ours between would make another letter of it, and nobody's signature would fit: refused.
  if (transaction->letter->begins_folded()) {
    const auto refused = reply::begins_folded();
    log_refusal("message", refused, text_of(envelope.from));
    engine_->refuse(refused);
    co_return;
  }
  const auto whole = std::chrono::steady_clock::now();
  std::unique_ptr<const authenticate::Outcome> outcome;
  if (transaction->check) {
    outcome = co_await judge(*transaction, end.utf8_headers);
    if (!outcome) {
      engine_->refuse(reply::not_stored({spool::StoreErrorCode::Closing, ""}));
      co_return;
    }
  }
  if (outcome && outcome->ruling.reply) {
    log_judgement(*outcome, envelope);
    engine_->refuse(*outcome->ruling.reply);
    co_return;
  }
  co_await transaction->letter->finish();
  std::string in_front = co_await vouch_for(*transaction, outcome.get());
  // RFC 1047: who cannot be told that his letter is kept sends it again, so it is not kept.
  if (over_) {
    engine_->refuse(reply::not_stored({spool::StoreErrorCode::Closing, ""}));
    co_return;
  }
  auto kept = co_await transaction->letter->commit(std::move(envelope), trusted(), std::move(in_front));
  if (!kept) {
    around_.metrics.add(Counter::StoreErrors, spool::to_string(kept.error().code));
    around_.log.write(Level::Error, "store",
                      {{"error", spool::to_string(kept.error().code)}, {"what", kept.error().what}});
    around_.metrics.add(Counter::LettersRefused, "store");
    engine_->refuse(reply::not_stored(kept.error()));
    co_return;
  }
  ++letters_;
  around_.metrics.add(Counter::LettersAccepted, session.user.empty() ? "relay" : "submission");
  around_.metrics.add(Counter::OctetsAccepted, {}, static_cast<double>(kept->envelope.size));
  around_.metrics.observe(Histogram::CommitSeconds, seconds_since(whole));
  around_.metrics.observe(Histogram::AcceptSeconds, seconds_since(transaction->began));
  log_accepted(*kept, outcome.get());
  if (outcome && around_.judged) around_.judged(*kept, *outcome);
  if (around_.accepted) around_.accepted(*kept);
  engine_->accept(fmt::format("Ok: queued as {}", kept->id.to_string()));
}

}  // namespace postseal::inbound
