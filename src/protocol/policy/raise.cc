// SPDX-License-Identifier: Apache-2.0
#include "protocol/policy/raise.h"

#include <algorithm>

namespace postseal::policy {

void raise_to_tls(Requirement& requirement) {
  requirement.tls = TlsUse::Required;
  // RFC 8996 (D48): TLS that is asked for is TLS 1.2 at least.
  requirement.floor = TlsFloor::Tls12;
}

void raise_to_pkix(Requirement& requirement, std::vector<ReferenceName> names) {
  raise_to_tls(requirement);
  if (requirement.proof == Proof::Dane) return;
  // Two PKIX demands must both hold: the names that one of them leaves out are out.
  if (requirement.proof == Proof::Pkix) {
    std::erase_if(requirement.names,
                  [&](const ReferenceName& name) { return std::ranges::find(names, name) == names.end(); });
    return;
  }
  requirement.proof = Proof::Pkix;
  requirement.names = std::move(names);
}

void raise_to_dane(Requirement& requirement, std::vector<dane::TlsaRecord> records, Domain base_domain,
                   std::vector<ReferenceName> names) {
  raise_to_tls(requirement);
  requirement.proof = Proof::Dane;
  requirement.tlsa = std::move(records);
  requirement.sni = std::move(base_domain);
  requirement.names = std::move(names);
}

void raise_to_requiretls(Requirement& requirement) {
  raise_to_tls(requirement);
  requirement.requiretls_keyword = true;
}

bool at_least(const Requirement& a, const Requirement& b) {
  return a.tls >= b.tls && a.floor >= b.floor && a.proof >= b.proof && (a.requiretls_keyword || !b.requiretls_keyword);
}

}  // namespace postseal::policy
