#pragma once
// SPDX-License-Identifier: Apache-2.0
// May an open session carry mail for another domain? Only if its own evidence satisfies that domain's own decision for
// this host (D47, pitfall 14).
#include "protocol/policy/decide.h"
#include "protocol/policy/evidence.h"

namespace postseal::policy {

/// verdict: what verify_chain() says now of the session's chain against the decision's requirement (NotAsked when that
/// asks for no proof).
bool may_carry(const SessionEvidence& session, const HostDecision& decision, const ProofVerdict& verdict);

}  // namespace postseal::policy
