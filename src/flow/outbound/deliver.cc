// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/deliver.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "flow/outbound/attempt.h"
#include "flow/outbound/gather.h"
#include "flow/outbound/plan_book.h"
#include "flow/outbound/randomness.h"
#include "flow/outbound/session_pool.h"
#include "vocab/await_all.h"

namespace postseal::outbound {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

milliseconds since(steady_clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

std::string new_id() { return fmt::format("{:016x}", random_engine()()); }

/// Destinations whose first host is the same go together, so that they can share its session.
std::vector<std::vector<DeliveryRecord*>> by_first_host(std::vector<DeliveryRecord>& records) {
  std::map<std::string, std::vector<DeliveryRecord*>> groups;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& hosts = records[i].decision.hosts;
    const auto first = std::ranges::find(hosts, policy::HostUse::Dial, &policy::HostDecision::use);
    groups[first == hosts.end() ? fmt::format("#{}", i) : first->host.ascii()].push_back(&records[i]);
  }
  std::vector<std::vector<DeliveryRecord*>> result;
  for (auto& [host, members] : groups) result.push_back(std::move(members));
  return result;
}

Awaitable<bool> say_farewell(std::unique_ptr<Session> session, Deadline until) {
  co_await session->talk->quit(until);
  co_return true;
}

policy::MessageDemands demands_of(const Letter& letter) {
  // RFC 8689 §5 SHOULD NOT: a notification is not lost for want of REQUIRETLS; it takes the keyword along where it can.
  return {letter.requiretls && letter.from, letter.facts.tls_required_no, letter.only_if_verified};
}

}  // namespace

struct Outbound::Impl {
  Impl(Services given, const settings::Settings& set, Observer watching)
      : services(given), settings(set), observer(std::move(watching)), pool(given.trust, given.clock) {}

  Services services;
  const settings::Settings& settings;
  Observer observer;
  SessionPool pool;
  PlanBook plans;

  SessionTools tools() { return {&services.tls, &settings, &observer}; }
  Deadline deadline() const { return Deadline::in(settings.delivery.timeout); }

  GatherFrom gather_from() { return {services.resolver, services.fetcher, services.cache, services.clock}; }

  Awaitable<PlanPtr> gather(MailDestination destination, std::optional<settings::Route> via) {
    const auto start = steady_clock::now();
    auto plan = std::make_shared<Plan>();
    plan->destination = destination;
    auto route = via ? std::move(via) : settings::route_for(settings, destination);
    plan->facts = co_await gather_facts_by(gather_from(), settings, destination, std::move(route), {}, deadline());
    plan->site = site_of(plan->facts);
    plan->gather_time = since(start);
    plan->valid_until = steady_clock::now() + lifetime_of(plan->facts);
    co_return plan;
  }

  /// Route, facts, decide.
  Awaitable<DeliveryRecord> plan(MailDestination destination, policy::MessageDemands demands, Deadline until) {
    const auto start = steady_clock::now();
    DeliveryRecord record;
    record.id = new_id();
    record.next_hop = destination;
    record.started = services.clock.now();
    record.facts = co_await gather_facts(gather_from(), settings, destination, demands, until);
    record.decision = policy::decide(record.facts);
    record.gather_time = since(start);
    co_return record;
  }

  /// The decision for this very letter, from facts found earlier.
  DeliveryRecord decide_again(const Way& way, const policy::MessageDemands& demands) {
    DeliveryRecord record;
    record.id = new_id();
    record.next_hop = way.plan->destination;
    record.started = services.clock.now();
    record.facts = way.plan->facts;
    record.facts.message = demands;
    record.facts.now = record.started;
    record.facts.remembered_tls = way.memory.must_have_tls;
    record.decision = policy::decide(record.facts);
    record.gather_time = way.plan->gather_time;
    return record;
  }

  /// Dial, converse, classify, record: one destination after the other, together where they may.
  Awaitable<bool> deliver_group(std::vector<DeliveryRecord*> group, const Letter& letter, Deadline until) {
    const auto start = steady_clock::now();
    Attempt attempt(tools(), pool, letter, group, until);
    co_await attempt.run();
    for (DeliveryRecord* record : group) record->total_time = record->gather_time + since(start);
    co_return true;
  }

