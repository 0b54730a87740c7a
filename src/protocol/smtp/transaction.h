#pragma once
// SPDX-License-Identifier: Apache-2.0
// One message to some recipients, as the caller asks for it.
#include <cstdint>
#include <string>
#include <vector>

#include "vocab/mailbox.h"

namespace postseal::smtp {

struct DsnRequest {
  std::string envelope_id;  ///< xtext already; empty: none
  std::string ret;          ///< "FULL", "HDRS" or empty
  std::string notify;       ///< "NEVER" or "SUCCESS,FAILURE,DELAY" list, or empty; for all recipients
  bool operator==(const DsnRequest&) const = default;
};

/// RFC 3461 §4.1, §4.2: what is asked for one recipient.
struct RecipientDsn {
  std::string notify;    ///< as DsnRequest::notify
  std::string original;  ///< ORCPT: address type, ";" and xtext; or empty
  bool operator==(const RecipientDsn&) const = default;
};

/// One message to some recipients.
struct Transaction {
  ReversePath from;
  std::vector<Mailbox> recipients;
  /// Octets, as MessageFacts::wire_size; 0: not known. A body of another size is never ended: it is not the one that
  /// was looked at.
  std::uint64_t size = 0;
  bool eight_bit = false;     ///< needs 8BITMIME
  bool utf8_headers = false;  ///< needs SMTPUTF8 (addresses are looked at by the engine)
  bool requiretls = false;    ///< sends REQUIRETLS; refused locally when the peer does not offer it
  DsnRequest dsn;             ///< sent where the peer offers DSN
  /// Empty, or one for each recipient; then dsn.notify is not used.
  std::vector<RecipientDsn> recipient_dsn;
};

}  // namespace postseal::smtp
