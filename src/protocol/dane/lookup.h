#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where a host's TLSA records are, and what DNS said of them. The only file of this room that awaits the resolver.
// RFC 7672 §2.1.2 (failures), §2.2 (candidates: CNAME-expanded name, then the original), §2.2.2 (addresses first).
#include <vector>

#include "protocol/dns/resolver.h"

namespace postseal::dane {

/// The addresses of one MX host (or of the domain itself, as implicit MX), A and AAAA asked separately.
struct HostAddresses {
  dns::Answer<IpAddress> a;
  dns::Answer<IpAddress> aaaa;
  /// Asked only when the address answer is aliased and insecure: is the first link itself signed (D33, D34)?
  dns::Answer<Domain> cname;
  bool cname_asked = false;

  bool operator==(const HostAddresses&) const = default;
};

/// What is known of the TLSA records of one host and port.
struct TlsaLookup {
  enum class State {
    NotAsked,  ///< the addresses are insecure or unknown, so no TLSA question is due (RFC 7672 §2.2.2)
    Absent,    ///< no candidate has a secure RRset: DANE does not apply
    Secure,    ///< base_domain has a DNSSEC-validated RRset in answer
    Failed,    ///< bogus, SERVFAIL, timeout, malformed: the host cannot be used (RFC 7672 §2.1.2)
  };
  State state = State::NotAsked;
  Domain base_domain;                               ///< of the deciding answer; meaningful for Secure and Failed
  dns::Answer<dns::TlsaRecord> answer;              ///< the deciding (last) answer
  std::vector<dns::Answer<dns::TlsaRecord>> asked;  ///< every answer, in the order asked
  bool operator==(const TlsaLookup&) const = default;
};

/// A and AAAA of the host, then its CNAME when D33 needs it.
Awaitable<HostAddresses> lookup_addresses(dns::Resolver& resolver, Domain host, Deadline deadline);

/// The TLSA base domains to try, in order, for a host with these addresses; empty when DANE cannot apply. Pure.
std::vector<Domain> tlsa_base_domains(const Domain& host, const HostAddresses& addresses);

/// Asks _PORT._tcp.BASE for each candidate until one decides.
Awaitable<TlsaLookup> lookup_tlsa(dns::Resolver& resolver, std::vector<Domain> base_domains, std::uint16_t port,
                                  Deadline deadline);

}  // namespace postseal::dane
