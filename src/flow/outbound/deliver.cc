// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/deliver.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "flow/outbound/attempt.h"
#include "flow/outbound/gather.h"
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

/// Destinations whose first host is the same go one after the other, so that they can share its session.
std::vector<std::vector<std::size_t>> by_first_host(const std::vector<DeliveryRecord>& records) {
  std::map<std::string, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& hosts = records[i].decision.hosts;
    const auto first = std::ranges::find(hosts, policy::HostUse::Dial, &policy::HostDecision::use);
    groups[first == hosts.end() ? fmt::format("#{}", i) : first->host.ascii()].push_back(i);
  }
  std::vector<std::vector<std::size_t>> result;
  for (auto& [host, members] : groups) result.push_back(std::move(members));
  return result;
}

}  // namespace

struct Outbound::Impl {
  Impl(Services given, const settings::Settings& set, Observer watching)
      : services(given), settings(set), observer(std::move(watching)), pool(given.trust, given.clock) {}

  Services services;
  const settings::Settings& settings;
  Observer observer;
  SessionPool pool;

  SessionTools tools() { return {&services.tls, &settings, &observer}; }
  Deadline deadline() const { return Deadline::in(settings.delivery.timeout); }

  /// Route, facts, decide.
  Awaitable<DeliveryRecord> plan(MailDestination destination, policy::MessageDemands demands, Deadline until) {
    const auto start = steady_clock::now();
    DeliveryRecord record;
    record.id = new_id();
    record.next_hop = destination;
    record.started = services.clock.now();
    record.facts = co_await gather_facts({services.resolver, services.fetcher, services.cache, services.clock},
                                         settings, destination, demands, until);
    record.decision = policy::decide(record.facts);
    record.gather_time = since(start);
    co_return record;
  }

  /// Dial, converse, classify, record: one destination after the other.
  Awaitable<bool> deliver_group(std::vector<DeliveryRecord*> group, const Letter& letter, Deadline until) {
    for (DeliveryRecord* record : group) {
      const auto start = steady_clock::now();
      Attempt attempt(tools(), pool, letter, *record, until);
      co_await attempt.run();
      record->total_time = record->gather_time + since(start);
    }
    co_return true;
  }
};

Outbound::Outbound(Services services, const settings::Settings& settings, Observer observer)
    : impl_(std::make_unique<Impl>(services, settings, std::move(observer))) {}

Outbound::~Outbound() = default;

Awaitable<std::vector<DeliveryRecord>> Outbound::send(Letter letter) {
  const Deadline until = impl_->deadline();
  // RFC 8689 §4.2.1, §5 SHOULD NOT (X05): a notification, which has no sender, is not lost for want of REQUIRETLS.
  // §4.1 MUST (X07): beside REQUIRETLS the header field is ignored, here as well.
  const policy::MessageDemands demands{letter.requiretls && letter.from,
                                       letter.facts.tls_required_no && (letter.from || !letter.requiretls)};

  std::map<MailDestination, std::vector<Mailbox>> recipients;
  for (const Mailbox& recipient : letter.recipients) recipients[recipient.destination()].push_back(recipient);

  std::vector<Awaitable<DeliveryRecord>> plans;
  for (const auto& [destination, mailboxes] : recipients) plans.push_back(impl_->plan(destination, demands, until));
  auto records = co_await await_all(std::move(plans));
  for (DeliveryRecord& record : records) {
    for (const Mailbox& mailbox : recipients.at(record.next_hop)) record.recipients.push_back({.recipient = mailbox});
  }

  std::vector<Awaitable<bool>> groups;
  for (const auto& members : by_first_host(records)) {
    std::vector<DeliveryRecord*> group;
    for (const std::size_t member : members) group.push_back(&records[member]);
    groups.push_back(impl_->deliver_group(std::move(group), letter, until));
  }
  co_await await_all(std::move(groups));
  co_return records;
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

Awaitable<void> Outbound::close() {
  const Deadline until = Deadline::in(std::chrono::seconds(2));
  for (auto& session : impl_->pool.drain()) co_await session->talk->quit(until);
}

}  // namespace postseal::outbound
