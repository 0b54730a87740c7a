#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is known of a letter beside its bytes: the envelope as it was accepted, which never changes, and for each
// recipient how far we have got.
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/spool/letter_id.h"
#include "vocab/clock.h"
#include "vocab/enhanced_status.h"
#include "vocab/mailbox.h"

namespace postseal::spool {

struct EnvelopeRecipient {
  Mailbox mailbox;       ///< where it goes, after aliases
  std::string original;  ///< RFC 3461 §4.2 ORCPT, "rfc822;" and xtext, as given or from before the alias; may be empty
  std::string notify;    ///< RFC 3461 §4.1: "NEVER", "SUCCESS,FAILURE,DELAY" or a part of it; empty: not given
  bool forwarded = false;  ///< an alias leads a letter from outside on to another server
  bool operator==(const EnvelopeRecipient&) const = default;
};

struct Envelope {
  ReversePath from;
  ReversePath forward_from;  ///< what forwarded recipients' servers are told in place of `from` (SRS); none: `from`
  std::vector<EnvelopeRecipient> recipients;
  std::string envelope_id;        ///< RFC 3461 §4.4 ENVID, xtext; may be empty
  std::string ret;                ///< RFC 3461 §4.3: "FULL", "HDRS" or empty
  bool requiretls = false;        ///< RFC 8689 §2
  bool tls_required_no = false;   ///< RFC 8689 §3, from the header
  bool only_if_verified = false;  ///< the sender asks: deliver to proved servers only
  bool eight_bit = false;         ///< the bytes need 8BITMIME
  bool utf8_headers = false;      ///< the header needs SMTPUTF8
  bool quarantined = false;       ///< for the junk folder, where there is one
  std::uint64_t size = 0;         ///< octets of the letter as kept, with our trace header
  std::string message_id;         ///< for logs; may be empty
  WallTime received{};
  std::string peer;  ///< address of the client, "192.0.2.1"; empty: made here (a notification)
  std::string user;  ///< the authenticated account; empty: none
  bool operator==(const Envelope&) const = default;
};

enum class RecipientStatus : std::uint8_t {
  Waiting,    ///< ours to deliver
  Delivered,  ///< another server or a mailbox has it
  Bounced,    ///< given up, the sender has been told as far as he wants to be
  Deleted,    ///< by the operator
};
std::string_view to_string(RecipientStatus status);

struct RecipientState {
  RecipientStatus status = RecipientStatus::Waiting;
  std::uint32_t attempts = 0;
  WallTime next_attempt{};  ///< for Waiting; the epoch: at once
  WallTime last_attempt{};  ///< the epoch: none yet
  EnhancedStatus code;      ///< of the last attempt
  std::string host;         ///< the MX host of the last attempt; may be empty
  std::string explanation;  ///< host, fact, rule, remedy: one line; the delivery record's words
  bool delay_told = false;  ///< the sender has had his delay warning
  bool operator==(const RecipientState&) const = default;
};

struct QueuedLetter {
  LetterId id;
  Envelope envelope;
  std::vector<RecipientState> states;  ///< one for each of envelope.recipients
  bool held = false;                   ///< by the operator: not tried until released
  std::string rerouted;                ///< next hop given by the operator; empty: as DNS and routes say
  bool finished() const;               ///< nobody waits any more
  bool operator==(const QueuedLetter&) const = default;
};

}  // namespace postseal::spool
