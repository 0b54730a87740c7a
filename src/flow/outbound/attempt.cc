// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/attempt.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postseal::outbound {

Attempt::Attempt(SessionTools tools, SessionPool& pool, const Letter& letter,
                 const std::vector<DeliveryRecord*>& records, Deadline until)
    : tools_(tools), pool_(pool), letter_(letter), until_(until), parts_(records.size()) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    parts_[i].record = records[i];
    for (std::size_t j = 0; j < records[i]->recipients.size(); ++j) parts_[i].pending.push_back({&parts_[i], j, {}});
  }
}

bool Attempt::Part::waits() const { return std::ranges::any_of(pending, &Pending::waits); }

const policy::HostDecision* Attempt::Part::next_host() const {
  if (record->decision.course != policy::Course::Dial) return nullptr;
  for (const policy::HostDecision& host : record->decision.hosts) {
    if (host.use == policy::HostUse::Dial && std::ranges::find(tried, host.host) == tried.end()) return &host;
  }
  return nullptr;
}

Awaitable<void> Attempt::run() {
  for (Part& part : parts_) co_await run_part(part);
}

Awaitable<void> Attempt::run_part(Part& part) {
  lead_ = &part;
  // RFC 5321 §5.1, RFC 7672 §2.2.1 (D42): in order of preference; the next host only for who has no final word yet.
  while (!part.pending.empty() && !part.waits() && !until_.passed()) {
    const policy::HostDecision* host = part.next_host();
    if (!host) break;
    part.tried.push_back(host->host);
    co_await try_host(*host);
  }
  const auto& record = *part.record;
  for (const Pending& left : part.pending) {
    auto& verdict = part.record->recipients[left.index];
    const std::size_t index = verdict.index;
    verdict = conclude(verdict.recipient, record.decision, record.attempts, left.left, record.facts);
    verdict.index = index;
  }
}

Awaitable<void> Attempt::try_host(const policy::HostDecision& host) {
  here_ = std::exchange(lead_->pending, {});
  lead_->at = &host;
  policy::HostDecision left = host;  // with the addresses that are still to be tried
  bool fresh = false;
  while (!here_.empty()) {
    const auto start = std::chrono::steady_clock::now();
    auto session = co_await session_for(left, fresh);
    const bool shared = lead_->attempt().shared_session;
    SessionState state = SessionState::Broken;
    if (session) {
      lead_->attempt().opened = true;
      let_join(*session);
      state = co_await use_session(*session);
      co_await put_away(std::move(session), state);
      part_company();
    }
    lead_->attempt().total =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    if (until_.passed() || lead_->waits()) break;
    // A session that lay idle may have been closed by the server meanwhile: once more with a new one.
    if (state == SessionState::Broken && !shared && !next_address(left)) break;
    fresh = true;
  }
  std::ranges::move(here_, std::back_inserter(lead_->pending));
  here_.clear();
}

/// Recipients of later destinations whose next host is this one, where their own decision lets this very session carry
/// their mail.
void Attempt::let_join(Session& session) {
  if (session.evidence.weakened) return;
  for (Part* part = lead_ + 1; part != parts_.data() + parts_.size(); ++part) {
    if (part->pending.empty() || part->waits() || part->record->decision.weakened) continue;
    const policy::HostDecision* host = part->next_host();
    if (!host || host->host != lead_->at->host) continue;
    auto verdict = pool_.may_carry(session, *host, part->record->facts.port);
    if (!verdict) continue;
    part->at = host;
    part->tried.push_back(host->host);
    part->record->attempts.push_back(
        {.host = host->host, .evidence = session.evidence, .shared_session = true, .opened = true});
    part->attempt().evidence->verdict = std::move(*verdict);
    std::ranges::move(part->pending, std::back_inserter(here_));
    part->pending.clear();
  }
}

/// Those who joined and were not settled go back to their own destination's turn. A session that broke before it said a
/// word about them is no try of theirs.
void Attempt::part_company() {
  std::vector<Pending> stay;
  std::vector<Part*> left;
  for (Pending& pending : here_) {
    if (pending.part == lead_) {
      stay.push_back(std::move(pending));
      continue;
    }
    if (std::ranges::find(left, pending.part) == left.end()) left.push_back(pending.part);
    pending.part->pending.push_back(std::move(pending));
  }
  for (Part* part : left) part->tried.pop_back();
  here_ = std::move(stay);
}

