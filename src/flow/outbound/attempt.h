#pragma once
// SPDX-License-Identifier: Apache-2.0
// One attempt to deliver a letter: host after host, until every recipient is settled or no host is left. Destinations
// that share a host share its transaction too, where each one's own decision lets the session carry its mail (D47).
#include "flow/outbound/classify.h"
#include "flow/outbound/session_pool.h"

namespace postseal::outbound {

class Attempt {
 public:
  /// All must outlive run(). Each record brings the facts, decision and recipients of one destination of the letter,
  /// and takes attempts and verdicts. They have their turns one after the other; those behind may join one before.
  Attempt(SessionTools tools, SessionPool& pool, const Letter& letter, const std::vector<DeliveryRecord*>& records,
          Deadline until);
  Awaitable<void> run();

 private:
  struct Part;
  /// A recipient without a final word.
  struct Pending {
    Part* part;
    std::size_t index;   ///< in the part's record
    Unsettled left;      ///< by the hosts so far
    bool waits = false;  ///< no other host may be tried now
  };
  /// One destination.
  struct Part {
    DeliveryRecord* record;
    std::vector<Pending> pending;             ///< for the next host, or for the end
    const policy::HostDecision* at{nullptr};  ///< this destination's own decision for the current host
    std::vector<Domain> tried;                ///< hosts

    HostAttempt& attempt() const { return record->attempts.back(); }
    bool waits() const;
    const policy::HostDecision* next_host() const;
  };
  enum class SessionState {
    Idle,    ///< good for the next letter
    Spent,   ///< in order, but the server wants no more transactions in it
    Broken,  ///< gone, or out of step
  };

  Awaitable<void> run_part(Part& part);
  Awaitable<void> try_host(const policy::HostDecision& host);
  Awaitable<std::unique_ptr<Session>> session_for(const policy::HostDecision& host, bool fresh);
  void let_join(Session& session);
  void part_company();
  Awaitable<SessionState> use_session(Session& session);
  Awaitable<SessionState> transact(Session& session);
  Awaitable<void> put_away(std::unique_ptr<Session> session, SessionState state);
  smtp::Transaction transaction_for(std::size_t count, bool promised) const;
  bool next_address(policy::HostDecision& host);
  static bool lacks_tls(const Part& part);
  bool is_about_idling(const smtp::RecipientOutcome& outcome) const;
  SessionState settle(const smtp::TransactionEnd& end, bool first);
  void settle(const smtp::SessionEnd& end, std::size_t count);
  void settle_one(Pending pending, Standing standing, const std::optional<smtp::RecipientOutcome>& outcome);

  SessionTools tools_;
  SessionPool& pool_;
  const Letter& letter_;
  Deadline until_;
  std::vector<Part> parts_;
  Part* lead_ = nullptr;       ///< whose turn it is
  std::vector<Pending> here_;  ///< to be tried at the current host
  bool lay_idle_ = false;      ///< the session did, and has taken nothing since
};

}  // namespace postseal::outbound
