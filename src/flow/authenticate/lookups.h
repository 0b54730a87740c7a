#pragma once
// SPDX-License-Identifier: Apache-2.0
// What can be asked before the letter has come: SPF and iprev. Begun with its first octets, over when its last is here,
// mostly.
#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <optional>
#include <string>

#include "flow/authenticate/asking.h"
#include "flow/authenticate/findings.h"
#include "protocol/dns/resolver.h"
#include "vocab/awaitable.h"

namespace postseal::authenticate {

/// What is found out of a client by its first letter and holds for the others of its session; of the sender and of the
/// author, for their further letters. Belongs to one executor.
struct Visitor {
  /// Who mends a record does not wait for the end of a session that has no end.
  static constexpr Seconds kHolds{60};

  Deadline until{};
  IpAddress ip;
  std::string helo, mail_from;
  std::optional<spf::Verdict> helo_verdict, mail_from_verdict;
  std::optional<spf::IprevVerdict> iprev;
  std::optional<dmarc::Question> dmarc_question;  ///< of the last letter
  dmarc::Verdict dmarc_verdict;

  /// Whether it still is whom this was asked about.
  bool is(const spf::Question& question) const { return ip == question.ip && helo == question.helo; }
  bool sends_for(const spf::Question& question) const { return is(question) && mail_from == question.mail_from; }
};

class EarlyLookups {
 public:
  /// Everything runs on the executor, which is the caller's. What is under way when this goes is for nobody then: who
  /// cancels the asking ends it. REQUIRES: visitor is not null.
  EarlyLookups(const boost::asio::any_io_executor& executor, std::shared_ptr<Asking> asking, const Client& client,
               std::string receiver, std::shared_ptr<Visitor> visitor, Deadline deadline);
  ~EarlyLookups();

  struct Found {
    spf::Verdict spf;
    std::optional<spf::Verdict> helo;
    spf::IprevVerdict iprev;
  };
  /// Waits for what is not known yet. Once.
  Awaitable<Found> take();

 private:
  struct State;
  static bool may_remember(const State& state, bool temporary);
  static Awaitable<void> run_mail_from(std::shared_ptr<State> state, spf::Question question, Deadline deadline);
  static Awaitable<void> run_helo(std::shared_ptr<State> state, spf::Question question, Deadline deadline);
  static Awaitable<void> run_iprev(std::shared_ptr<State> state, IpAddress ip, Deadline deadline);
  std::shared_ptr<State> state_;
};

}  // namespace postseal::authenticate
