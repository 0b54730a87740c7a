#pragma once
// SPDX-License-Identifier: Apache-2.0
// The client side of SMTP and LMTP as an engine without I/O. The driver (flow/outbound/converse) moves bytes, runs TLS
// and watches the clock; the engine knows every rule of the dialogue. RFC 5321, 3207, 1870, 2920, 3030, 2034, 3461,
// 6152, 6531, 8689, 9422; LMTP: RFC 2033.
//
//   receive(bytes) / peer_closed()   what arrived            take_output()   what to send (send it before waiting)
//   next_event()                     what happened           timer()         how long to wait for what comes next
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/smtp/capabilities.h"
#include "protocol/smtp/local_refusal.h"
#include "protocol/smtp/mail_transaction.h"
#include "protocol/smtp/outcome.h"
#include "protocol/smtp/pipeline.h"
#include "protocol/smtp/reply_parser.h"
#include "protocol/smtp/timer.h"
#include "protocol/smtp/transaction.h"
#include "vocab/mailbox.h"
#include "vocab/reply.h"

namespace postseal::smtp {

enum class Dialect { Smtp, Lmtp };

struct ClientSettings {
  Dialect dialect = Dialect::Smtp;
  std::string helo_name;      ///< a domain or address literal: RFC 5321 §4.1.4
  bool use_chunking = false;  ///< BDAT where the peer offers CHUNKING
};

// --- events ---

/// The greeting and EHLO are done (before or after TLS): begin_tls(), begin() or quit() may be called.
struct Ready {
  Capabilities capabilities;
};
/// The peer answered 220 to STARTTLS and nothing came behind it: run the handshake, then call tls_established().
struct HandshakeDue {};
/// Call body() with the next piece of the message.
struct BodyDue {};
/// One transaction has ended; recipients in the order given. The engine is ready for the next one if reusable.
struct TransactionEnd {
  std::vector<RecipientOutcome> recipients;
  bool reusable = true;
};
enum class SessionFailure {
  GreetingRefused,    ///< 4xx or 5xx greeting (reply set)
  HelloRefused,       ///< EHLO and HELO both refused (reply set)
  StartTlsRefused,    ///< any answer but 220 to STARTTLS (reply set)
  StartTlsInjection,  ///< bytes behind the 220: an attack (RFC 3207 §6, pitfall 16)
  ServiceClosing,     ///< 421 at any time, or a refusal that nothing asked for (reply set)
  PeerClosed,         ///< end of stream: a reply was due, or the session was kept open for later
  TimedOut,           ///< timed_out(): the reply that was due did not come
  Garbage,            ///< not SMTP: malformed or oversized reply
  OutOfStep,          ///< a reply that nothing asked for, or whose code answers nothing that was asked
  MessageBroken,      ///< abort_body(), or a body that is not what was checked: the fault is on our side
};
std::string_view to_string(SessionFailure failure);
/// The session is over and cannot be used; a running transaction ends with it (its recipients' outcomes in
/// transaction).
struct SessionEnd {
  SessionFailure failure = SessionFailure::PeerClosed;
  std::optional<Reply> reply;
  std::string reason;  ///< in words for people
  std::vector<RecipientOutcome> transaction;
  /// The body's end mark had been sent and no answer came: the peer may have the message (RFC 5321 §4.5.3.2.6).
  bool in_doubt = false;
};
/// quit() is done, or there was nobody left to say it to: close the stream.
struct Quitted {};

using Event = std::variant<Ready, HandshakeDue, BodyDue, TransactionEnd, SessionEnd, Quitted>;

class Client {
 public:
  explicit Client(ClientSettings settings);

  void receive(std::string_view bytes);
  void peer_closed();
  /// The time of timer() has passed without an answer.
  void timed_out();
  /// What may be answered from now on: the caller sends it.
  std::string take_output();
  std::optional<Event> next_event();
  Timer timer() const;

  /// REQUIRES: Ready was the last event and it offered STARTTLS.
  void begin_tls();
  /// REQUIRES: HandshakeDue was the last event. Sends EHLO anew; everything learnt before is forgotten.
  void tls_established();
  /// REQUIRES: Ready or a reusable TransactionEnd was the last event. If the session has ended since, that is the next
  /// event, and it has the recipients' outcomes.
  void begin(Transaction transaction);
  /// REQUIRES: BodyDue was the last event. Lines end in CRLF; pieces may split anywhere; last: no more will come.
  /// Pieces of at most 64 KiB keep memory small; each is one chunk where BDAT is used.
  void body(std::string_view piece, bool last);
  /// The message's source broke: the transaction can only be ended by closing the stream without the end mark.
  void abort_body();
  /// After anything but HandshakeDue and BodyDue. Quitted follows, at once when the session is over already.
  void quit();

  const Capabilities& capabilities() const { return offered_; }

 private:
  enum class State {
    Hello,  ///< greeting, EHLO, HELO
    Idle,   ///< between transactions
    StartTls,
    Handshake,
    Transaction,
    Quitting,
    Refused,  ///< over, in step: QUIT can still be said
    Ended,
  };

  void say_hello();
  void take_replies();
  void take_reply(const Reply& reply);
  void take_unasked(const Reply& reply);
  void take_greeting(const Reply& reply);
  void take_ehlo(const Reply& reply);
  void take_helo(const Reply& reply);
  void take_starttls(const Reply& reply);
  void become_idle(Event event);
  void advance_transaction();
  bool peer_spoke_first();
  void refuse(SessionFailure failure, const Reply& reply, std::string reason);
  void end(SessionFailure failure, std::string reason, std::optional<Reply> reply = {}, bool end_mark_answered = false);
  std::vector<RecipientOutcome> close_transaction(const SessionEnd& last, Stage stage);

  ClientSettings settings_;
  State state_ = State::Hello;
  Capabilities offered_;
  ReplyParser parser_;
  Pipeline pipeline_;
  std::optional<MailTransaction> transaction_;
  SessionUse used_;
  bool rset_due_ = false;    ///< the server has a dead transaction open: RSET goes before the next MAIL
  bool body_asked_ = false;  ///< BodyDue has been given out
  std::deque<Event> events_;
};

}  // namespace postseal::smtp