/// RFC 5321 §5.1 MUST: the other addresses of a host are tried too, each held to the same requirement. False when the
/// connection itself failed (all addresses had their turn then) or none is left.
bool Attempt::next_address(policy::HostDecision& host) {
  constexpr std::size_t kMostTried = 4;
  if (!lead_->attempt().evidence) return false;
  std::erase(host.addresses, lead_->attempt().evidence->address);
  if (host.addresses.size() > kMostTried) host.addresses.resize(kMostTried);
  return !host.addresses.empty();
}

Awaitable<std::unique_ptr<Session>> Attempt::session_for(const policy::HostDecision& host, bool fresh) {
  DeliveryRecord& record = *lead_->record;
  record.attempts.push_back({.host = host.host});
  if (!fresh && !record.decision.weakened) {
    if (auto session = pool_.take(host, record.facts.port)) {
      lead_->attempt().shared_session = true;
      lead_->attempt().evidence = session->evidence;
      co_return session;
    }
  }
  co_return co_await open_session(tools_, {host, record.facts.port, record.decision.weakened, until_},
                                  lead_->attempt());
}

/// RFC 9422 §3: as many transactions as the server's RCPTMAX makes necessary, no more than its MAILMAX allows.
Awaitable<Attempt::SessionState> Attempt::use_session(Session& session) {
  SessionState state = SessionState::Idle;
  lay_idle_ = lead_->attempt().shared_session;
  while (state == SessionState::Idle && !here_.empty()) {
    state = co_await transact(session);
    lay_idle_ = false;
  }
  co_return state;
}

Awaitable<void> Attempt::put_away(std::unique_ptr<Session> session, SessionState state) {
  switch (state) {
    case SessionState::Idle:
      session = pool_.put(std::move(session));
      break;
    case SessionState::Spent:
      break;
    case SessionState::Broken:
      session->talk->close();
      co_return;
  }
  if (session) co_await session->talk->quit(until_);
}

smtp::Transaction Attempt::transaction_for(std::size_t count, bool promised) const {
  smtp::Transaction transaction;
  transaction.from = letter_.from;
  transaction.recipients.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& verdict = here_[i].part->record->recipients[here_[i].index];
    transaction.recipients.push_back(verdict.recipient);
    if (!letter_.recipient_dsn.empty()) transaction.recipient_dsn.push_back(letter_.recipient_dsn.at(verdict.index));
  }
  transaction.size = letter_.facts.wire_size;
  transaction.eight_bit = letter_.facts.eight_bit;
  transaction.utf8_headers = letter_.facts.utf8_headers;
  // RFC 8689 §4.2.1 MUST: passed on, never dropped: the engine refuses where the server does not offer it (pitfall 17).
  // §5: a notification without a sender takes the keyword along where it means something, and travels without it else.
  transaction.requiretls = letter_.requiretls && (letter_.from || promised);
  transaction.dsn = letter_.dsn;
  return transaction;
}

/// The session is in plaintext, though the server offers TLS: it failed, or is not to be used.
bool Attempt::lacks_tls(const Part& part) {
  const auto& evidence = part.attempt().evidence;
  return evidence && !evidence->tls && evidence->starttls_offered;
}

/// One transaction for the first of those at this host; they leave here_ unless the connection failed without a word.
Awaitable<Attempt::SessionState> Attempt::transact(Session& session) {
  const auto& limits = session.talk->engine().capabilities();
  std::size_t count = here_.size();
  if (limits.rcpt_max && *limits.rcpt_max > 0) count = std::min<std::size_t>(count, *limits.rcpt_max);
  ++session.transactions;
  const bool proved = session.evidence.verdict.result == policy::ProofResult::Verified && lead_->at->mx_authentic;
  for (const Pending& pending : here_) pending.part->attempt().dsn_offered = limits.dsn;
  auto transaction = transaction_for(count, proved && session.evidence.requiretls_offered);
  auto event = co_await session.talk->transact(std::move(transaction), letter_.open, until_);
  if (!event) {
    for (const Pending& pending : here_) pending.part->attempt().problem = event.error().context;
    co_return SessionState::Broken;
  }
  if (const auto* end = std::get_if<smtp::TransactionEnd>(&*event)) {
    const SessionState state = settle(*end, session.transactions == 1);
    const auto most = tools_.settings->queue.messages_per_connection;
    if (!end->reusable || state == SessionState::Spent || session.transactions >= most) co_return SessionState::Spent;
    co_return limits.mail_max&& session.transactions >= *limits.mail_max ? SessionState::Spent : SessionState::Idle;
  }
  if (const auto* end = std::get_if<smtp::SessionEnd>(&*event)) {
    settle(*end, count);
    co_return SessionState::Broken;
  }
  lead_->attempt().problem = "the SMTP dialogue went out of step";
  co_return SessionState::Broken;
}

