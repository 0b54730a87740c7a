#pragma once
// SPDX-License-Identifier: Apache-2.0
// The server side of SMTP as an engine without I/O. The driver (flow/inbound) moves bytes, runs TLS, asks the store,
// the accounts and the directory, and watches the clock; the engine knows every rule of the dialogue.
//
//   receive(bytes) / peer_closed()   what arrived            take_output()   what to send (send it before waiting)
//   next_event()                     what happened           timer()         how long to wait for what comes next
//
// An event that is due an answer (…Due, AuthResponse, MessageEnd) stops the engine: what has arrived behind it waits
// until the answer is given, so replies are in the order of commands (RFC 2920 §3.2). The driver's loop: send
// take_output(); if the session is not over and wants_input(), read; receive(); then next_event() and answers until
// there is no event.
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vocab/ip_address.h"
#include "vocab/mailbox.h"
#include "vocab/reply.h"

namespace postseal::smtpd {

enum class Role {
  Relay,       ///< port 25: other servers
  Submission,  ///< 587 and 465: authenticated users
};

/// What a client may spend. Counts are for one session.
struct Limits {
  std::uint64_t message_size = 50 * 1024 * 1024;  ///< RFC 1870; octets; 0: no limit
  std::uint32_t recipients = 1000;                ///< for one transaction: RFC 5321 §4.5.3.1.8 asks for 100 at least
  std::uint32_t transactions = 1000;              ///< RFC 9422 MAILMAX
  std::uint32_t errors = 20;                      ///< replies 4xx and 5xx to commands before 421
  std::uint32_t idle_commands = 100;              ///< NOOP, RSET, VRFY, HELP… between two accepted messages, before 421
  std::uint32_t auth_failures = 3;
  std::uint32_t header_octets = 256 * 1024;  ///< of a message's header
  std::uint32_t received_fields = 100;       ///< RFC 5321 §6.3: more is a loop
  std::uint32_t text_line = 998;             ///< RFC 5321 §4.5.3.1.6: octets of a message's line without its CRLF
};

struct ServerSettings {
  std::string hostname;
  Role role = Role::Relay;
  bool implicit_tls = false;     ///< the session begins inside TLS
  bool tls_available = true;     ///< offer STARTTLS
  bool tls_required = false;     ///< nothing but EHLO, STARTTLS, NOOP, QUIT before TLS (always so for Submission)
  bool offer_auth = false;       ///< only ever inside TLS
  bool require_auth = false;     ///< MAIL needs AUTH first (always so for Submission)
  bool channel_binding = false;  ///< SCRAM-SHA-256-PLUS can be offered
  bool xclient = false;          ///< the peer may say XCLIENT: only for configured addresses (A38)
  Limits limits;
};

/// What TLS turned out to be; for the Received header and for AUTH.
struct TlsFacts {
  std::string version, cipher, group;
  std::string client_name;  ///< subject of the client's certificate; empty: none shown
  bool client_verified = false;
  std::string channel_binding;  ///< tls-exporter (RFC 9266) or tls-server-end-point bytes; see channel_binding_type
  std::string channel_binding_type;
};

struct Parameters {
  std::optional<std::uint64_t> size;
  bool eight_bit_mime = false, smtputf8 = false, requiretls = false;
  std::string ret, envelope_id;  ///< RFC 3461, xtext as given
  std::string auth;              ///< RFC 4954 §5 AUTH=, decoded; empty: not given or <>
};

struct RecipientCommand {
  Mailbox mailbox;
  std::string notify, original;  ///< RFC 3461, as given
};

// --- events ---

/// 220 to STARTTLS is in the output: send it, run the handshake, call tls_established(). Nothing that came in the same
/// segment behind STARTTLS survives: the session is closed (RFC 3207 §6, pitfall 16).
struct HandshakeDue {};
/// Answer with auth_challenge(), auth_accepted() or auth_refused(). initial: decoded initial response, if any.
struct AuthDue {
  std::string mechanism;
  std::optional<std::string> initial;
};
/// The decoded response to auth_challenge(). A cancelled exchange ("*") gives AuthCancelled instead.
struct AuthResponse {
  std::string response;
};
struct AuthCancelled {};
/// Answer with accept() or refuse(). It begins a transaction anew: what an earlier one gathered is void, whether it was
/// ended by RSET, EHLO, STARTTLS, a refusal or a message.
struct MailDue {
  ReversePath from;
  Parameters parameters;
};
/// Answer with accept() or refuse(). "<postmaster>" without domain arrives as postmaster at our host name.
struct RecipientDue {
  RecipientCommand command;
};
/// DATA, or the first BDAT, with at least one recipient: answer with accept() (354 follows for DATA) or refuse().
struct MessageDue {};
/// A piece of the message: CRLF line ends only, dots unstuffed. Valid until the next call of the engine.
struct MessagePiece {
  std::string_view bytes;
};
/// The message is whole: answer with accept(text) or refuse().
struct MessageEnd {
  std::uint64_t size = 0;  ///< octets
  bool eight_bit = false, utf8_headers = false;
};
/// The message will not be finished: drop it. A refusal by the engine itself (too large, bare LF, too many Received
/// fields, closed connection) or RSET between BDATs. It comes as soon as that is known; what is left of the message is
/// swallowed, and the reply, if one is due, goes out at its true end. A refuse() of the driver's own is not followed by
/// it.
struct MessageAborted {
  std::string reason;
};
/// The session is over: send the output, close. reason: for the log; quit: the client said QUIT.
struct SessionOver {
  bool quit = false;
  std::string reason;
};

using Event = std::variant<HandshakeDue, AuthDue, AuthResponse, AuthCancelled, MailDue, RecipientDue, MessageDue,
                           MessagePiece, MessageEnd, MessageAborted, SessionOver>;

/// RFC 5321 §4.5.3.2.7: five minutes for a command. Greeting: the client has not said yet who it is (no EHLO, or at a
/// submission port no AUTH). None: it is not the client whom we wait for.
enum class Timer { Greeting, Command, MessageBlock, Auth, None };
std::chrono::seconds limit(Timer timer);
std::string_view to_string(Timer timer);

class Server {
 public:
  /// The greeting is the first output (for implicit TLS: call tls_established() before taking it).
  explicit Server(ServerSettings settings, IpAddress peer);
  /// For many sessions with the same settings. REQUIRES: not null.
  explicit Server(std::shared_ptr<const ServerSettings> settings, IpAddress peer);
  ~Server();
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;

