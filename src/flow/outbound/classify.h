#pragma once
// SPDX-License-Identifier: Apache-2.0
// What now? The one file that says for the way out whether a failure is temporary or permanent, and whether the next
// host is tried.
#include "flow/outbound/record.h"

namespace postseal::outbound {

/// How one host left one recipient.
enum class Standing {
  Delivered,
  Bounced,     ///< a permanent refusal by a server that satisfied the decision
  NextHost,    ///< temporary, or this host's own limits: another host may do better
  CannotHere,  ///< permanent at this host for want of an extension: bounced if no other host is left
  Wait,        ///< the server may have it, or the message itself cannot be read: no other host now
};

/// lacks_tls: in plaintext, to a server that offers TLS.
Standing classify_reply(const smtp::RecipientOutcome& outcome, bool lacks_tls);
/// The server had said something about this recipient before the session ended.
bool has_answer(const smtp::SessionEnd& end, std::size_t recipient);
Standing classify_session_end(const smtp::SessionEnd& end, std::size_t recipient, bool lacks_tls);

/// What the hosts so far left of a recipient.
struct Unsettled {
  std::optional<smtp::RecipientOutcome> last_refusal;
  std::vector<Domain> cannot_at;  ///< hosts without the extension that the letter needs
};

/// The verdict of a recipient that no host took, after the last one.
RecipientVerdict conclude(const Mailbox& recipient, const policy::Decision& decision,
                          const std::vector<HostAttempt>& attempts, const Unsettled& left, const policy::Facts& facts);

/// The verdict of a recipient that a host took or refused.
RecipientVerdict settled(const Mailbox& recipient, DeliveryOutcome outcome, const smtp::RecipientOutcome& reply,
                         const policy::HostDecision& host, const HostAttempt& attempt);

/// How well this session was proved, and what people call that.
ProofShown proof_of(const policy::SessionEvidence& evidence, const policy::HostDecision& decision);
std::string proof_name(const policy::SessionEvidence& evidence, const policy::HostDecision& decision);

}  // namespace postseal::outbound
