// SPDX-License-Identifier: Apache-2.0
#include "protocol/policy/reuse.h"

#include <algorithm>

namespace postseal::policy {

namespace {

bool meets_floor(const TlsEvidence& tls, TlsFloor floor) {
  switch (floor) {
    case TlsFloor::LibraryDefault:
      return true;
    case TlsFloor::Tls12:
      return tls.version == "TLSv1.2" || tls.version == "TLSv1.3";
  }
  return false;
}

}  // namespace

bool may_carry(const SessionEvidence& session, const HostDecision& decision, const ProofVerdict& verdict) {
  const Requirement& requirement = decision.requirement;
  if (decision.use != HostUse::Dial || session.weakened) return false;
  // The same host at an address that this domain's own lookup names.
  if (session.mx_host != decision.host) return false;
  if (std::ranges::find(decision.addresses, session.address) == decision.addresses.end()) return false;
  if (requirement.tls == TlsUse::Required && !session.tls) return false;
  if (requirement.proof != Proof::None) {
    if (!session.tls || !meets_floor(*session.tls, requirement.floor)) return false;
    if (verdict.result != ProofResult::Verified) return false;
  }
  return !requirement.requiretls_keyword || session.requiretls_offered;
}

}  // namespace postseal::policy
