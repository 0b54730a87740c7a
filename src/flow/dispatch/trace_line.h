#pragma once
// SPDX-License-Identifier: Apache-2.0
// Lines of a letter's trace that are no delivery records: how it came, and what became of it in mailboxes here.
// docs/operator/queue.md names the fields.
#include <string>
#include <vector>

#include "flow/authenticate/authentication.h"
#include "flow/local/delivery.h"
#include "protocol/spool/letter.h"

namespace postseal::dispatch {

/// {"time", "event": "accepted", ...}
std::string acceptance_line(const spool::QueuedLetter& letter);
/// {"time", "event": "authenticated", ...}: what was found out of a letter from outside.
std::string judgement_line(const authenticate::Outcome& outcome, WallTime at);
/// {"time", "event": "local delivery", "recipients": [...]}
std::string local_line(const spool::Envelope& envelope, const std::vector<local::Verdict>& verdicts, WallTime now);

}  // namespace postseal::dispatch
