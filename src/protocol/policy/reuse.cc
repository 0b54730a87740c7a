// SPDX-License-Identifier: Apache-2.0
#include "protocol/policy/reuse.h"

#include <algorithm>

namespace postseal::policy {

namespace {

/// Security floor, TLS 1.2+: a handshake that was opened for nobody's proof may still have come out strong enough.
bool meets_floor(const SessionEvidence& session, TlsFloor floor) {
  switch (floor) {
    case TlsFloor::LibraryDefault:
      return true;
    case TlsFloor::Tls12:
      return session.tls && session.tls->strong;
  }
  return false;
}

/// A plaintext session carries only mail for which nothing better would be tried.
bool meets_use(const SessionEvidence& session, TlsUse use) {
  switch (use) {
    case TlsUse::Never:
      return true;
    case TlsUse::IfOffered:
      return session.tls || !session.starttls_offered;
    case TlsUse::Required:
      return session.tls.has_value();
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
  if (!meets_use(session, requirement.tls) || !meets_floor(session, requirement.floor)) return false;
  if (requirement.proof != Proof::None && (!session.tls || verdict.result != ProofResult::Verified)) return false;
  return !requirement.requiretls_keyword || session.requiretls_offered;
}

}  // namespace postseal::policy