  Awaitable<void> deliver_all(std::vector<DeliveryRecord>& records, const Letter& letter, Deadline until) {
    auto groups = by_first_host(records);
    if (groups.size() == 1) {
      co_await deliver_group(std::move(groups.front()), letter, until);
      co_return;
    }
    std::vector<Awaitable<bool>> tasks;
    for (auto& group : groups) tasks.push_back(deliver_group(std::move(group), letter, until));
    co_await await_all(std::move(tasks));
  }
};

Outbound::Outbound(Services services, const settings::Settings& settings, Observer observer)
    : impl_(std::make_unique<Impl>(services, settings, std::move(observer))) {}

Outbound::~Outbound() = default;

Awaitable<std::vector<DeliveryRecord>> Outbound::send(Letter letter) {
  const Deadline until = impl_->deadline();
  std::map<MailDestination, std::vector<std::size_t>> recipients;
  for (std::size_t i = 0; i < letter.recipients.size(); ++i) {
    recipients[letter.recipients[i].destination()].push_back(i);
  }
  std::vector<Awaitable<DeliveryRecord>> plans;
  for (const auto& [destination, indexes] : recipients) {
    plans.push_back(impl_->plan(destination, demands_of(letter), until));
  }
  auto records = co_await await_all(std::move(plans));
  for (DeliveryRecord& record : records) {
    for (const std::size_t i : recipients.at(record.next_hop)) {
      record.recipients.push_back({.recipient = letter.recipients[i], .index = i});
    }
  }
  co_await impl_->deliver_all(records, letter, until);
  co_return records;
}

Awaitable<PlanPtr> Outbound::plan(MailDestination destination, std::optional<settings::Route> via, bool fresh) {
  std::string key = to_string(destination);
  if (via) key += fmt::format(" via {} {} {}", to_string(via->next_hop), via->mx_lookup, via->port.value_or(0));
  auto gather = [impl = impl_.get(), destination, via] { return impl->gather(destination, via); };
  co_return co_await impl_->plans.find(std::move(key), std::move(gather), fresh);
}

Awaitable<std::vector<DeliveryRecord>> Outbound::deliver(Letter letter, std::vector<Way> ways, Deadline until) {
  std::vector<DeliveryRecord> records;
  records.reserve(ways.size());
  for (const Way& way : ways) records.push_back(impl_->decide_again(way, demands_of(letter)));
  for (std::size_t i = 0; i < letter.recipients.size(); ++i) {
    const auto record = std::ranges::find(records, letter.recipients[i].destination(), &DeliveryRecord::next_hop);
    if (record != records.end()) record->recipients.push_back({.recipient = letter.recipients[i], .index = i});
  }
  co_await impl_->deliver_all(records, letter, until);
  co_return records;
}

void Outbound::forget_plans() { impl_->plans.forget(); }

Awaitable<void> Outbound::end_idle_sessions(Seconds idle) {
  const Deadline until = Deadline::in(std::chrono::seconds(5));
  std::vector<Awaitable<bool>> farewells;
  for (auto& session : impl_->pool.drain_idle_since(steady_clock::now() - idle)) {
    farewells.push_back(say_farewell(std::move(session), until));
  }
  co_await await_all(std::move(farewells));
}

Awaitable<DeliveryRecord> Outbound::explain(MailDestination destination, policy::MessageDemands demands, bool connect) {
  const Deadline until = impl_->deadline();
  DeliveryRecord record = co_await impl_->plan(std::move(destination), demands, until);
  if (!connect) co_return record;
  for (const policy::HostDecision& host : record.decision.hosts) {
    if (host.use != policy::HostUse::Dial) continue;
    record.attempts.emplace_back();
    record.attempts.back().host = host.host;
    const auto start = steady_clock::now();
    auto session = co_await open_session(impl_->tools(), {host, record.facts.port, record.decision.weakened, until},
                                         record.attempts.back());
    record.attempts.back().total = since(start);
    if (session) co_await session->talk->quit(until);
  }
  co_return record;
}

Awaitable<void> Outbound::close() { co_await end_idle_sessions(Seconds(-1)); }

}  // namespace postseal::outbound