/// RFC 5321 §3.8: what a server says to the first MAIL after a pause may be its farewell to an idle session, with a
/// code of its choice; and what it offered when the session began may not be so any more. Neither is its word on this
/// letter.
bool Attempt::is_about_idling(const smtp::RecipientOutcome& outcome) const {
  return lay_idle_ && !outcome.accepted && (outcome.stage == smtp::Stage::Mail || outcome.stage == smtp::Stage::Local);
}

/// first: this was the session's first transaction. RFC 9422 §3: what only the session's earlier use made impossible
/// (MAILMAX, RCPTDOMAINMAX) is tried again in a new one.
Attempt::SessionState Attempt::settle(const smtp::TransactionEnd& end, bool first) {
  const auto count = static_cast<std::ptrdiff_t>(end.recipients.size());
  const std::vector<Pending> done(here_.begin(), here_.begin() + count);
  here_.erase(here_.begin(), here_.begin() + count);
  SessionState state = SessionState::Idle;
  for (std::size_t i = 0; i < done.size(); ++i) {
    const auto& outcome = end.recipients[i];
    const Standing standing = classify_reply(outcome, lacks_tls(*done[i].part));
    const bool used_up = !first && standing == Standing::NextHost && outcome.stage == smtp::Stage::Local;
    if (used_up || is_about_idling(outcome)) {
      here_.push_back(done[i]);
      state = SessionState::Spent;
    } else {
      settle_one(done[i], standing, outcome);
    }
  }
  return state;
}

/// Those about whom the server had said something are settled; the others stay at this host for another session.
void Attempt::settle(const smtp::SessionEnd& end, std::size_t count) {
  for (const Pending& pending : here_) {
    pending.part->attempt().session_failure = end.failure;
    pending.part->attempt().reply = end.reply;
    pending.part->attempt().problem = end.reason;
  }
  std::vector<Pending> left;
  for (std::size_t i = 0; i < here_.size(); ++i) {
    const bool answered = has_answer(end, i);
    const Standing standing = classify_session_end(end, i, lacks_tls(*here_[i].part));
    const bool about_idling = answered && is_about_idling(end.transaction[i]);
    if (i >= count || about_idling || (!answered && standing == Standing::NextHost)) {
      left.push_back(here_[i]);
      continue;
    }
    std::optional<smtp::RecipientOutcome> outcome;
    if (answered) outcome = end.transaction[i];
    settle_one(here_[i], standing, outcome);
  }
  here_ = std::move(left);
}

void Attempt::settle_one(Pending pending, Standing standing, const std::optional<smtp::RecipientOutcome>& outcome) {
  Part& part = *pending.part;
  HostAttempt& attempt = part.attempt();
  auto& verdict = part.record->recipients[pending.index];
  const auto settle_as = [&](DeliveryOutcome final) {
    const std::size_t index = verdict.index;
    verdict = settled(verdict.recipient, final, *outcome, *part.at, attempt);
    verdict.index = index;
  };
  switch (standing) {
    case Standing::Delivered:
      return settle_as(DeliveryOutcome::Delivered);
    case Standing::Bounced:
      return settle_as(DeliveryOutcome::Bounced);
    case Standing::Wait:
      pending.waits = true;
      break;
    case Standing::NextHost:
      break;
    case Standing::CannotHere:
      pending.left.cannot_at.push_back(part.at->host);
      break;
  }
  if (outcome) {
    pending.left.last_refusal = outcome;
    attempt.reply = outcome->reply;
    if (attempt.problem.empty()) attempt.problem = outcome->reply.to_string();
  }
  part.pending.push_back(std::move(pending));
}

}  // namespace postseal::outbound
