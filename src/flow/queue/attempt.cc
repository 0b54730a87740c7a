// SPDX-License-Identifier: Apache-2.0
// One attempt for one letter at one site, and what becomes of it.
#include <algorithm>
#include <exception>
#include <utility>

#include "flow/queue/queue_impl.h"

namespace postseal::queue {

using spool::RecipientStatus;

namespace {

RecipientResult not_tried(std::uint32_t index, std::string why) {
  RecipientResult result;
  result.index = index;
  result.status = {4, 3, 0};
  result.explanation = std::move(why);
  return result;
}

/// What the letter itself asks for can make it fail where others would not.
bool asks_for_something(const spool::Envelope& envelope) {
  return envelope.requiretls || envelope.tls_required_no || envelope.only_if_verified;
}

}  // namespace

Awaitable<void> Queue::Impl::attempt(Work work) {
  auto letter = desk.get(work.letter);
  if (!letter) {
    std::vector<Scheduler::Left> left;
    if (letter.error().code != spool::StoreErrorCode::NotFound) {
      services.witness.store_failed("reading letter " + work.letter.to_string(), letter.error());
      for (const auto& name : work.destinations) left.push_back({name, now().wall + settings.first_retry});
    }
    scheduler.settle(work.worker, left, now());
    co_return;
  }
  Attempt attempt{.letter = *letter, .work = std::move(work), .began = now().steady};
  attempt.groups = groups_of(**letter);
  std::erase_if(attempt.groups, [&](const LetterGroup& group) {
    return std::ranges::find(attempt.work.destinations, group.destination) == attempt.work.destinations.end();
  });
  if (attempt.groups.empty()) {
    settle(attempt.work, attempt.letter);
    co_return;
  }
  // RFC 5321 §4.5.4.1: given up only after its time, and only after one more attempt that took nothing for granted.
  // Asked now: since its time was said to be over, the operator may have given it more.
  attempt.last = now().wall >= expires_at((*letter)->envelope, settings);
  if (auto known = known_failure(attempt)) {
    attempt.result = std::move(*known);
    attempt.known = true;
  } else {
    attempt.result = co_await deliver(attempt);
    complete(attempt);
    remember_failure(attempt);
  }
  co_await record(std::move(attempt));
}

Awaitable<AttemptResult> Queue::Impl::deliver(const Attempt& attempt) {
  const auto& letter = *attempt.letter;
  Job job;
  job.letter = letter.id;
  job.envelope = {attempt.letter, &letter.envelope};
  job.rerouted = letter.rerouted;
  job.open = services.store.open(letter.id);
  job.site = attempt.work.site;
  job.fresh = attempt.last;
  // What another host must show, and what the sender asked for less of, is not for the memory to say.
  const bool defers = settings.remembered_tls == settings::RememberedTls::Defer && letter.rerouted.empty() &&
                      !letter.envelope.tls_required_no;
  for (const auto& group : attempt.groups) {
    for (const auto index : group.recipients) {
      const auto& domain = letter.envelope.recipients[index].mailbox.destination();
      job.recipients.push_back({index, defers && remembered.must_have_tls(domain, now().wall)});
    }
  }
  try {
    co_return co_await services.courier.deliver(std::move(job));
  } catch (const std::exception& bug) {
    services.witness.wrong("delivering letter " + letter.id.to_string() + ": " + bug.what());
  }
  co_return AttemptResult{};
}

/// One result for each recipient that was asked for, in the order of the groups. A recipient without a word is
/// deferred: nobody knows that it was delivered, and nobody is forgotten.
void Queue::Impl::complete(Attempt& attempt) {
  std::unordered_map<std::uint32_t, RecipientResult> given;
  for (auto& result : attempt.result.recipients) given.try_emplace(result.index, std::move(result));
  attempt.result.recipients.clear();
  for (const auto& group : attempt.groups) {
    for (const auto index : group.recipients) {
      const auto found = given.find(index);
      attempt.result.recipients.push_back(
          found != given.end() ? std::move(found->second)
                               : not_tried(index, "the attempt ended without a word about this recipient"));
    }
  }
}

/// Ten thousand letters to a host that is gone reach their end together: one of them finds out for the others that come
/// within the first retry interval.
std::optional<AttemptResult> Queue::Impl::known_failure(const Attempt& attempt) {
  if (!attempt.last || asks_for_something(attempt.letter->envelope)) return std::nullopt;
  AttemptResult result;
  for (const auto& group : attempt.groups) {
    const auto found = last_failures.find(group.destination);
    if (found == last_failures.end()) return std::nullopt;
    if (now().steady - found->second.at >= settings.first_retry) return std::nullopt;
    for (const auto index : group.recipients) {
      result.recipients.push_back(found->second.result);
      result.recipients.back().index = index;
    }
  }
  return result;
}

void Queue::Impl::remember_failure(const Attempt& attempt) {
  if (!attempt.last || asks_for_something(attempt.letter->envelope)) return;
  auto result = attempt.result.recipients.begin();
  for (const auto& group : attempt.groups) {
    if (result->outcome == DeliveryOutcome::Deferred && result->scope != Scope::Recipient) {
      last_failures.insert_or_assign(group.destination, LastFailure{now().steady, *result});
    } else {
      last_failures.erase(group.destination);
    }
    result += static_cast<std::ptrdiff_t>(group.recipients.size());
  }
}

/// For each of the recipients: the time before which its destination is not tried again, if it failed as a whole.
std::vector<std::optional<WallTime>> Queue::Impl::report_health(const Attempt& attempt) {
  std::vector<std::optional<WallTime>> until;
  auto result = attempt.result.recipients.begin();
  for (const auto& group : attempt.groups) {
    bool alive = false, site_failed = true;
    std::string problem;
    for (auto left = group.recipients.size(); left > 0; --left, ++result) {
      alive |= result->outcome != DeliveryOutcome::Deferred || result->scope == Scope::Recipient;
      site_failed &= result->scope == Scope::Site;
      if (result->outcome != DeliveryOutcome::Delivered) problem = result->explanation;
    }
    const Health health = alive ? Health::Alive : site_failed ? Health::SiteFailed : Health::DestinationFailed;
    std::optional<WallTime> time;
    if (!attempt.known)
      time = scheduler.report(attempt.work.worker, group.destination, health, problem, now(), chance());
    until.resize(until.size() + group.recipients.size(), time);
  }
  return until;
}

Awaitable<void> Queue::Impl::record(Attempt attempt) {
  const auto& letter = attempt.letter;
  const WallTime at = now().wall;
  const auto until = report_health(attempt);
  watch(attempt);
  learn(attempt);
  for (const auto& json : attempt.result.records) services.store.add_trace(letter->id, at, json);

  spool::LetterChange known{letter->id, {}, std::nullopt, std::nullopt}, given_up = known;
  std::vector<dsn::RecipientReport> failures, successes;
  for (std::size_t i = 0; i < attempt.result.recipients.size(); ++i) {
    const auto& result = attempt.result.recipients[i];
    const auto& recipient = letter->envelope.recipients[result.index];
    spool::RecipientState state = letter->states[result.index];
    // By the operator, while the attempt was under way. That a server has the letter now is said all the same.
    if (state.status != RecipientStatus::Waiting && result.outcome != DeliveryOutcome::Delivered) continue;
    ++state.attempts;
    state.last_attempt = at;
    state.code = result.status;
    state.host = result.host;
    state.explanation = result.explanation;
    if (result.outcome == DeliveryOutcome::Delivered) {
      state.status = RecipientStatus::Delivered;
      // RFC 3461 §5.2.2 MUST: where the next server does not take over to report success, we do.
      const auto action = result.final_delivery ? dsn::Action::Delivered : dsn::Action::Relayed;
      if (!result.dsn_passed_on && dsn::wanted(letter->envelope, recipient, action)) {
        successes.push_back(report_of(*letter, result.index, action, state));
        successes.back().remote_reply = result.reply;
      }
      known.states.emplace_back(result.index, std::move(state));
    } else if (result.outcome == DeliveryOutcome::Deferred && !attempt.last) {
      const RetryTimes times{settings.first_retry, settings.longest_retry};
      state.next_attempt = until[i].value_or(at + retry_delay(state.attempts, times, chance()));
      known.states.emplace_back(result.index, std::move(state));
    } else {
      // RFC 3463 §3.5 X.4.7 SHOULD: of what has run out of time, the code of the problem itself is told.
      if (state.code.klass == 0) state.code = {4, 4, 7};
      auto report = report_of(*letter, result.index, dsn::Action::Failed, state);
      report.remote_reply = result.reply;
      if (dsn::wanted(letter->envelope, recipient, dsn::Action::Failed)) failures.push_back(std::move(report));
      if (!letter->envelope.from) services.witness.double_bounce(*letter, recipient.mailbox, state.explanation);
      state.status = RecipientStatus::Bounced;
      given_up.states.emplace_back(result.index, std::move(state));
    }
  }

  // What other servers have, first of all: it must not go twice. Then RFC 5321 §6.1 MUST: nobody is given up before the
  // word of it is on stable storage; a crash in between costs a second notification, never the only one.
  apply(letter, known);
  const bool told = co_await notify(letter, std::move(failures));
  // By the operator, meanwhile: that is the last word.
  std::erase_if(given_up.states,
                [&](const auto& item) { return letter->states[item.first].status != RecipientStatus::Waiting; });
  if (!told) {
    for (auto& [index, state] : given_up.states) {
      state.status = RecipientStatus::Waiting;
      state.next_attempt = at + settings.first_retry;
    }
  }
  apply(letter, given_up);
  co_await notify(letter, std::move(successes));
  settle(attempt.work, letter);
}

void Queue::Impl::apply(const LetterPtr& letter, const spool::LetterChange& change) {
  if (change.states.empty()) return;
  const auto applied = desk.apply(letter, change);
  if (!applied) services.witness.store_failed("keeping the state of letter " + letter->id.to_string(), applied.error());
}

void Queue::Impl::watch(const Attempt& attempt) {
  const std::chrono::duration<double> took = now().steady - attempt.began;
  for (const auto& result : attempt.result.recipients) {
    AttemptSeen seen{.letter = *attempt.letter, .result = result, .site = attempt.work.site};
    seen.last = attempt.last;
    seen.attempt_seconds = took.count();
    seen.queue_seconds = static_cast<double>((now().wall - attempt.letter->envelope.received).count());
    seen.attempts = attempt.letter->states[result.index].attempts + 1;
    services.witness.attempted(seen);
  }
}

void Queue::Impl::learn(const Attempt& attempt) {
  constexpr std::size_t kMostDowngrades = 100;
  const WallTime at = now().wall;
  for (const auto& result : attempt.result.recipients) {
    const auto& domain = attempt.letter->envelope.recipients[result.index].mailbox.destination();
    if (!attempt.letter->rerouted.empty()) continue;  // what another host shows says nothing of the domain
    if (result.outcome != DeliveryOutcome::Delivered && !result.tls_missing) continue;
    // RFC 8689 §3: who says TLS-Required: No has asked for less.
    if (attempt.letter->envelope.tls_required_no) continue;
    const auto before = remembered.learn(domain, result.tls_missing ? Security::Plaintext : result.actual, at);
    if (!before) continue;
    services.witness.downgraded(domain, before->best, before->when, Security::Plaintext, result.tls_missing);
    downgrades.push_back({to_string(domain), before->best, before->when, at, result.tls_missing});
    if (downgrades.size() > kMostDowngrades) downgrades.pop_front();
  }
}

/// What of the letter still waits where this work was, goes back into line.
void Queue::Impl::settle(const Work& work, const LetterPtr& letter) {
  std::vector<Scheduler::Left> left;
  const auto groups = groups_of(*letter);
  for (const auto& group : groups) {
    if (std::ranges::find(work.destinations, group.destination) == work.destinations.end()) continue;
    left.push_back({group.destination, group.due});
  }
  scheduler.settle(work.worker, left, now(), lag());
  if (moved.contains(letter->id) && !scheduler.under_way(letter->id)) {
    moved.erase(letter->id);
    line_up(*letter);
  }
  // Its time ended while this attempt was under way, which took older facts for granted.
  const bool expired = now().wall >= expires_at(letter->envelope, settings);
  if (expired && !work.last && !left.empty()) scheduler.make_last(letter->id, now());
}

}  // namespace postseal::queue
