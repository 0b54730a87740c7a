#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is refused before a word is said, because the peer has told us that it cannot take it.
#include <optional>
#include <set>
#include <vector>

#include "protocol/smtp/capabilities.h"
#include "protocol/smtp/transaction.h"

namespace postseal::smtp {

/// What the session has used up of the server's LIMITS (RFC 9422).
struct SessionUse {
  std::uint32_t mails = 0;
  std::set<MailDestination> domains;
};

/// For each recipient, in order: our refusal, or nothing when it may be asked for.
std::vector<std::optional<Reply>> refuse_locally(const Transaction& transaction, const Capabilities& offered,
                                                 const SessionUse& used);

}  // namespace postseal::smtp
