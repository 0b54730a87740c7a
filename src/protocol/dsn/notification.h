#pragma once
// SPDX-License-Identifier: Apache-2.0
// A delivery status notification (RFC 3464) as the text of a message. Pure: who is told and when is decided by
// flow/queue.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/spool/letter.h"
#include "vocab/enhanced_status.h"
#include "vocab/reply.h"

namespace postseal::dsn {

/// RFC 3464 §2.3.3.
enum class Action { Failed, Delayed, Delivered, Relayed, Expanded };
std::string_view to_string(Action action);

struct RecipientReport {
  spool::EnvelopeRecipient recipient;
  Action action = Action::Failed;
  EnhancedStatus status;
  std::optional<Reply> remote_reply;  ///< Diagnostic-Code
  std::string remote_host;            ///< Remote-MTA; may be empty
  std::string explanation;            ///< host, fact, rule, remedy: the same words as everywhere
  WallTime last_attempt{};
  std::uint32_t attempts = 0;  ///< 0: not known
  std::optional<WallTime> will_retry_until;
};

struct NotificationFacts {
  std::string hostname;      ///< Reporting-MTA
  std::string id;            ///< letter id of the subject letter
  spool::Envelope envelope;  ///< of the subject letter
  std::vector<RecipientReport> recipients;
  std::string original_header;  ///< the header of the letter as it is kept; more than that is cut off
  std::string boundary;         ///< random, given by the caller: letters and digits, at most 60
  std::string message_id;       ///< of the notification itself, with its angle brackets
  WallTime now{};
};

/// CRLF line ends, ready for the queue; 7-bit clean unless the letter itself needed SMTPUTF8. Never the body of the
/// letter; for a REQUIRETLS letter (RFC 8689 §5) of its header no more than Message-ID and Date.
/// REQUIRES: a reverse-path and at least one recipient.
std::string compose(const NotificationFacts& facts);

/// How the notification itself travels: from nobody to the sender of the letter, with what its text needs.
spool::Envelope envelope_of(const NotificationFacts& facts, std::string_view text);

/// Whether the sender wants to hear of this outcome: RFC 3461 §4.1, §5.2; never for a null reverse-path.
bool wanted(const spool::Envelope& envelope, const spool::EnvelopeRecipient& recipient, Action action);

}  // namespace postseal::dsn
