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
  /// A recipient without a final word.
  struct Pending {
    std::size_t index;   ///< in record.recipients
    Unsettled left;      ///< by the hosts so far
    bool waits = false;  ///< no other host may be tried now
  };
  enum class SessionState {
    Idle,    ///< good for the next letter
    Spent,   ///< in order, but the server wants no more transactions in it
    Broken,  ///< gone, or out of step
  };

  Awaitable<void> try_host(const policy::HostDecision& host);
  Awaitable<std::unique_ptr<Session>> session_for(const policy::HostDecision& host, bool fresh);
  Awaitable<SessionState> use_session(Session& session, const policy::HostDecision& host);
  Awaitable<SessionState> transact(Session& session, const policy::HostDecision& host);
  Awaitable<void> put_away(std::unique_ptr<Session> session, SessionState state);
  smtp::Transaction transaction_for(std::size_t count, bool promised) const;
  bool next_address(policy::HostDecision& host);
  SessionState settle(const policy::HostDecision& host, const smtp::TransactionEnd& end, bool first);
  void settle(const policy::HostDecision& host, const smtp::SessionEnd& end, std::size_t count);
  void settle_one(const policy::HostDecision& host, Pending pending, Standing standing,
                  const std::optional<smtp::RecipientOutcome>& outcome);

  HostAttempt& attempt() { return record_.attempts.back(); }

  SessionTools tools_;
  SessionPool& pool_;
  const Letter& letter_;
  DeliveryRecord& record_;
  Deadline until_;
  std::vector<Pending> here_;     ///< to be tried at the current host
  std::vector<Pending> pending_;  ///< for the next host, or for the end
};

}  // namespace postseal::outbound
