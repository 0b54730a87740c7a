// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/session_pool.h"

#include "protocol/policy/reuse.h"

namespace postseal::outbound {

std::unique_ptr<Session> SessionPool::take(const policy::HostDecision& decision, std::uint16_t port) {
  const auto found = idle_.find(decision.host);
  if (found == idle_.end()) return nullptr;
  auto& sessions = found->second;
  for (auto it = sessions.begin(); it != sessions.end(); ++it) {
    const auto& evidence = (*it)->evidence;
    policy::ProofVerdict verdict;
    if (evidence.tls) verdict = tls::verify_chain(decision.requirement, evidence.tls->chain, trust_, clock_.now());
    if (evidence.port != port || !policy::may_carry(evidence, decision, verdict)) continue;
    std::unique_ptr<Session> session = std::move(*it);
    sessions.erase(it);
    session->evidence.verdict = std::move(verdict);
    return session;
  }
  return nullptr;
}

std::unique_ptr<Session> SessionPool::put(std::unique_ptr<Session> session) {
  if (session->evidence.weakened) return session;
  idle_[session->evidence.mx_host].push_back(std::move(session));
  return nullptr;
}

std::vector<std::unique_ptr<Session>> SessionPool::drain() {
  std::vector<std::unique_ptr<Session>> all;
  for (auto& [host, sessions] : idle_) {
    for (auto& session : sessions) all.push_back(std::move(session));
  }
  idle_.clear();
  return all;
}

}  // namespace postseal::outbound
