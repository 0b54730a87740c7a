// SPDX-License-Identifier: Apache-2.0
// Who wrote it: letters from outside are checked, ours are signed, and those that an alias leads on are sealed.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <span>

#include "flow/inbound/replies.h"
#include "flow/inbound/session.h"
#include "flow/inbound/trace_header.h"
#include "flow/inbound/transaction.h"
#include "flow/sign/seal.h"

namespace postseal::inbound {

using authenticate::Outcome;
using observe::Counter;
using observe::Level;

namespace {

authenticate::Client client_of(const smtpd::Server::Session& session, const spool::Envelope& envelope) {
  authenticate::Client client{session.peer, session.helo, text_of(envelope.from), {}};
  if (session.tls) client.tls = {session.tls->version, session.tls->cipher};
  return client;
}

}  // namespace

/// Users and our own networks are known; who knows them need not ask DNS.
bool Session::is_checked() const { return rules_->authentication && around_.authentication && !trusted(); }

Awaitable<void> Session::begin_checks(Transaction& transaction) {
  auto& letter = *transaction.letter;
  // RFC 8601 §5 MUST (A21): from users, from our networks and where nothing is checked, too. Whoever reads the letter
  // cannot know who brought it, and we write such fields only about what we have found out ourselves.
  letter.remove([rules = rules_](const message::HeaderField& field) {
    return authenticate::is_forged(field, rules->authserv_id.empty() ? rules->hostname : rules->authserv_id);
  });
  if (is_checked()) {
    const auto executor = co_await boost::asio::this_coro::executor;
    if (!visitor_) visitor_ = std::make_shared<authenticate::Visitor>();
    transaction.check = std::make_shared<authenticate::Authentication>(
        *around_.authentication, rules_->authentication, client_of(engine_->session(), transaction.envelope), executor,
        visitor_);
  }
  if (!around_.authentication || !transaction.keys || transaction.keys->empty()) co_return;
  const bool ours = trusted() && rules_->signing.enabled;
  // RFC 8617 §5.1: a seal says what was checked here, so without a check there is none.
  const bool sealed = transaction.check && transaction.forwarder && rules_->signing.seal &&
                      transaction.keys->find(*transaction.forwarder);
  if (!ours && !sealed) co_return;
  transaction.outgoing = std::make_unique<sign::OutgoingLetter>();
  letter.show_to([outgoing = transaction.outgoing.get()](std::string_view octets) { outgoing->feed(octets); });
}

void Session::note(const Outcome& outcome) {
  const auto& findings = outcome.findings;
  auto& metrics = around_.metrics;
  metrics.add(Counter::SpfChecks, to_string(findings.spf.result));
  for (const auto& signature : findings.dkim) metrics.add(Counter::DkimChecks, to_string(signature.result));
  if (findings.dkim.empty()) metrics.add(Counter::DkimChecks, to_string(dkim::Result::None));
  metrics.add(Counter::ArcChecks, to_string(findings.arc.result));
  metrics.add(Counter::DmarcChecks, to_string(findings.dmarc ? findings.dmarc->result : dmarc::Result::PermError));
  metrics.add(Counter::Judged, to_string(outcome.ruling.course));
}

/// DNS is waited for with a deadline of its own; a session that is cut does not wait for that.
struct Session::Judging {
  explicit Judging(const boost::asio::any_io_executor& executor)
      : bell(executor, boost::asio::steady_timer::time_point::max()) {}
  boost::asio::steady_timer bell;
  std::shared_ptr<authenticate::Authentication> check;
  std::unique_ptr<const Outcome> outcome;
  std::exception_ptr bug;
  bool over = false;
};

void Session::give_up_judging() {
  if (!judging_) return;
  if (judging_->check) judging_->check->cancel();
  judging_->over = true;
  judging_->bell.cancel();
}

Awaitable<std::unique_ptr<const Outcome>> Session::judge(Transaction& transaction, bool utf8_headers) {
  const auto charset = utf8_headers ? authres::Charset::Utf8 : authres::Charset::Ascii;
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto judging = std::make_shared<Judging>(executor);
  judging->check = transaction.check;
  judging_ = judging;
  // Keeps what it works on, and ends with the questions under way where nobody waits any more.
  boost::asio::co_spawn(executor, transaction.check->finish(charset),
                        [judging](std::exception_ptr bug, std::unique_ptr<const Outcome> outcome) {
                          judging->bug = bug;
                          judging->outcome = std::move(outcome);
                          judging->over = true;
                          judging->bell.cancel();
                        });
  while (!judging->over) co_await judging->bell.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  judging_.reset();
  if (judging->bug) std::rethrow_exception(judging->bug);
  if (!judging->outcome) co_return nullptr;
  const Outcome& outcome = *judging->outcome;
  note(outcome);
  transaction.envelope.quarantined = outcome.ruling.course == authenticate::Course::Quarantine &&
                                     rules_->authentication->settings.quarantine == settings::QuarantineBy::Mailbox;
  co_return std::move(judging->outcome);
}

void Session::log_judgement(const Outcome& outcome, const spool::Envelope& envelope) {
  const auto& findings = outcome.findings;
  around_.metrics.add(Counter::LettersRefused, to_string(outcome.ruling.cause));
  around_.log.write(Level::Info, "refused",
                    {{"peer", envelope.peer},
                     {"helo", engine_->session().helo},
                     {"user", ""},
                     {"reason", to_string(outcome.ruling.cause)},
                     {"address", text_of(envelope.from)},
                     {"author", findings.author ? std::string_view(findings.author->address) : std::string_view()},
                     {"spf", to_string(findings.spf.result)},
                     {"dkim", to_string(authenticate::best_signature(findings))},
                     {"arc", to_string(findings.arc.result)},
                     {"dmarc", findings.dmarc ? to_string(findings.dmarc->result) : "permerror"},
                     {"reply", outcome.ruling.reply->to_string()}});
}

/// A36: a signature says that the domain stands behind the author, so a user gets it for his own addresses only.
/// Of several in From anybody may be the one who is shown.
bool Session::may_write_as(const message::Author& author) {
  if (engine_->session().user.empty()) return true;
  const auto is_his = [this](const std::string& address) {
    const auto mailbox = Mailbox::parse(address);
    return mailbox && !refuse_sender(*mailbox);
  };
  return is_his(author.address) && std::ranges::all_of(author.others, is_his);
}

std::string Session::refuse_to_sign(const Transaction& transaction, const message::Author& author) {
  if (!may_write_as(author)) {
    std::string authors = author.address;
    for (const auto& other : author.others) authors += ", " + other;
    return "the sender may not write as " + authors;
  }
  // In front stands the field that we have just written.
  const auto fields = std::span(transaction.outgoing->pass().fields()).subspan(1);
  // A36: what passes through us and comes back from a program of ours may be anybody's. It was signed when it came
  // first, if somebody had a right to that.
  if (engine_->session().user.empty()) {
    const bool again = std::ranges::any_of(fields, [this](const message::HeaderField& field) {
      return field.is("received") && was_received_by(field.value(), rules_->hostname);
    });
    return again ? "it has been here before" : "";
  }
  // A36: mail programs show these beside the author or in his place.
  for (const message::HeaderField& field : fields) {
    if (!field.is("sender") && !field.is("resent-from") && !field.is("resent-sender")) continue;
    const auto named = message::parse_author(field.value());
    if (named && !directory_->is_local(named->domain) && !transaction.keys->find(named->domain)) continue;
    if (!named || !may_write_as(*named)) return "its " + std::string(field.name()) + " is not the sender's";
  }
  return {};
}

Awaitable<std::string> Session::vouch_for(Transaction& transaction, const Outcome* outcome) {
  std::string fields = outcome != nullptr ? outcome->header : std::string();
  auto& envelope = transaction.envelope;
  const WallTime now = envelope.received;
  // What we do not believe goes on as what it is, and who gets it can see that: not from an address of ours, by SPF and
  // by name, nor with a seal that says we have looked at it.
  if (outcome != nullptr && outcome->ruling.course == authenticate::Course::Quarantine) co_return fields;
  if (transaction.forwarder && transaction.keys && transaction.keys->rewriter && rules_->signing.srs && envelope.from) {
    auto rewritten = transaction.keys->rewriter->forward(*envelope.from, *transaction.forwarder, now);
    if (rewritten && *rewritten != *envelope.from) envelope.forward_from = std::move(*rewritten);
  }
  if (!transaction.outgoing) co_return fields;
  transaction.outgoing->finish();
  const auto pass = transaction.outgoing->shared_pass();
  if (outcome == nullptr) {
    std::string refused;
    const auto may_sign = [&](const message::Author& author) {
      refused = refuse_to_sign(transaction, author);
      return refused.empty();
    };
    auto done = co_await sign::sign_letter(pass, transaction.keys, may_sign, around_.authentication->offload, now);
    const std::string& problem = refused.empty() ? done.problem : refused;
    if (!problem.empty()) around_.log.write(Level::Warning, "not signed", {{"user", envelope.user}, {"what", problem}});
    if (!done.fields.empty()) around_.metrics.add(Counter::Signatures, "dkim");
    co_return done.fields + fields;
  }
  auto sealed = co_await sign::seal_letter(pass, transaction.keys, *transaction.forwarder, outcome->findings.arc,
                                           rules_->authentication->authserv_id(), outcome->results,
                                           around_.authentication->offload, now);
  if (!sealed.problem.empty())
    around_.log.write(Level::Warning, "not sealed",
                      {{"domain", transaction.forwarder->ascii()}, {"what", sealed.problem}});
  if (!sealed.fields.empty()) around_.metrics.add(Counter::Signatures, "arc");
  co_return sealed.fields + fields;
}

/// What comes back to a reverse-path that we made goes to its sender, who need not be ours: the hash shows that we have
/// forwarded his letter lately. A36: notifications only, so that nobody can write to him through us.
std::optional<RecipientRuling> Session::rule_returning(const Mailbox& recipient) const {
  const auto* domain = std::get_if<Domain>(&recipient.destination());
  if (domain == nullptr || !transaction_->keys || !transaction_->keys->rewriter || !directory_->is_local(*domain))
    return std::nullopt;
  const auto original = transaction_->keys->rewriter->reverse(recipient, *domain, around_.clock.now());
  if (!original) return std::nullopt;
  if (transaction_->envelope.from) return reply::notifications_only(recipient);
  // A sender who is ours by now may have aliases.
  if (directory_->is_local(original->destination())) return rule_recipient(*directory_, *original, false);
  return std::vector{*original};
}

}  // namespace postseal::inbound
