#pragma once
// SPDX-License-Identifier: Apache-2.0
// The client side of SMTP and LMTP as an engine without I/O. The driver (flow/outbound/converse) moves bytes, runs TLS
// and watches the clock; the engine knows every rule of the dialogue. RFC 5321, 3207, 1870, 2920, 3030, 2034, 3461,
// 6152, 6531, 8689, 9422; LMTP: RFC 2033.
//
//   receive(bytes) / peer_closed()   what arrived            take_output()   what to send (send it before waiting)
//   next_event()                     what happened           timer()         how long to wait for what comes next
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vocab/mailbox.h"
#include "vocab/reply.h"

namespace postseal::smtp {

enum class Dialect { Smtp, Lmtp };

/// What the last EHLO (LHLO) reply offered. Forgotten at STARTTLS (RFC 3207 §4.2).
struct Capabilities {
  bool ehlo = false;  ///< false: the peer knows HELO only
  bool starttls = false, pipelining = false, eight_bit_mime = false, smtputf8 = false, dsn = false;
  bool enhanced_status_codes = false, chunking = false, requiretls = false;
  std::optional<std::uint64_t> size;  ///< RFC 1870; 0 or no number: no fixed limit, then nullopt with size_offered
  bool size_offered = false;
  std::optional<std::uint32_t> mail_max, rcpt_max, rcpt_domain_max;  ///< RFC 9422 LIMITS
  bool operator==(const Capabilities&) const = default;
};

/// RFC 5321 §4.5.3.2: which of the timers governs the next read. limit() gives its minimum from that section.
enum class Timer { Greeting, Ehlo, StartTls, Mail, Rcpt, DataInitiation, DataBlock, DataTermination, Quit, None };
std::chrono::seconds limit(Timer timer);
std::string_view to_string(Timer timer);

struct ClientSettings {
  Dialect dialect = Dialect::Smtp;
  std::string helo_name;      ///< a domain or address literal: RFC 5321 §4.1.4
  bool use_chunking = false;  ///< BDAT where the peer offers CHUNKING
};

struct DsnRequest {
  std::string envelope_id;  ///< xtext already; empty: none
  std::string ret;          ///< "FULL", "HDRS" or empty
  std::string notify;       ///< "NEVER" or "SUCCESS,FAILURE,DELAY" list, or empty; for all recipients
  bool operator==(const DsnRequest&) const = default;
};

/// One message to some recipients.
struct Transaction {
  ReversePath from;
  std::vector<Mailbox> recipients;
  std::uint64_t size = 0;     ///< octets, as MessageFacts::wire_size
  bool eight_bit = false;     ///< needs 8BITMIME
  bool utf8_headers = false;  ///< needs SMTPUTF8 (addresses are looked at by the engine)
  bool requiretls = false;    ///< sends REQUIRETLS; refused locally when the peer does not offer it
  DsnRequest dsn;             ///< sent where the peer offers DSN
};

/// Where in the transaction a reply was given.
enum class Stage { Greeting, Hello, StartTls, Mail, Rcpt, Data, Body, Local };
std::string_view to_string(Stage stage);

struct RecipientOutcome {
  bool accepted = false;  ///< the peer took responsibility for this recipient
  Stage stage = Stage::Body;
  Reply reply;            ///< the deciding reply; for Stage::Local our own, in the same form
  bool operator==(const RecipientOutcome&) const = default;
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
  GreetingRefused,     ///< 4xx, 5xx or 554 greeting (reply set)
  HelloRefused,        ///< EHLO and HELO both refused (reply set)
  StartTlsRefused,     ///< any answer but 220 to STARTTLS (reply set)
  StartTlsInjection,   ///< bytes behind the 220: an attack (RFC 3207 §6, pitfall 16)
  ServiceClosing,      ///< 421 outside of a transaction (reply set)
  PeerClosed,          ///< end of stream where a reply was due
  Garbage,             ///< not SMTP: malformed or oversized reply
  OutOfStep,           ///< a reply that nothing asked for
};
std::string_view to_string(SessionFailure failure);
/// The session is over and cannot be used; a running transaction ends with it (its recipients' outcomes in transaction).
struct SessionEnd {
  SessionFailure failure;
  std::optional<Reply> reply;
  std::string reason;  ///< in words for people
  std::vector<RecipientOutcome> transaction;
  /// The body's end mark had been sent and no answer came: the peer may have the message (RFC 5321 §4.5.3.2.6).
  bool in_doubt = false;
};
/// quit() is done: close the stream.
struct Quitted {};

using Event = std::variant<Ready, HandshakeDue, BodyDue, TransactionEnd, SessionEnd, Quitted>;

class Client {
 public:
  explicit Client(ClientSettings settings);

  void receive(std::string_view bytes);
  void peer_closed();
  std::string take_output();
  std::optional<Event> next_event();
  Timer timer() const;

  /// REQUIRES: Ready was the last event and it offered STARTTLS.
  void begin_tls();
  /// REQUIRES: HandshakeDue was the last event. Sends EHLO anew; everything learnt before is forgotten.
  void tls_established();
  /// REQUIRES: Ready or a reusable TransactionEnd was the last event.
  void begin(Transaction transaction);
  /// REQUIRES: BodyDue was the last event. Lines end in CRLF; pieces may split anywhere; last: no more will come.
  void body(std::string_view piece, bool last);
  /// The message's source broke: the transaction can only be ended by closing the stream without the end mark.
  void abort_body();
  void quit();

  const Capabilities& capabilities() const;

 private:
  // The room's own business (protocol/smtp fills this in).
};

}  // namespace postseal::smtp
