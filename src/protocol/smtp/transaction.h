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
};

}  // namespace postseal::smtp
