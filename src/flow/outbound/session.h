#pragma once
// SPDX-License-Identifier: Apache-2.0
// Dial and prove: opens a session to one MX host and holds it to its requirement, before a byte of the message moves.
#include <expected>
#include <memory>

#include "edge/tls/client.h"
#include "flow/outbound/converse.h"
#include "flow/outbound/record.h"

namespace postseal::outbound {

/// What was said of a session's chain a moment ago, so that a letter each costs no judgement of its own.
struct JudgedChain {
  policy::Requirement requirement;
  policy::ProofVerdict verdict;
  WallTime at{};
};

/// An open session and what it has shown of itself.
struct Session {
  std::unique_ptr<Conversation> talk;
  policy::SessionEvidence evidence;
  std::uint32_t transactions = 0;
  SteadyTime idle_since{};
  std::vector<JudgedChain> judged;  ///< by SessionPool::may_carry()
};

struct SessionRequest {
  policy::HostDecision decision;
  std::uint16_t port = 25;
  bool weakened = false;
  Deadline deadline;
};

struct SessionTools {
  tls::ClientContext* tls;
  const settings::Settings* settings;
  const Observer* observer;
};

/// The session, or nullptr; either way the attempt is filled in: what failed, by which rule, and how long it took.
Awaitable<std::unique_ptr<Session>> open_session(SessionTools tools, SessionRequest request, HostAttempt& attempt);

}  // namespace postseal::outbound
