// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/gather.h"

#include <algorithm>
#include <ranges>

#include "edge/tls/verify.h"
#include "flow/outbound/randomness.h"
#include "protocol/dane/lookup.h"
#include "vocab/await_all.h"

namespace postseal::outbound {

namespace {

/// Where the message goes after the administrator's routes, and who is asked.
struct Search {
  GatherFrom from;
  const settings::Settings* settings;
  std::uint16_t port;
  Deadline deadline;
};

Deadline lookup_deadline(const Search& search) {
  return Deadline::in(search.settings->resolver.timeout).earlier(search.deadline);
}

/// RFC 5321 §5.1 (D41): the exchange of an MX record must be a host name, not an address in disguise.
bool is_valid_exchange(const Domain& name) { return name.is_hostname() && !IpAddress::parse(name.ascii()); }

Awaitable<policy::HostFacts> gather_host(Search search, Domain name, std::uint16_t preference) {
  policy::HostFacts host;
  host.name = name;
  host.preference = preference;
  host.name_valid = is_valid_exchange(name);
  if (!host.name_valid) co_return host;
  auto& resolver = search.from.resolver;
  // RFC 7672 §2.2.2 MUST (D30): addresses first; whether TLSA is asked for at all depends on them.
  host.addresses = co_await dane::lookup_addresses(resolver, name, lookup_deadline(search));
  auto bases = dane::tlsa_base_domains(name, host.addresses);
  if (bases.empty()) co_return host;
  host.tlsa = co_await dane::lookup_tlsa(resolver, std::move(bases), search.port, lookup_deadline(search));
  if (host.tlsa.state == dane::TlsaLookup::State::Secure) {
    host.tlsa_set = dane::select_usable(host.tlsa.answer.records, tls::full_data_parses);
  }
  co_return host;
}

/// RFC 5321 §5.1: lowest preference first, equal preferences in random order.
std::vector<dns::MxRecord> in_order(std::vector<dns::MxRecord> records, std::size_t at_most) {
  std::erase_if(records, [](const dns::MxRecord& record) { return record.exchange.is_root(); });
  std::ranges::shuffle(records, random_engine());
  std::vector<std::pair<std::uint16_t, std::size_t>> order;
  for (std::size_t i = 0; i < records.size(); ++i) order.emplace_back(records[i].preference, i);
  std::ranges::sort(order);
  std::vector<dns::MxRecord> sorted;
  for (const auto& [preference, index] : order) sorted.push_back(std::move(records[index]));
  records = std::move(sorted);
  if (records.size() > at_most) records.resize(at_most);
  return records;
}

struct HostsFound {
  dns::Answer<dns::MxRecord> mx;
  bool implicit = false;
  bool left_out = false;
  std::vector<policy::HostFacts> hosts;
};

Awaitable<HostsFound> find_hosts_by_mx(Search search, Domain domain) {
  HostsFound found;
  // RFC 7672 §2.1.3 (D35): a next hop that is an alias has the MX records of its target, secure only if every link is.
  found.mx = dns::parse_mx(co_await search.from.resolver.lookup(domain, dns::RecordType::MX, lookup_deadline(search)));
  std::vector<dns::MxRecord> records;
  if (found.mx.found()) {
    const bool null_mx = found.mx.records.size() == 1 && found.mx.records.front().exchange.is_root();
    if (!null_mx) records = in_order(found.mx.records, search.settings->delivery.max_hosts);
  } else if (found.mx.state == dns::AnswerState::NoData) {
    // RFC 5321 §5.1, RFC 7672 §2.2.2 (D38, S38): no MX record, so the domain itself is its mail server.
    found.implicit = true;
    records.push_back({0, domain});
  }
  found.left_out = found.mx.records.size() > records.size();
  std::vector<Awaitable<policy::HostFacts>> tasks;
  for (const auto& record : records) tasks.push_back(gather_host(search, record.exchange, record.preference));
  found.hosts = co_await await_all(std::move(tasks));
  co_return found;
}

Awaitable<HostsFound> find_fixed_host(Search search, Domain host) {
  HostsFound found;
  found.hosts.push_back(co_await gather_host(search, host, 0));
  co_return found;
}

HostsFound literal(const IpAddress& address) {
  HostsFound found;
  policy::HostFacts host;
  auto& answer = address.is_v4() ? host.addresses.a : host.addresses.aaaa;
  answer.state = dns::AnswerState::Found;
  answer.records = {address};
  auto& other = address.is_v4() ? host.addresses.aaaa : host.addresses.a;
  other.state = dns::AnswerState::NoData;
  found.hosts.push_back(std::move(host));
  return found;
}

Awaitable<HostsFound> find_hosts(Search search, MailDestination next_hop, bool mx_lookup) {
  if (const auto* address = std::get_if<IpAddress>(&next_hop)) co_return literal(*address);
  const Domain domain = std::get<Domain>(next_hop);
  if (!mx_lookup) co_return co_await find_fixed_host(search, domain);
  co_return co_await find_hosts_by_mx(search, domain);
}

/// The two branches of the search as one kind of result, so that they can be awaited together.
using Branch = std::variant<HostsFound, mtasts::StsFacts>;

Awaitable<Branch> hosts_branch(Search search, MailDestination next_hop, bool mx_lookup) {
  co_return co_await find_hosts(search, std::move(next_hop), mx_lookup);
}

Awaitable<Branch> policy_branch(Search search, MailDestination next_hop, bool wanted) {
  const auto* domain = std::get_if<Domain>(&next_hop);
  // RFC 8461 §3.4 (S37): an address literal has no policy domain.
  if (!domain || !wanted) co_return mtasts::StsFacts{};
  mtasts::FindSettings find;
  find.lookup_at_most = search.settings->resolver.timeout;
  const auto deadline = Deadline::in(search.settings->mta_sts.timeout + search.settings->resolver.timeout);
  co_return co_await mtasts::find_policy(search.from.resolver, search.from.fetcher, search.from.cache,
                                         search.from.clock, *domain, find, deadline.earlier(search.deadline));
}

}  // namespace

Awaitable<policy::Facts> gather_facts_by(GatherFrom from, const settings::Settings& settings,
                                         MailDestination destination, std::optional<settings::Route> route,
                                         policy::MessageDemands demands, Deadline deadline) {
  policy::Facts facts;
  facts.next_hop = destination;
  facts.port = settings.delivery.port;
  facts.message = demands;
  facts.now = from.clock.now();
  if (auto name = Domain::parse(settings.delivery.hostname)) facts.own_name = std::move(*name);
  facts.local = settings::rule_for(settings, destination, facts.now);
  if (route) {
    // RFC 8461 §3.4 (S35): behind a smart host, its domain is the policy domain.
    facts.next_hop = route->next_hop;
    facts.mx_lookup = route->mx_lookup;
    facts.port = route->port.value_or(facts.port);
  }
  if (std::holds_alternative<IpAddress>(facts.next_hop)) facts.mx_lookup = false;

  const Search search{from, &settings, facts.port, deadline};
  std::vector<Awaitable<Branch>> branches;
  branches.push_back(hosts_branch(search, facts.next_hop, facts.mx_lookup));
  branches.push_back(policy_branch(search, facts.next_hop, facts.mx_lookup));
  auto results = co_await await_all(std::move(branches));
  auto& found = std::get<HostsFound>(results[0]);
  facts.mx = std::move(found.mx);
  facts.implicit_mx = found.implicit;
  facts.hosts_left_out = found.left_out;
  facts.hosts = std::move(found.hosts);
  facts.sts = std::get<mtasts::StsFacts>(std::move(results[1]));
  co_return facts;
}

Awaitable<policy::Facts> gather_facts(GatherFrom from, const settings::Settings& settings, MailDestination destination,
                                      policy::MessageDemands demands, Deadline deadline) {
  auto route = settings::route_for(settings, destination);
  co_return co_await gather_facts_by(from, settings, std::move(destination), std::move(route), demands, deadline);
}

}  // namespace postseal::outbound
