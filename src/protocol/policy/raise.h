#pragma once
// SPDX-License-Identifier: Apache-2.0
// The only ways in which a Requirement changes: upwards. decide_host.cc has no other.
#include <vector>

#include "protocol/policy/requirement.h"

namespace postseal::policy {

/// TLS is mandatory, 1.2 at least; no proof is added.
void raise_to_tls(Requirement& requirement);
/// A certificate from a trusted CA for one of these names. Leaves a requirement for DANE as it is: DANE is stronger.
void raise_to_pkix(Requirement& requirement, std::vector<ReferenceName> names);
/// A match of these TLSA records; sni is the TLSA base domain. REQUIRES: records are usable and not empty.
void raise_to_dane(Requirement& requirement, std::vector<dane::TlsaRecord> records, Domain base_domain,
                   std::vector<ReferenceName> names);
/// RFC 8689: the server must also promise REQUIRETLS.
void raise_to_requiretls(Requirement& requirement);

/// Every server that satisfies a satisfies b too, as far as kinds of proof go (names and records aside).
bool at_least(const Requirement& a, const Requirement& b);

}  // namespace postseal::policy
