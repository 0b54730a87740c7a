#pragma once
// SPDX-License-Identifier: Apache-2.0
// Delivers a letter to mailboxes that are ours: by LMTP to another program, or into Maildirs. Called by the queue; what
// becomes of each recipient is the result. Belongs to one executor; file work is done by threads of its own.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addressing/directory.h"
#include "protocol/message/source.h"
#include "protocol/spool/letter.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"
#include "vocab/delivery_outcome.h"
#include "vocab/enhanced_status.h"
#include "vocab/reply.h"

namespace postseal::local {

struct Verdict {
  std::uint32_t index = 0;  ///< of the recipient in the envelope
  DeliveryOutcome outcome = DeliveryOutcome::Deferred;
  EnhancedStatus status;
  std::optional<Reply> reply;  ///< of the LMTP server
  std::string host;            ///< "lmtp:/run/dovecot/lmtp", "maildir:/var/mail": where it was to go
  std::string explanation;     ///< host, fact, rule, remedy: one line
  bool site_wide = false;      ///< Deferred by what stands in everybody's way there: no server, no room on the disk
};

struct LocalRecipient {
  std::uint32_t index = 0;  ///< in envelope.recipients
  std::string user;         ///< Directory::user_of(): whose Maildir it is; not used by LMTP
};

struct LocalJob {
  spool::LetterId id;
  spool::Envelope envelope;
  message::OpenSource open;  ///< CRLF line ends; called on other threads, several at once
  std::vector<LocalRecipient> recipients;
  addressing::Transport transport;  ///< ToMaildir or ToLmtp; ToHost is the way out's and is deferred here
};

struct DeliverySettings {
  std::string hostname;
  unsigned maildir_threads = 8;  ///< each waits for the disk
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds letter_timeout{1800};      ///< for one LMTP transaction, from its start
  std::chrono::seconds idle_session{30};          ///< an LMTP session that waited longer is not used again
  std::uint32_t letters_per_session = 1000;       ///< LMTP
  std::uint32_t idle_sessions_per_endpoint = 10;  ///< LMTP
};

class Delivery {
 public:
  /// The clock outlives it.
  Delivery(DeliverySettings settings, const Clock& clock);
  /// Waits for files that are being written. REQUIRES: no deliver() is running.
  ~Delivery();

  /// A verdict for each of job.recipients, in their order. Several may run at once.
  Awaitable<std::vector<Verdict>> deliver(LocalJob job);
  /// Says QUIT on LMTP sessions that wait for a next letter.
  Awaitable<void> close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::local
