#pragma once
// SPDX-License-Identifier: Apache-2.0
// Dial and prove: opens a session to one MX host and holds it to its requirement, before a byte of the message moves.
#include <expected>
#include <memory>

#include "edge/tls/client.h"
#include "flow/outbound/converse.h"
#include "flow/outbound/record.h"

namespace postseal::outbound {

/// An open session and what it has shown of itself.
struct Session {
  std::unique_ptr<Conversation> talk;
  policy::SessionEvidence evidence;
  std::uint32_t transactions = 0;
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
