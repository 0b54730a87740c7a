// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "protocol/smtpd/dialogue.h"
#include "protocol/smtpd/offers.h"
#include "protocol/smtpd/replies.h"
#include "protocol/smtpd/xtext.h"
#include "vocab/ascii.h"

namespace postseal::smtpd {
namespace {

// RFC 5321 §4.5.3.1.4: with CRLF.
constexpr std::size_t kMaxPlainCommand = 512;

bool may_be_long(Verb verb) {
  return verb == Verb::Mail || verb == Verb::Rcpt || verb == Verb::Auth || verb == Verb::Xclient;
}

/// RFC 6531 §3.1, §3.7.4.2: addresses; and what is only echoed to nobody.
bool may_be_utf8(Verb verb) {
  return verb == Verb::Mail || verb == Verb::Rcpt || verb == Verb::Vrfy || verb == Verb::Expn || verb == Verb::Unknown;
}

bool has_no_argument(Verb verb) {
  return verb == Verb::Data || verb == Verb::Rset || verb == Verb::Quit || verb == Verb::StartTls;
}

/// A38: ::ffff:192.0.2.1 is 192.0.2.1, or limits and networks for IPv4 would not see it.
IpAddress without_mapping(const IpAddress& address) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const auto octets = address.bytes();
  if (address.is_v4() || !std::ranges::equal(octets.first(kMapped.size()), kMapped)) return address;
  return IpAddress::v4({octets[12], octets[13], octets[14], octets[15]});
}

}  // namespace

void Server::Impl::take_command(std::string_view line, std::optional<Event>& event) {
  // RFC 5321 §4.1.1 SHOULD: blanks at the end are tolerated.
  while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
  auto [verb, argument] = parse_command(line);
  // A18: a browser made to speak to us; what follows its first line is an attacker's text.
  if (verb == Verb::Http || line.starts_with(0x16)) {
    say(reply::kNotSmtp);
    return close(reply::kClosing, "not SMTP");
  }
  // A22: a refused BDAT still has its octets behind it; one that is not well-formed, whatever is wrong, ends the
  // session.
  if (verb == Verb::Bdat) return take_bdat(argument, event);
  if (looks_like_bdat(line)) return refuse_bdat();
  // A21: nothing of a command can break a line of a log, a header or a notification.
  if (has_control_characters(line)) return say(reply::kBadCharacters);
  if (line.size() + 2 > kMaxPlainCommand && !may_be_long(verb)) return say(reply::kLineTooLong);
  if (!may_be_utf8(verb) && !is_ascii(line)) return say(reply::kNotAscii);
  // RFC 5321 §4.1.1: DATA, RSET, QUIT (and RFC 3207 §4 STARTTLS) have no argument: 501.
  if (has_no_argument(verb) && !argument.empty()) return say(reply::kNoArgument);
  if (auto refusal = gate(verb)) return say(*refusal);

  switch (verb) {
    case Verb::Ehlo:
      return take_hello(argument, true);
    case Verb::Helo:
      return take_hello(argument, false);
    case Verb::Mail:
      return take_mail(argument, event);
    case Verb::Rcpt:
      return take_rcpt(argument, event);
    case Verb::Data:
      return take_data(event);
    case Verb::Rset:
      return take_rset();
    case Verb::StartTls:
      return take_starttls(event);
    case Verb::Auth:
      return take_auth(argument, event);
    case Verb::Quit:
      return take_quit();
    case Verb::Xclient:
      return take_xclient(argument);
    case Verb::Noop:
      if (!is_too_idle()) say(reply::kNoop);
      return;
    case Verb::Vrfy:
      // RFC 5321 §3.5.3, §7.3: 252 tells nobody who has a mailbox here.
      if (!is_too_idle()) say(argument.empty() ? reply::kArgumentMissing : reply::kVrfy);
      return;
    case Verb::Help:
      if (!is_too_idle()) say(reply::kHelp);
      return;
    case Verb::Expn:
      return say(reply::kExpn);
    case Verb::Bdat:
    case Verb::Http:
    case Verb::Unknown:
      // RFC 5321 §4.2.4: 500 for what is not known.
      return say(reply::kUnknownCommand);
  }
}

