#pragma once
// SPDX-License-Identifier: Apache-2.0
// The state of one session, behind Server. Its functions stand in four files: dialogue.cc (input, output, order of
// events), session_commands.cc (EHLO, STARTTLS, XCLIENT and the small ones), mail_commands.cc (MAIL to BDAT, answers),
// auth_commands.cc, reception.cc (the message itself). An idle session holds no buffers.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/smtpd/body_decoder.h"
#include "protocol/smtpd/command.h"
#include "protocol/smtpd/header_watch.h"
#include "protocol/smtpd/parameters.h"
#include "protocol/smtpd/server.h"

namespace postseal::smtpd {

/// What the next octets are.
enum class Expecting : std::uint8_t {
  Command,
  AuthResponse,
  AuthFinal,  ///< the empty line that answers SCRAM's last message
  Message,    ///< behind DATA
  Chunk,      ///< behind BDAT
  Nothing,    ///< the session is over
};

/// Which answer the driver owes us.
enum class Owed : std::uint8_t { Nothing, Handshake, Auth, Mail, Recipient, Data, FirstChunk, End };

/// A message that is being received.
struct Reception {
  BodyDecoder decoder;
  HeaderWatch header;
  std::uint64_t size = 0;    ///< octets handed out
  std::string_view refusal;  ///< our own, to be said at the true end
};

/// A BDAT command whose octets are being received.
struct ChunkInHand {
  std::uint64_t size = 0, left = 0;
  bool last = false;
  std::string refusal;  ///< to be said when the octets have passed; empty: they belong to the message
};

struct Server::Impl {
  Impl(std::shared_ptr<const ServerSettings> given, IpAddress peer);

  // --- dialogue.cc ---
  void receive(std::string_view bytes);
  std::string take_output();
  std::optional<Event> next_event();
  /// One step with what has arrived; false: nothing more can be done with it.
  bool step(std::optional<Event>& event);
  struct Line {
    std::string_view text;
    bool too_long = false;
  };
  std::optional<Line> next_line();
  void keep_input();
  /// Counts refusals; more than the limit end the session.
  void say(std::string_view line);
  /// The reply, and the session is over. RFC 5321 §3.8.
  void close(std::string_view line, std::string reason);
  void finish(std::string reason, bool quit = false);
  void abort_message(std::string reason);
  void stop_if_asked();

  // --- session_commands.cc ---
  void take_command(std::string_view line, std::optional<Event>& event);
  std::optional<std::string_view> gate(Verb verb) const;
  void take_hello(std::string_view name, bool extended);
  void take_rset();
  void take_starttls(std::optional<Event>& event);
  bool may_say_xclient() const { return settings.xclient && !xclient_used; }
  void take_xclient(std::string_view argument);
  void take_quit();
  void tls_established(TlsFacts facts);
  bool is_too_idle();

  // --- mail_commands.cc ---
  void take_mail(std::string_view argument, std::optional<Event>& event);
  void take_rcpt(std::string_view argument, std::optional<Event>& event);
  void take_data(std::optional<Event>& event);
  void take_bdat(std::string_view argument, std::optional<Event>& event);
  void refuse_bdat();
  std::optional<std::string_view> refuse_content() const;
  void accept(std::string text);
  void refuse(const Reply& given);
  /// why: for a message that is on its way.
  void reset_transaction(std::string_view why = "the client has given it up");

  // --- reception.cc ---
  bool take_message(std::optional<Event>& event);
  void take_end(std::optional<Event>& event);
  void take_chunk_end(std::optional<Event>& event);
  void refuse_message(std::string_view line);
  bool swallowed_too_much(std::uint64_t octets);

  // --- auth_commands.cc ---
  void take_auth(std::string_view argument, std::optional<Event>& event);
  void take_auth_response(const Line& line, std::optional<Event>& event);
  void take_auth_final(const Line& line, std::optional<Event>& event);
  void end_auth(std::string_view line, std::optional<Event>& event);
  void auth_challenge(std::string_view challenge);
  void auth_accepted(std::string user, std::optional<std::string> final_data);
  void auth_refused(const Reply& given);

  const std::shared_ptr<const ServerSettings> settings_owner;
  const ServerSettings& settings;
  Session session;

  std::string_view input;  ///< what has arrived and not been used: the caller's bytes, or kept
  std::string kept;
  std::string output;
  std::optional<std::string> aborted;  ///< a MessageAborted is to be told
  std::optional<SessionOver> over;     ///< likewise

  Expecting expecting = Expecting::Command;
  Owed owed = Owed::Nothing;
  bool greeting_taken = false;  ///< the client may talk
  bool input_borrowed = false;  ///< input is the caller's
  bool peer_has_closed = false, stopping = false;
  bool xclient_used = false;
  bool discarding = false;  ///< within a line that is too long
  std::uint64_t discarded = 0;

  // Of the transaction.
  bool open = false, smtputf8 = false, rcpt_refused = false;
  std::uint32_t recipients = 0, recipients_beyond = 0;
  std::unique_ptr<Reception> reception;
  std::unique_ptr<ChunkInHand> chunk;
  std::uint64_t swallowed = 0;

  std::string user_to_be;  ///< authenticated as soon as the client has answered SCRAM's last message

  // What has been spent.
  std::uint32_t errors = 0, idle_commands = 0, transactions = 0, auth_failures = 0;
};

}  // namespace postseal::smtpd
