#pragma once
// SPDX-License-Identifier: Apache-2.0
// What now? The one file that says for local delivery whether a failure is temporary or permanent, and words it.
#include <string>
#include <vector>

#include "edge/maildir/maildir.h"
#include "flow/local/delivery.h"
#include "protocol/smtp/outcome.h"

namespace postseal::local {

/// The server could not be spoken to: everybody waits. A mistake in its set-up bounces nothing.
std::vector<Verdict> all_unreachable(const LocalJob& job, const std::string& host, const std::string& reason);

/// After a transaction. ended: why the session ended with it; empty: it did not.
std::vector<Verdict> lmtp_verdicts(const LocalJob& job, const std::string& host,
                                   const std::vector<smtp::RecipientOutcome>& outcomes, const std::string& ended);

Verdict maildir_verdict(std::uint32_t index, const std::string& host,
                        const std::expected<maildir::Stored, maildir::Failure>& result);

}  // namespace postseal::local
