// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/session_pool.h"

#include <algorithm>

#include "protocol/policy/reuse.h"

namespace postseal::outbound {

namespace {

constexpr Seconds kVerdictKept{60};
constexpr std::size_t kMostVerdicts = 8;

/// What the verdict depends on. RFC 7672 §3.1.1: with DANE-EE alone no name is looked at, so that all domains of a host
/// share one verdict.
policy::Requirement essence(policy::Requirement requirement) {
  const auto is_ee = [](const dane::TlsaRecord& record) { return record.usage == 3; };
  if (requirement.proof == policy::Proof::Dane && std::ranges::all_of(requirement.tlsa, is_ee)) {
    requirement.names.clear();
  }
  return requirement;
}

}  // namespace

policy::ProofVerdict SessionPool::judge(Session& session, const policy::Requirement& requirement) const {
  const WallTime now = clock_.now();
  policy::Requirement asked = essence(requirement);
  std::erase_if(session.judged,
                [now](const auto& judged) { return judged.at + kVerdictKept <= now || judged.at > now; });
  const auto known = std::ranges::find(session.judged, asked, &JudgedChain::requirement);
  if (known != session.judged.end()) return known->verdict;
  auto verdict = tls::verify_chain(requirement, session.evidence.tls->chain, trust_, now);
  if (session.judged.size() >= kMostVerdicts) session.judged.erase(session.judged.begin());
  session.judged.push_back({std::move(asked), verdict, now});
  return verdict;
}

std::optional<policy::ProofVerdict> SessionPool::may_carry(Session& session, const policy::HostDecision& decision,
                                                           std::uint16_t port) const {
  if (session.evidence.port != port) return std::nullopt;
  policy::ProofVerdict verdict;
  if (session.evidence.tls) verdict = judge(session, decision.requirement);
  if (!policy::may_carry(session.evidence, decision, verdict)) return std::nullopt;
  return verdict;
}

std::unique_ptr<Session> SessionPool::take(const policy::HostDecision& decision, std::uint16_t port) {
  const auto found = idle_.find(decision.host);
  if (found == idle_.end()) return nullptr;
  auto& sessions = found->second;
  for (auto it = sessions.begin(); it != sessions.end(); ++it) {
    auto verdict = may_carry(**it, decision, port);
    if (!verdict) continue;
    std::unique_ptr<Session> session = std::move(*it);
    sessions.erase(it);
    session->evidence.verdict = std::move(*verdict);
    return session;
  }
  return nullptr;
}

std::unique_ptr<Session> SessionPool::put(std::unique_ptr<Session> session) {
  if (session->evidence.weakened) return session;
  session->idle_since = std::chrono::steady_clock::now();
  idle_[session->evidence.mx_host].push_back(std::move(session));
  return nullptr;
}

std::vector<std::unique_ptr<Session>> SessionPool::drain_idle_since(SteadyTime then) {
  std::vector<std::unique_ptr<Session>> gone;
  for (auto& [host, sessions] : idle_) {
    for (auto& session : sessions) {
      if (session->idle_since <= then) gone.push_back(std::move(session));
    }
    std::erase(sessions, nullptr);
  }
  std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
  return gone;
}

}  // namespace postseal::outbound
