#pragma once
// SPDX-License-Identifier: Apache-2.0
// One SMTP session: moves bytes between stream and engine, and answers the engine's questions. While it is idle it
// holds the engine, the stream and a wait; everything else is made when it is needed.
#include <memory>
#include <optional>
#include <string>

#include "edge/net/listen.h"
#include "edge/tls/server.h"
#include "flow/inbound/admission.h"
#include "flow/inbound/gate.h"
#include "flow/inbound/reception.h"
#include "flow/inbound/surroundings.h"
#include "protocol/sasl/exchange.h"
#include "protocol/smtpd/server.h"

namespace postseal::inbound {

struct Transaction;

class Session {
 public:
  /// The surroundings outlive the session.
  Session(const Surroundings& around, settings::ListenerRole role, net::Accepted accepted);
  ~Session();

  /// From the greeting to the end. Never throws for what the client does.
  Awaitable<void> run();
  /// 421 at the next boundary between commands. From the session's thread.
  void ask_to_end();
  /// At once.
  void end_now();

 private:
  smtpd::ServerSettings engine_settings() const;
  Awaitable<bool> pass_gate();
  Awaitable<bool> secure();
  Awaitable<void> converse();
  /// Reads once; false: the session is over.
  Awaitable<bool> receive();
  Awaitable<void> answer_events();
  Awaitable<void> answer(smtpd::Event event);
  Awaitable<bool> send();
  Deadline deadline() const;
  void watch_pace();
  bool is_too_slow();
  void log_end() const;

  // --- session_auth.cc ---
  Awaitable<void> begin_login(std::string mechanism, std::optional<std::string> initial);
  Awaitable<void> go_on_with_login(std::string response);
  Awaitable<void> follow(sasl::Step step);
  void refuse_login(const Reply& reply, std::string_view user, std::string_view reason);

  // --- session_mail.cc ---
  bool trusted() const;
  std::optional<Reply> refuse_sender(const Mailbox& from);
  void begin_mail(const smtpd::MailDue& mail);
  void take_recipient(const smtpd::RecipientCommand& command);
  Awaitable<void> begin_message();
  void abort_message(std::string_view reason);
  Awaitable<void> end_message(smtpd::MessageEnd end);
  void log_refusal(std::string_view what, const Reply& reply, std::string_view address);
  void log_accepted(const spool::QueuedLetter& kept, const authenticate::Outcome* outcome);

  // --- session_author.cc ---
  bool is_checked() const;
  Awaitable<void> begin_checks(Transaction& transaction);
  /// Of a letter that is checked. nullptr: the session was cut meanwhile.
  Awaitable<std::unique_ptr<const authenticate::Outcome>> judge(Transaction& transaction, bool utf8_headers);
  void note(const authenticate::Outcome& outcome);
  void log_judgement(const authenticate::Outcome& outcome, const spool::Envelope& envelope);
  bool may_write_as(const message::Author& author);
  /// Why this letter gets no signature of ours; empty: it gets one.
  std::string refuse_to_sign(const Transaction& transaction, const message::Author& author);
  Awaitable<std::string> vouch_for(Transaction& transaction, const authenticate::Outcome* outcome);
  std::optional<RecipientRuling> rule_returning(const Mailbox& recipient) const;

  const Surroundings& around_;
  const settings::ListenerRole role_;
  std::shared_ptr<const Rules> rules_;
  std::shared_ptr<const addressing::Directory> directory_;
  std::shared_ptr<const tls::ServerContext> tls_;
  std::unique_ptr<net::Stream> stream_;
  net::Stream* shaking_ = nullptr;  ///< the transport during a handshake, which has taken the stream over
  IpAddress peer_;
  std::optional<Gate::Place> place_;
  std::optional<smtpd::Server> engine_;
  SteadyTime began_;
  SteadyTime waits_since_{};  ///< our last reply: since then the client's next command is waited for
  std::string end_reason_;
  bool over_ = false, quit_ = false;
  bool idle_ = false;  ///< in a wait that may be interrupted
  bool stopping_ = false, told_ = false;

  std::unique_ptr<sasl::Exchange> exchange_;
  std::string login_;  ///< who tries to log in, as far as known
  bool scram_ = false;
  std::optional<accounts::AccountInfo> account_;
  std::unique_ptr<Transaction> transaction_;
  std::shared_ptr<authenticate::Visitor> visitor_;  ///< once a letter has been checked
  struct Judging;
  std::shared_ptr<Judging> judging_;  ///< while DNS is waited for after a letter's last octet
  void give_up_judging();

  // The slow-client rule.
  SteadyTime window_ends_{};
  std::uint64_t window_octets_ = 0;
  bool in_message_ = false;
  std::uint32_t letters_ = 0;
};

}  // namespace postseal::inbound
