// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/attempt.h"

#include <fmt/format.h>

#include <algorithm>

namespace postseal::outbound {

Attempt::Attempt(SessionTools tools, SessionPool& pool, const Letter& letter, DeliveryRecord& record, Deadline until)
    : tools_(tools), pool_(pool), letter_(letter), record_(record), until_(until) {
  for (std::size_t i = 0; i < record.recipients.size(); ++i) pending_.push_back({i, std::nullopt});
}

Awaitable<void> Attempt::run() {
  if (record_.decision.course == policy::Course::Dial) {
    // RFC 5321 §5.1, RFC 7672 §2.2.1 (D42): in order of preference; the next host only for who is still on the way.
    for (const policy::HostDecision& host : record_.decision.hosts) {
      const bool waits = std::ranges::any_of(pending_, &Pending::in_doubt);
      if (pending_.empty() || waits || until_.passed()) break;
      if (host.use == policy::HostUse::Dial) co_await try_host(host);
    }
  }
  for (const Pending& left : pending_) {
    auto& verdict = record_.recipients[left.index];
    verdict = conclude(verdict.recipient, record_.decision, record_.attempts, left.last_refusal, letter_.requiretls);
  }
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

Awaitable<void> Attempt::try_host(const policy::HostDecision& host) {
  bool fresh = false;
  while (!pending_.empty()) {
    const auto start = std::chrono::steady_clock::now();
    auto session = co_await session_for(host, fresh);
    if (!session) co_return;
    const bool shared = attempt().shared_session;
    bool usable = true;
    // RFC 9422 §3: as many transactions as the server's RCPTMAX asks for, as many sessions as its MAILMAX.
    std::size_t before = pending_.size() + 1;
    while (usable && !pending_.empty() && pending_.size() < before) {
      before = pending_.size();
      usable = co_await transact(session, host);
      const auto& limits = session->talk->engine().capabilities();
      if (limits.mail_max && session->transactions >= *limits.mail_max) usable = false;
      if (!limits.rcpt_max && !limits.rcpt_domain_max) break;
    }
    attempt().total += std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    const bool more = pending_.size() < before && !pending_.empty() && !usable && attempt().problem.empty();
    if (usable) {
      session = pool_.put(std::move(session));
      if (session) co_await session->talk->quit(until_);
    } else if (attempt().problem.empty()) {
      co_await session->talk->quit(until_);
    } else {
      session->talk->close();
    }
    // A session that lay idle may have been closed by the server meanwhile: once more with a new one.
    if (shared && !attempt().problem.empty() && !fresh && std::ranges::none_of(pending_, &Pending::in_doubt)) {
      fresh = true;
      continue;
    }
    if (!more) co_return;
  }
}

smtp::Transaction Attempt::transaction_for(const Session& session, std::size_t count) const {
  smtp::Transaction transaction;
  transaction.from = letter_.from;
  for (std::size_t i = 0; i < count; ++i) {
    transaction.recipients.push_back(record_.recipients[pending_[i].index].recipient);
  }
  transaction.size = letter_.facts.wire_size;
  transaction.eight_bit = letter_.facts.eight_bit;
  transaction.utf8_headers = letter_.facts.utf8_headers;
  // RFC 8689 §4.2.1: the keyword is passed on to a server that promised it.
  transaction.requiretls = letter_.requiretls && session.evidence.requiretls_offered;
  transaction.dsn = letter_.dsn;
  return transaction;
}

/// One transaction for the first of those on the way. False when the session cannot be used any more.
Awaitable<bool> Attempt::transact(std::unique_ptr<Session>& session, const policy::HostDecision& host) {
  const auto& limits = session->talk->engine().capabilities();
  std::size_t count = pending_.size();
  if (limits.rcpt_max && *limits.rcpt_max > 0) count = std::min<std::size_t>(count, *limits.rcpt_max);
  if (letter_.requiretls && !session->evidence.requiretls_offered) {
    attempt().problem = "the server does not offer REQUIRETLS";
    co_return false;
  }
  ++session->transactions;
  auto event = co_await session->talk->transact(transaction_for(*session, count), letter_.source, until_);
  if (!event) {
    note_failure(event.error());
    co_return false;
  }
  settle(host, *event, count);
  const auto* end = std::get_if<smtp::TransactionEnd>(&*event);
  co_return end && end->reusable;
}

void Attempt::note_failure(const net::IoError& error) { attempt().problem = error.context; }

/// Takes what the transaction said into the verdicts; those without a final word stay on the way.
void Attempt::settle(const policy::HostDecision& host, const smtp::Event& event, std::size_t count) {
  const auto* done = std::get_if<smtp::TransactionEnd>(&event);
  const auto* broken = std::get_if<smtp::SessionEnd>(&event);
  if (!done && !broken) {
    attempt().problem = "the SMTP dialogue went out of step";
    return;
  }
  if (broken) {
    attempt().session_failure = broken->failure;
    attempt().reply = broken->reply;
    attempt().problem = broken->reason;
  }
  const auto& outcomes = done ? done->recipients : broken->transaction;
  std::vector<Pending> still;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    Pending pending = pending_[i];
    auto& verdict = record_.recipients[pending.index];
    if (i >= count) {
      still.push_back(pending);
      continue;
    }
    const Standing standing = done ? classify_reply(outcomes[i]) : classify_session_end(*broken, i);
    switch (standing) {
      case Standing::Delivered:
        verdict = settled(verdict.recipient, Outcome::Delivered, outcomes[i], host, attempt());
        continue;
      case Standing::Bounced:
        verdict = settled(verdict.recipient, Outcome::Bounced, outcomes[i], host, attempt());
        continue;
      case Standing::InDoubt:
        pending.in_doubt = true;
        break;
      case Standing::NextHost:
      case Standing::CannotHere:
        break;
    }
    if (i < outcomes.size() && outcomes[i].reply.code != 0) pending.last_refusal = outcomes[i];
    if (!attempt().reply && pending.last_refusal) attempt().reply = pending.last_refusal->reply;
    still.push_back(std::move(pending));
  }
  pending_ = std::move(still);
}

}  // namespace postseal::outbound
