// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/attempt.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postseal::outbound {

Attempt::Attempt(SessionTools tools, SessionPool& pool, const Letter& letter, DeliveryRecord& record, Deadline until)
    : tools_(tools), pool_(pool), letter_(letter), record_(record), until_(until) {
  for (std::size_t i = 0; i < record.recipients.size(); ++i) pending_.push_back({i, {}});
}

Awaitable<void> Attempt::run() {
  if (record_.decision.course == policy::Course::Dial) {
    // RFC 5321 §5.1, RFC 7672 §2.2.1 (D42): in order of preference; the next host only for who has no final word yet.
    for (const policy::HostDecision& host : record_.decision.hosts) {
      const bool waits = std::ranges::any_of(pending_, &Pending::waits);
      if (pending_.empty() || waits || until_.passed()) break;
      if (host.use == policy::HostUse::Dial) co_await try_host(host);
    }
  }
  for (const Pending& left : pending_) {
    auto& verdict = record_.recipients[left.index];
    verdict =
        conclude(verdict.recipient, record_.decision, record_.attempts, left.left, record_.facts.message.requiretls);
  }
}

Awaitable<void> Attempt::try_host(const policy::HostDecision& host) {
  here_ = std::exchange(pending_, {});
  policy::HostDecision left = host;  // with the addresses that are still to be tried
  bool fresh = false;
  while (!here_.empty()) {
    const auto start = std::chrono::steady_clock::now();
    auto session = co_await session_for(left, fresh);
    const bool shared = attempt().shared_session;
    SessionState state = SessionState::Broken;
    if (session) {
      state = co_await use_session(*session, host);
      co_await put_away(std::move(session), state);
    }
    attempt().total = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    if (until_.passed() || std::ranges::any_of(pending_, &Pending::waits)) break;
    // A session that lay idle may have been closed by the server meanwhile: once more with a new one.
    if (state == SessionState::Broken && !shared && !next_address(left)) break;
    fresh = true;
  }
  std::ranges::move(here_, std::back_inserter(pending_));
  here_.clear();
}

/// RFC 5321 §5.1 MUST: the other addresses of a host are tried too, each held to the same requirement. False when the
/// connection itself failed (all addresses had their turn then) or none is left.
bool Attempt::next_address(policy::HostDecision& host) {
  constexpr std::size_t kMostTried = 4;
  if (!attempt().evidence) return false;
  std::erase(host.addresses, attempt().evidence->address);
  if (host.addresses.size() > kMostTried) host.addresses.resize(kMostTried);
  return !host.addresses.empty();
}

Awaitable<std::unique_ptr<Session>> Attempt::session_for(const policy::HostDecision& host, bool fresh) {
  record_.attempts.emplace_back();
  attempt().host = host.host;
  if (!fresh && !record_.decision.weakened) {
    if (auto session = pool_.take(host, record_.facts.port)) {
      attempt().shared_session = true;
      attempt().evidence = session->evidence;
      co_return session;
    }
  }
  co_return co_await open_session(tools_, {host, record_.facts.port, record_.decision.weakened, until_}, attempt());
}

/// RFC 9422 §3: as many transactions as the server's RCPTMAX makes necessary, no more than its MAILMAX allows.
Awaitable<Attempt::SessionState> Attempt::use_session(Session& session, const policy::HostDecision& host) {
  SessionState state = SessionState::Idle;
  while (state == SessionState::Idle && !here_.empty()) state = co_await transact(session, host);
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
  for (std::size_t i = 0; i < count; ++i)
    transaction.recipients.push_back(record_.recipients[here_[i].index].recipient);
  transaction.size = letter_.facts.wire_size;
  transaction.eight_bit = letter_.facts.eight_bit;
  transaction.utf8_headers = letter_.facts.utf8_headers;
  // RFC 8689 §4.2.1 MUST: passed on, never dropped: the engine refuses where the server does not offer it (pitfall 17).
  // §5: a notification without a sender takes the keyword along where it means something, and travels without it else.
  transaction.requiretls = letter_.requiretls && (letter_.from || promised);
  transaction.dsn = letter_.dsn;
  return transaction;
}