  /// The bytes must stay as they are until next_event() has returned nothing: pieces of the message are views of them.
  /// What is of use later (a command without its end, what waits behind an answer) is copied.
  void receive(std::string_view bytes);
  template <std::same_as<std::string> Temporary>
  void receive(Temporary&& bytes) = delete;  // it would be gone before next_event()
  /// Whole commands that have arrived are still carried out; SessionOver follows.
  void peer_closed();
  /// The time of timer() has passed: 421 goes out, SessionOver follows.
  void timed_out();
  /// The program is ending: 421 at the next boundary between commands, SessionOver follows.
  void shut_down();
  std::string take_output();
  std::optional<Event> next_event();
  Timer timer() const;
  /// False while an answer or the handshake is due and after the end: nothing has to be read from the peer then.
  bool wants_input() const;

  void tls_established(TlsFacts facts);
  void auth_challenge(std::string_view challenge);
  /// user: for the Received header and the envelope. final_data: SCRAM's server-final-message, sent as RFC 4954 says.
  void auth_accepted(std::string user, std::optional<std::string> final_data);
  void auth_refused(const Reply& reply);
  /// text: words for the client, with or without a status in front.
  void accept(std::string text = {});
  /// The status may be in reply.status or in front of its first line. 421 ends the session.
  void refuse(const Reply& reply);
  /// XCLIENT or PROXY said so: the client is somebody else.
  void set_peer(IpAddress peer);

  /// Lives as long as the engine; STARTTLS and XCLIENT change it.
  struct Session {
    IpAddress peer;    ///< the client; XCLIENT may have changed it: look at it at MailDue
    std::string helo;  ///< as given, checked; empty before EHLO
    bool esmtp = false;
    std::optional<TlsFacts> tls;
    std::string user;  ///< authenticated; empty: not
  };
  const Session& session() const;
  /// RFC 3848: "SMTP", "ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA", "UTF8SMTPS"…
  std::string protocol_name() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::smtpd
