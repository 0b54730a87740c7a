#pragma once
// SPDX-License-Identifier: Apache-2.0
// Open sessions waiting for their next message. Kept by MX host and handed out only to a domain whose own decision the
// session's evidence satisfies (D47, pitfall 14).
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "edge/tls/verify.h"
#include "flow/outbound/session.h"

namespace postseal::outbound {

class SessionPool {
 public:
  SessionPool(const tls::TrustStore& trust, const Clock& clock) : trust_(trust), clock_(clock) {}

  /// The verdict of the session's chain against this decision, if the session may carry its mail. A verdict of the last
  /// minute against the same requirement is not asked for again.
  std::optional<policy::ProofVerdict> may_carry(Session& session, const policy::HostDecision& decision,
                                                std::uint16_t port) const;
  /// A session that may carry mail under this decision, with the evidence's verdict brought up to it; or nullptr.
  std::unique_ptr<Session> take(const policy::HostDecision& decision, std::uint16_t port);
  /// Back for the next message. A weakened session is not kept: the caller gets it back to end it.
  std::unique_ptr<Session> put(std::unique_ptr<Session> session);
  /// Those that nobody has used since then, to be ended.
  std::vector<std::unique_ptr<Session>> drain_idle_since(SteadyTime then);
  /// All of them, for the end.
  std::vector<std::unique_ptr<Session>> drain() { return drain_idle_since(SteadyTime::max()); }

 private:
  policy::ProofVerdict judge(Session& session, const policy::Requirement& requirement) const;

  const tls::TrustStore& trust_;
  const Clock& clock_;
  std::unordered_map<Domain, std::vector<std::unique_ptr<Session>>> idle_;
};

}  // namespace postseal::outbound