/// One transaction for the first of those at this host; they leave here_ unless the connection failed without a word.
Awaitable<Attempt::SessionState> Attempt::transact(Session& session, const policy::HostDecision& host) {
  const auto& limits = session.talk->engine().capabilities();
  std::size_t count = here_.size();
  if (limits.rcpt_max && *limits.rcpt_max > 0) count = std::min<std::size_t>(count, *limits.rcpt_max);
  ++session.transactions;
  const bool proved = session.evidence.verdict.result == policy::ProofResult::Verified && host.mx_authentic;
  auto transaction = transaction_for(count, proved && session.evidence.requiretls_offered);
  auto event = co_await session.talk->transact(std::move(transaction), letter_.open, until_);
  if (!event) {
    attempt().problem = event.error().context;
    co_return SessionState::Broken;
  }
  if (const auto* end = std::get_if<smtp::TransactionEnd>(&*event)) {
    const SessionState state = settle(host, *end, session.transactions == 1);
    if (!end->reusable || state == SessionState::Spent) co_return SessionState::Spent;
    co_return limits.mail_max&& session.transactions >= *limits.mail_max ? SessionState::Spent : SessionState::Idle;
  }
  if (const auto* end = std::get_if<smtp::SessionEnd>(&*event)) {
    settle(host, *end, count);
    co_return SessionState::Broken;
  }
  attempt().problem = "the SMTP dialogue went out of step";
  co_return SessionState::Broken;
}

/// first: this was the session's first transaction. RFC 9422 §3: what only the session's earlier use made impossible
/// (MAILMAX, RCPTDOMAINMAX) is tried again in a new one.
Attempt::SessionState Attempt::settle(const policy::HostDecision& host, const smtp::TransactionEnd& end, bool first) {
  const auto count = static_cast<std::ptrdiff_t>(end.recipients.size());
  const std::vector<Pending> done(here_.begin(), here_.begin() + count);
  here_.erase(here_.begin(), here_.begin() + count);
  SessionState state = SessionState::Idle;
  for (std::size_t i = 0; i < done.size(); ++i) {
    const auto& outcome = end.recipients[i];
    const Standing standing = classify_reply(outcome);
    if (!first && standing == Standing::NextHost && outcome.stage == smtp::Stage::Local) {
      here_.push_back(done[i]);
      state = SessionState::Spent;
    } else {
      settle_one(host, done[i], standing, outcome);
    }
  }
  return state;
}

/// Those about whom the server had said something are settled; the others stay at this host for another session.
void Attempt::settle(const policy::HostDecision& host, const smtp::SessionEnd& end, std::size_t count) {
  attempt().session_failure = end.failure;
  attempt().reply = end.reply;
  attempt().problem = end.reason;
  std::vector<Pending> left;
  for (std::size_t i = 0; i < here_.size(); ++i) {
    const Standing standing = classify_session_end(end, i);
    // RFC 5321 §3.8: a server that closed an idle session says 421 to whatever comes next; that is no answer to MAIL.
    const bool was_closed = attempt().shared_session && end.failure == smtp::SessionFailure::ServiceClosing;
    const bool answered = has_answer(end, i) && !(was_closed && end.transaction[i].stage == smtp::Stage::Mail);
    if (i >= count || (!answered && standing == Standing::NextHost)) {
      left.push_back(here_[i]);
      continue;
    }
    std::optional<smtp::RecipientOutcome> outcome;
    if (answered) outcome = end.transaction[i];
    settle_one(host, here_[i], standing, outcome);
  }
  here_ = std::move(left);
}

void Attempt::settle_one(const policy::HostDecision& host, Pending pending, Standing standing,
                         const std::optional<smtp::RecipientOutcome>& outcome) {
  auto& verdict = record_.recipients[pending.index];
  switch (standing) {
    case Standing::Delivered:
      verdict = settled(verdict.recipient, Outcome::Delivered, *outcome, host, attempt());
      return;
    case Standing::Bounced:
      verdict = settled(verdict.recipient, Outcome::Bounced, *outcome, host, attempt());
      return;
    case Standing::Wait:
      pending.waits = true;
      break;
    case Standing::NextHost:
      break;
    case Standing::CannotHere:
      pending.left.cannot_at.push_back(host.host);
      break;
  }
  if (outcome) {
    pending.left.last_refusal = outcome;
    attempt().reply = outcome->reply;
    if (attempt().problem.empty()) attempt().problem = outcome->reply.to_string();
  }
  pending_.push_back(std::move(pending));
}

}  // namespace postseal::outbound
