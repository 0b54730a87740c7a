#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the queue tells those who watch: one call for each thing worth a log line or a number. LogWitness
// (log_witness.h) writes them down; tests listen.
#include <cstdint>
#include <string>
#include <string_view>

#include "flow/queue/courier.h"
#include "protocol/spool/letter.h"
#include "protocol/spool/store.h"

namespace postseal::queue {

/// One recipient's attempt.
struct AttemptSeen {
  const spool::QueuedLetter& letter;
  const RecipientResult& result;
  std::string_view site;
  bool last = false;           ///< it bounces if this did not deliver it
  double attempt_seconds = 0;  ///< this attempt
  double queue_seconds = 0;    ///< since the letter was accepted
  std::uint32_t attempts = 0;  ///< this one included
};

struct QueueNumbers {
  std::size_t letters = 0, ready = 0, held = 0;
};

class Witness {
 public:
  virtual ~Witness() = default;
  /// With what had to be proved and what was.
  virtual void attempted(const AttemptSeen& seen) = 0;
  /// kind: "failed", "delayed", "success".
  virtual void notified(const spool::QueuedLetter& letter, std::string_view kind, spool::LetterId notification) = 0;
  /// Nobody can be told of this failure: the letter was a notification itself.
  virtual void double_bounce(const spool::QueuedLetter& letter, const Mailbox& recipient,
                             std::string_view explanation) = 0;
  /// A domain shows less than it did. deferred: by local rule its mail waits; else it went.
  virtual void downgraded(const MailDestination& domain, Security before, WallTime seen, Security now,
                          bool deferred) = 0;
  virtual void store_failed(std::string_view what, const spool::StoreError& error) = 0;
  /// What must not happen, and was survived.
  virtual void wrong(std::string_view what) = 0;
  /// By the operator: "hold", "delete", ...
  virtual void operated(std::string_view operation, spool::LetterId letter, std::string_view detail) = 0;
  /// Once a second.
  virtual void numbers(const QueueNumbers& numbers) = 0;
};

}  // namespace postseal::queue
