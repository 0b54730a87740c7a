// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/policy/decide.h"

namespace postseal::outbound {

namespace {

constexpr Seconds kLongest{300};
constexpr Seconds kUnknown{30};

class Shortest {
 public:
  template <class R>
  void take(const dns::Answer<R>& answer) {
    at_most(answer.unknown() ? kUnknown : answer.ttl);
  }
  void at_most(Seconds time) { result_ = std::min(result_, time); }
  Seconds result() const { return std::max(result_, Seconds(0)); }

 private:
  Seconds result_ = kLongest;
};

}  // namespace

std::string site_of(const policy::Facts& facts) {
  std::string site;
  std::vector<std::string> ties;  // of one preference: in random order in the facts, in one order here
  const auto add_ties = [&] {
    std::ranges::sort(ties);
    for (const auto& name : ties) site += name + ' ';
    ties.clear();
  };
  const auto decision = policy::decide(facts);
  const policy::HostDecision* before = nullptr;
  for (const auto& host : decision.hosts) {
    if (host.use != policy::HostUse::Dial) continue;
    if (before && before->preference != host.preference) add_ties();
    ties.push_back(host.host.is_root() ? host.addresses.front().to_string() : host.host.ascii());
    before = &host;
  }
  add_ties();
  if (site.empty()) return to_string(facts.next_hop);
  return fmt::format("{}:{}", std::string_view(site).substr(0, site.size() - 1), facts.port);
}

Seconds lifetime_of(const policy::Facts& facts) {
  Shortest shortest;
  if (facts.mx_lookup) shortest.take(facts.mx);
  for (const auto& host : facts.hosts) {
    if (!host.name_valid || host.name.is_root()) continue;
    shortest.take(host.addresses.a);
    shortest.take(host.addresses.aaaa);
    // RFC 7672 §2.1.2, pitfall 11: a TLSA record that outlives its TTL turns the peer's key roll into an outage.
    if (host.tlsa.state != dane::TlsaLookup::State::NotAsked) shortest.take(host.tlsa.answer);
  }
  if (facts.sts.policy) shortest.at_most(facts.sts.expires - facts.now);
  if (facts.sts.record_unknown || facts.sts.temporary_error) shortest.at_most(kUnknown);
  return shortest.result();
}

}  // namespace postseal::outbound
