// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "protocol/smtpd/dialogue.h"
#include "protocol/smtpd/offers.h"
#include "protocol/smtpd/replies.h"
#include "vocab/ascii.h"
#include "vocab/codec.h"

namespace postseal::smtpd {
namespace {

std::optional<std::string> decode(std::string_view text) {
  auto bytes = from_base64(text);
  if (!bytes) return std::nullopt;
  return std::string(bytes->begin(), bytes->end());
}

std::string encode(std::string_view text) {
  return to_base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

void Server::Impl::take_auth(std::string_view argument, std::optional<Event>& event) {
  if (!settings.offer_auth) return say(reply::kNotOffered);
  // RFC 4954 §4 SHOULD NOT: no password in the clear; our mechanisms carry one, or what it can be guessed from. 538 and
  // its status stand in the registry of RFC 5248.
  if (!session.tls) return say(reply::kAuthNeedsTls);
  if (!session.esmtp) return say(reply::kHelloFirst);
  // RFC 4954 §4 MUST: 503 after a success, and within a transaction.
  if (!session.user.empty()) return say(reply::kAuthAlready);
  if (open) return say(reply::kAuthInTransaction);

  std::size_t end = std::min(argument.find(' '), argument.size());
  std::string_view initial = trim(argument.substr(end));
  if (argument.empty() || initial.contains(' ')) return say(reply::kAuthSyntax);
  auto mechanisms = offered_mechanisms(settings, session);
  auto mechanism = std::ranges::find_if(
      mechanisms, [&](std::string_view each) { return equals_ignoring_case(each, argument.substr(0, end)); });
  if (mechanism == mechanisms.end()) return say(reply::kNoMechanism);

  AuthDue due{.mechanism = std::string(*mechanism), .initial = {}};
  if (!initial.empty()) {
    // RFC 4954 §4: "=" is an initial response of no octets.
    due.initial = initial == "=" ? std::string() : decode(initial);
    if (!due.initial) return say(reply::kNotBase64);
  }
  owed = Owed::Auth;
  event = std::move(due);
}

void Server::Impl::end_auth(std::string_view line, std::optional<Event>& event) {
  expecting = Expecting::Command;
  user_to_be = {};
  say(line);
  event = AuthCancelled{};
}

void Server::Impl::take_auth_response(const Line& line, std::optional<Event>& event) {
  // RFC 4954 §4 MUST: 500 for a line that is too long, 501 for "*" and for what is not base64.
  if (line.too_long) return end_auth(reply::kAuthLineTooLong, event);
  if (line.text == "*") return end_auth(reply::kAuthCancelled, event);
  auto response = decode(line.text);
  if (!response) return end_auth(reply::kNotBase64, event);
  expecting = Expecting::Command;
  owed = Owed::Auth;
  event = AuthResponse{std::move(*response)};
}

void Server::Impl::take_auth_final(const Line& line, std::optional<Event>& event) {
  if (line.too_long) return end_auth(reply::kAuthLineTooLong, event);
  if (!line.text.empty()) return end_auth(reply::kAuthCancelled, event);
  expecting = Expecting::Command;
  session.user = std::exchange(user_to_be, {});
  say(reply::kAuthenticated);
}

void Server::Impl::auth_challenge(std::string_view challenge) {
  if (expecting == Expecting::Nothing) return;
  if (std::exchange(owed, Owed::Nothing) != Owed::Auth) {
    return close(reply::kLocalError, "a mistake on our side: no challenge was due");
  }
  expecting = Expecting::AuthResponse;
  say(std::string(reply::kContinue) + encode(challenge));
}

void Server::Impl::auth_accepted(std::string user, std::optional<std::string> final_data) {
  if (expecting == Expecting::Nothing) return;
  if (std::exchange(owed, Owed::Nothing) != Owed::Auth || user.empty()) {
    return close(reply::kLocalError, "a mistake on our side: nobody was authenticating");
  }
  if (!final_data) {
    session.user = std::move(user);
    return say(reply::kAuthenticated);
  }
  // RFC 4954 §4: 235 carries no data; SCRAM's last message is a challenge, and the client's answer to it is empty.
  user_to_be = std::move(user);
  expecting = Expecting::AuthFinal;
  say(std::string(reply::kContinue) + encode(*final_data));
}

void Server::Impl::auth_refused(const Reply& given) {
  if (expecting == Expecting::Nothing) return;
  if (std::exchange(owed, Owed::Nothing) != Owed::Auth) {
    return close(reply::kLocalError, "a mistake on our side: nobody was authenticating");
  }
  // A23: guessing. Temporary failures of ours are no guesses.
  if (given.permanent()) ++auth_failures;
  if (given.code == 421) return close(reply::format(given), "refused with 421");
  say(reply::format(given));
  if (auth_failures >= settings.limits.auth_failures) close(reply::kTooManyLogins, "too many failed logins");
}

}  // namespace postseal::smtpd
