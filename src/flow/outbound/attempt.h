#pragma once
// SPDX-License-Identifier: Apache-2.0
// One attempt to deliver a letter to one destination: host after host, until every recipient is settled or no host is
// left.
#include "flow/outbound/classify.h"
#include "flow/outbound/session_pool.h"

namespace postseal::outbound {

class Attempt {
 public:
  /// All must outlive run(). The record brings facts, decision and recipients, and takes attempts and verdicts.
  Attempt(SessionTools tools, SessionPool& pool, const Letter& letter, DeliveryRecord& record, Deadline until);
  Awaitable<void> run();

 private:
  /// A recipient on its way.
  struct Pending {
    std::size_t index;                                   ///< in record.recipients
    std::optional<smtp::RecipientOutcome> last_refusal;  ///< by the hosts so far
    bool in_doubt = false;
  };

  Awaitable<void> try_host(const policy::HostDecision& host);
  Awaitable<std::unique_ptr<Session>> session_for(const policy::HostDecision& host, bool fresh);
  Awaitable<bool> transact(std::unique_ptr<Session>& session, const policy::HostDecision& host);
  smtp::Transaction transaction_for(const Session& session, std::size_t count) const;
  void settle(const policy::HostDecision& host, const smtp::Event& event, std::size_t count);
  void note_failure(const net::IoError& error);

  HostAttempt& attempt() { return record_.attempts.back(); }

  SessionTools tools_;
  SessionPool& pool_;
  const Letter& letter_;
  DeliveryRecord& record_;
  Deadline until_;
  std::vector<Pending> pending_;
};

}  // namespace postseal::outbound
