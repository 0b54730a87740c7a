#pragma once
// SPDX-License-Identifier: Apache-2.0
// One MX host's part of the decision. decide.cc puts the hosts together.
#include "protocol/policy/decide.h"

namespace postseal::policy {

/// RFC 8689 §4.2.2: TLS-Required: No is honoured unless the envelope says REQUIRETLS.
bool is_weakened(const MessageDemands& message);

/// The MX answer (or its secure absence, or the administrator's route) proves that the hosts are the domain's own.
bool mx_is_secure(const Facts& facts);

HostDecision decide_host(const Facts& facts, const HostFacts& host);

}  // namespace postseal::policy
