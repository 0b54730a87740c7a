#pragma once
// SPDX-License-Identifier: Apache-2.0
// The delivery record: one structured value for each attempt to deliver to one next hop. Printed by `send --json`,
// kept by the queue later. docs/formats/delivery-record.md documents its JSON form.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "edge/net/dial.h"
#include "protocol/policy/decide.h"
#include "protocol/policy/evidence.h"
#include "protocol/smtp/client.h"
#include "protocol/tlsrpt/result_type.h"
#include "vocab/delivery_outcome.h"

namespace postseal::outbound {

/// How well the server that took the message was proved.
enum class ProofShown { None, Plaintext, Encrypted, Pkix, MtaSts, Dane };
std::string_view to_string(ProofShown proof);

/// One MX host that was dialled (or whose open session was used).
struct HostAttempt {
  Domain host;
  std::vector<net::DialFailure> dial_failures;
  std::optional<policy::SessionEvidence> evidence;  ///< as far as the session got
  bool shared_session = false;                      ///< the session was open already
  bool opened = false;       ///< there was a session that satisfied the decision: what failed then failed in it
  bool dsn_offered = false;  ///< the server takes over the sender's wishes about notifications (RFC 3461)
  /// The server answered, and plainly lacks what the decision demands of it. Not set for what may be chance: a silent
  /// or broken connection.
  bool lacks_demand = false;
  /// Opportunistic TLS failed this way, and the session went on in plaintext over a new connection.
  std::optional<tlsrpt::ResultType> plaintext_after;
  std::optional<tlsrpt::ResultType> tls_result;  ///< the policy failure, as TLSRPT counts it
  std::optional<smtp::SessionFailure> session_failure;
  std::optional<Reply> reply;  ///< the deciding one
  std::string problem;         ///< in words for people; empty when it went well
  std::chrono::milliseconds dns{0}, connect{0}, tls{0}, total{0};
};

struct RecipientVerdict {
  Mailbox recipient;
  std::size_t index = 0;  ///< in its letter's recipients
  DeliveryOutcome outcome = DeliveryOutcome::Deferred;
  EnhancedStatus status;
  std::optional<Reply> reply;
  Domain host;  ///< who took it, or who refused it last
  ProofShown proof = ProofShown::None;
  std::string proof_name;     ///< "DANE-EE 3 1 1", "MTA-STS/PKIX", "TLS unauthenticated", "plaintext"
  bool mx_authentic = false;  ///< false with DANE: "host verified, MX not"
  bool answered = false;      ///< what a server said, or has not got, for this recipient or letter decided
  std::string explanation;    ///< host, fact, rule, remedy: one line
};

struct DeliveryRecord {
  std::string id;
  MailDestination next_hop;
  policy::Facts facts;
  policy::Decision decision;
  std::vector<HostAttempt> attempts;
  std::vector<RecipientVerdict> recipients;
  WallTime started{};
  std::chrono::milliseconds gather_time{0}, total_time{0};
};

/// One line of JSON, as docs/formats/delivery-record.md says.
std::string to_json(const DeliveryRecord& record);

}  // namespace postseal::outbound
