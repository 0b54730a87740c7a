#pragma once
// SPDX-License-Identifier: Apache-2.0
// What must each server prove before it gets this message? A pure function of facts. decide() only raises: every input
// after the first can make a Requirement stronger or a host unusable, never the contrary; the one exception is
// TLS-Required: No (RFC 8689 §3), applied first by leaving DANE and MTA-STS out.
#include <vector>

#include "protocol/policy/facts.h"
#include "protocol/policy/reason.h"
#include "protocol/policy/requirement.h"
#include "vocab/enhanced_status.h"

namespace postseal::policy {

enum class HostUse {
  Dial,  ///< connect, and hold it to the requirement
  Skip,  ///< not now: a policy or an unknown fact forbids it; counts as temporary
  Dead,  ///< known not to exist (secure or not): counts as permanent only if every host is dead
};

struct HostDecision {
  Domain host;
  std::uint16_t preference = 0;
  HostUse use = HostUse::Skip;
  Requirement requirement;           ///< meaningful for Dial
  std::vector<IpAddress> addresses;  ///< IPv6 and IPv4, order to be settled by the dialler
  bool mx_authentic = false;         ///< this name is the domain's MX by DNSSEC or by an enforced MTA-STS policy
  std::vector<Reason> reasons;
};

enum class Course { Dial, Defer, Bounce };

struct Decision {
  Course course = Course::Defer;
  EnhancedStatus status;            ///< for Defer and Bounce
  std::vector<HostDecision> hosts;  ///< in the order to try, those to skip included
  std::vector<Reason> reasons;      ///< about the domain as a whole
  bool weakened = false;            ///< TLS-Required: No was honoured: sessions must not be shared
};

Decision decide(const Facts& facts);

}  // namespace postseal::policy
