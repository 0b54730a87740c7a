// SPDX-License-Identifier: Apache-2.0
#include "protocol/dane/lookup.h"

#include <string>
#include <utility>

#include "vocab/await_all.h"

namespace postseal::dane {
namespace {

using dns::RecordType;

/// The found address answers, A first. Only they say where the host is: RFC 7672 §2.1.2 excludes a host only when a
/// failure "prevents network address resolution", and a NODATA of the other family says nothing about this one.
/// A bogus or failed answer beside a found one is therefore left out. That lowers nothing: "secure" and "insecure" of
/// the found answer are both proven from the trust anchor down, so an attacker who breaks one query cannot choose
/// what the other one proves.
std::vector<const dns::Answer<IpAddress>*> found_answers(const HostAddresses& addresses) {
  std::vector<const dns::Answer<IpAddress>*> found;
  for (const auto* answer : {&addresses.a, &addresses.aaaa}) {
    if (answer->found()) found.push_back(answer);
  }
  return found;
}

bool all_secure(const std::vector<const dns::Answer<IpAddress>*>& answers) {
  for (const auto* answer : answers) {
    if (!answer->secure) return false;
  }
  return true;
}

bool any_aliased(const std::vector<const dns::Answer<IpAddress>*>& answers) {
  for (const auto* answer : answers) {
    if (answer->aliased()) return true;
  }
  return false;
}

}  // namespace

Awaitable<HostAddresses> lookup_addresses(dns::Resolver& resolver, Domain host, Deadline deadline) {
  // At the same time: a name server that is dead for one type costs one deadline, not two.
  std::vector<Awaitable<dns::RawAnswer>> lookups;
  lookups.push_back(resolver.lookup(host, RecordType::A, deadline));
  lookups.push_back(resolver.lookup(host, RecordType::AAAA, deadline));
  const auto answers = co_await await_all(std::move(lookups));
  HostAddresses addresses{dns::parse_addresses(answers[0]), dns::parse_addresses(answers[1]), {}, false};

  // RFC 7672 §2.1.3: the security of the first alias alone needs a question of type CNAME (D33, D34).
  const auto found = found_answers(addresses);
  if (any_aliased(found) && !all_secure(found)) {
    addresses.cname_asked = true;
    addresses.cname = dns::parse_cname(co_await resolver.lookup(host, RecordType::CNAME, deadline));
  }
  co_return addresses;
}

std::vector<Domain> tlsa_base_domains(const Domain& host, const HostAddresses& addresses) {
  const auto found = found_answers(addresses);
  // RFC 7672 §2.2.2 MUST (D31): without an address the host is unreachable; there is nothing to authenticate.
  if (found.empty()) return {};

  if (all_secure(found)) {
    // RFC 7672 §2.2.2 (D32, D37): the fully expanded name first, then the initial one; never a name between them.
    // With aliases that differ between A and AAAA, the expansion of A counts.
    if (any_aliased(found)) return {found.front()->canonical, host};
    return {host};
  }

  // RFC 7672 §2.2.2 SHOULD NOT (D29): no TLSA question below an unsigned name. Some name servers fail on them (pitfall
  // 8), and a secure answer cannot come from there.
  if (!any_aliased(found)) return {};

  // RFC 7672 §2.2.2 (D34): the first alias is itself insecure, so DANE does not apply.
  if (addresses.cname.found() && !addresses.cname.secure) return {};
  if (addresses.cname.absent()) return {};
  // RFC 7672 §2.2.2 (D33): signed alias, unsigned target: the initial name only.
  // DEVIATION from §2.1.2 when the CNAME answer is bogus or failed: instead of giving the host up unheard, ask for TLSA
  // at the initial name. That answer is validated by itself and decides as the CNAME would have: records or their
  // absence if the zone is signed, and a failure makes the host unreachable. Never weaker, and a lost packet less
  // delays mail. Returning nothing here would be the mistake: it would turn a dropped packet into "no DANE".
  return {host};
}

Awaitable<TlsaLookup> lookup_tlsa(dns::Resolver& resolver, std::vector<Domain> base_domains, std::uint16_t port,
                                  Deadline deadline) {
  TlsaLookup lookup;
  // RFC 7672 §2.2.3 (D45): the port that is dialled, not always 25.
  const std::string labels = "_" + std::to_string(port) + "._tcp";
  for (Domain& base : base_domains) {
    lookup.state = TlsaLookup::State::Absent;
    lookup.base_domain = base;
    const auto owner = base.prefixed(labels);
    if (!owner) {
      // Longer than any name in DNS: nobody can have published records there.
      lookup.answer = {};
      lookup.answer.state = dns::AnswerState::NxDomain;
      lookup.answer.question = lookup.answer.canonical = base;
      continue;
    }
    lookup.answer = dns::parse_tlsa(co_await resolver.lookup(*owner, RecordType::TLSA, deadline));
    lookup.asked.push_back(lookup.answer);
    // RFC 7672 §2.1.2 MUST (D08): whoever can break this lookup must not reach the next candidate or plaintext.
    if (lookup.answer.unknown()) {
      lookup.state = TlsaLookup::State::Failed;
      co_return lookup;
    }
    // RFC 7672 §2.2.3 (D36): the first candidate with a secure RRset is the base domain, also when its TLSA owner name
    // is an alias: such an alias moves the records, not the name.
    if (lookup.answer.found() && lookup.answer.secure) {
      lookup.state = TlsaLookup::State::Secure;
      co_return lookup;
    }
    // RFC 7672 §2.2.3 (D05, D06, D07): insecure records or an absence of any kind: the next candidate.
  }
  co_return lookup;
}

}  // namespace postseal::dane
