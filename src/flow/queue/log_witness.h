#pragma once
// SPDX-License-Identifier: Apache-2.0
// Log lines and metrics of the queue.
#include "edge/observe/log.h"
#include "edge/observe/metrics.h"
#include "flow/queue/witness.h"

namespace postseal::queue {

class LogWitness final : public Witness {
 public:
  LogWitness(observe::Log& log, observe::Metrics& metrics) : log_(log), metrics_(metrics) {}
  void attempted(const AttemptSeen& seen) override;
  void notified(const spool::QueuedLetter& letter, std::string_view kind, spool::LetterId notification) override;
  void double_bounce(const spool::QueuedLetter& letter, const Mailbox& recipient,
                     std::string_view explanation) override;
  void downgraded(const MailDestination& domain, Security before, WallTime seen, Security now, bool deferred) override;
  void store_failed(std::string_view what, const spool::StoreError& error) override;
  void wrong(std::string_view what) override;
  void operated(std::string_view operation, spool::LetterId letter, std::string_view detail) override;
  void numbers(const QueueNumbers& numbers) override;

 private:
  observe::Log& log_;
  observe::Metrics& metrics_;
};

}  // namespace postseal::queue
