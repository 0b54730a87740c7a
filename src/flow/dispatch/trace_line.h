#pragma once
// SPDX-License-Identifier: Apache-2.0
// Lines of a letter's trace that are no delivery records: how it came, and what became of it in mailboxes here.
// docs/operator/queue.md names the fields.
#include <string>
#include <vector>

#include "flow/local/delivery.h"
#include "protocol/spool/letter.h"

namespace postseal::dispatch {

/// {"time", "event": "accepted", ...}
std::string acceptance_line(const spool::QueuedLetter& letter);
/// {"time", "event": "local delivery", "recipients": [...]}
std::string local_line(const spool::Envelope& envelope, const std::vector<local::Verdict>& verdicts, WallTime now);

}  // namespace postseal::dispatch
