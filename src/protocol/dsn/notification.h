#pragma once
// SPDX-License-Identifier: Apache-2.0
// A delivery status notification (RFC 3464) as the text of a message. Pure: who is told and when is decided by
// flow/queue.
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
  std::optional<WallTime> will_retry_until;
};

struct NotificationFacts {
  std::string hostname;      ///< Reporting-MTA
  std::string id;            ///< letter id of the subject letter
  spool::Envelope envelope;  ///< of the subject letter
  std::vector<RecipientReport> recipients;
  std::string original_header;  ///< RFC 3462/6522: the header of the letter, CRLF; for REQUIRETLS see below
  std::string boundary;         ///< random, given by the caller
  std::string message_id;       ///< of the notification itself
  WallTime now{};
};

/// CRLF line ends, ready for the queue. Never the body; for a REQUIRETLS letter (RFC 8689 §5) not more of its header
/// than what carries it back without betraying content.
std::string compose(const NotificationFacts& facts);

/// Whether the sender wants to hear of this outcome: RFC 3461 §4.1, §5.2; never for a null reverse-path.
bool wanted(const spool::Envelope& envelope, const spool::EnvelopeRecipient& recipient, Action action);

}  // namespace postseal::dsn