std::optional<std::string_view> Server::Impl::gate(Verb verb) const {
  if (verb == Verb::Ehlo || verb == Verb::Helo || verb == Verb::StartTls || verb == Verb::Noop || verb == Verb::Quit ||
      verb == Verb::Auth || verb == Verb::Xclient || verb == Verb::Unknown) {
    return std::nullopt;
  }
  bool submission = settings.role == Role::Submission;
  // RFC 3207 §4: 530 to all but EHLO, STARTTLS, NOOP and QUIT where TLS is required.
  if ((settings.tls_required || submission) && !session.tls) return reply::kTlsFirst;
  // RFC 4954 §6: 530 to all but these and RSET where authentication is required.
  if ((settings.require_auth || submission) && session.user.empty() && verb != Verb::Rset) return reply::kAuthFirst;
  return std::nullopt;
}

bool Server::Impl::is_too_idle() {
  // A23: NOOP, RSET, VRFY for ever.
  if (++idle_commands <= settings.limits.idle_commands) return false;
  close(reply::kTooIdle, "too many commands without a message");
  return true;
}

void Server::Impl::take_hello(std::string_view name, bool extended) {
  if (is_too_idle()) return;
  // RFC 5321 §4.1.1.1, §4.1.4: the argument has to be well-formed; whether it is true is not asked (MUST NOT refuse).
  if (!is_hello_name(name)) return say(reply::kHelloName);
  // RFC 5321 §4.1.4 MUST: EHLO in mid-session is as RSET.
  reset_transaction();
  session.helo = name;
  session.esmtp = extended;
  Xclient xclient = may_say_xclient() ? Xclient::Offered : Xclient::Refused;
  say(extended ? ehlo_reply(settings, session, xclient) : reply::hello(settings.hostname));
}

void Server::Impl::take_rset() {
  if (is_too_idle()) return;
  reset_transaction();
  say(reply::kReset);
}

void Server::Impl::take_quit() {
  // RFC 5321 §4.1.1.10 MUST: 221, then the end.
  say(reply::kBye);
  finish("QUIT", true);
}

void Server::Impl::take_starttls(std::optional<Event>& event) {
  if (session.tls) return say(reply::kTlsAlready);
  // RFC 3207 §4: 454.
  if (!settings.tls_available) return say(reply::kTlsUnavailable);
  // RFC 3207 §4 has EHLO first.
  if (!session.esmtp) return say(reply::kHelloFirst);
  // RFC 3207 §6, §4.2 (A04): nothing may stand behind STARTTLS: somebody on the path may have put it there, to be taken
  // for something said inside TLS.
  if (!input.empty()) return finish("plaintext behind STARTTLS: an attack");
  say(reply::kStartTls);
  owed = Owed::Handshake;
  event = HandshakeDue{};
}

void Server::Impl::tls_established(TlsFacts facts) {
  bool implicit = settings.implicit_tls && !session.tls && owed == Owed::Nothing && !greeting_taken;
  if (owed != Owed::Handshake && !implicit) return finish("a mistake on our side: TLS was not due");
  owed = Owed::Nothing;
  // RFC 3207 §4.2 MUST (A05): all that the client has said is forgotten, its name included.
  reset_transaction();
  session.helo.clear();
  session.esmtp = false;
  session.user.clear();
  session.tls = std::move(facts);
}

void Server::Impl::take_xclient(std::string_view argument) {
  // A38: from configured peers only, and once: what comes after it is the proxied client's.
  if (!may_say_xclient()) return say(reply::kUnknownCommand);
  if (open) return say(reply::kOneTransaction);
  std::optional<IpAddress> address;
  while (!argument.empty()) {
    std::string_view word = argument.substr(0, argument.find(' '));
    argument = trim(argument.substr(word.size()));
    std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return say(reply::kBadParameter);
    auto value = decode_xtext(word.substr(equals + 1));
    if (!value) return say(reply::kBadParameter);
    if (!equals_ignoring_case(word.substr(0, equals), "ADDR")) continue;
    std::string_view text = *value;
    if (equals_ignoring_case(text.substr(0, 5), "IPV6:")) text.remove_prefix(5);
    address = IpAddress::parse(text);
    if (!address) return say(reply::kBadParameter);
  }
  if (!address) return say(reply::kBadParameter);
  xclient_used = true;
  session.peer = without_mapping(*address);
  session.helo.clear();
  session.esmtp = false;
  session.user.clear();
  say(reply::greeting(settings.hostname));
}

}  // namespace postseal::smtpd
