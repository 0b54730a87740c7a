// SPDX-License-Identifier: Apache-2.0
#include "flow/inbound/replies.h"

#include <fmt/format.h>

namespace postseal::inbound::reply {

namespace {

Reply make(int code, EnhancedStatus status, std::string text) { return {code, status, {std::move(text)}}; }

}  // namespace

std::string_view of_turned_away(TurnedAway reason) {
  switch (reason) {
    case TurnedAway::TooMany:
      return kTooMany;
    case TurnedAway::TooManyFromAddress:
    case TurnedAway::TooManyFromNetwork:
      return kTooManyFromYou;
    case TurnedAway::TooFast:
      return kTooFast;
  }
  return kTooMany;
}

Reply no_mechanism() { return make(504, {5, 5, 4}, "This mechanism is not offered"); }
// RFC 4954 §6: one answer for a wrong password and for a user who does not exist.
Reply wrong_login() { return make(535, {5, 7, 8}, "User or password is not right"); }
Reply locked() { return make(525, {5, 7, 13}, "This account is locked; ask your postmaster"); }
Reply slow_down() { return make(454, {4, 7, 0}, "Too many failed logins; wait, then try again"); }
Reply cannot_check() { return make(454, {4, 7, 0}, "Logins cannot be checked now; try again later"); }
Reply malformed_login() { return make(501, {5, 5, 2}, "This response does not fit the mechanism"); }

Reply of_failure(sasl::Failure failure) {
  switch (failure) {
    case sasl::Failure::Malformed:
      return malformed_login();
    case sasl::Failure::NotSupported:
      return no_mechanism();
    case sasl::Failure::WrongPassword:
    case sasl::Failure::ChannelBindingMismatch:
    case sasl::Failure::AuthorizationDenied:
      return wrong_login();
  }
  return wrong_login();
}

Reply sender_not_yours(const Mailbox& from, std::string_view user) {
  return make(553, {5, 7, 1}, fmt::format("{} may not send as {}", user, from.to_string()));
}

Reply tls_needed(const Mailbox& from) {
  return make(530, {5, 7, 0}, fmt::format("Mail from {} is taken inside TLS only", to_string(from.destination())));
}

Reply account_unreadable() { return make(451, {4, 3, 0}, "Whose address this is cannot be read now; try again later"); }

Reply relaying_denied() {
  return make(550, {5, 7, 1}, "Relaying denied: the recipient is not ours, and you have not logged in");
}

Reply no_such_user(const Mailbox& recipient) {
  return make(550, {5, 1, 1}, fmt::format("There is no {} here", recipient.to_string()));
}

Reply aliases_nested(const Mailbox& recipient) {
  return make(451, {4, 3, 5},
              fmt::format("The aliases of {} lead in a circle; tell its postmaster", recipient.to_string()));
}

Reply notifications_only(const Mailbox& recipient) {
  return make(550, {5, 7, 1}, fmt::format("{} takes notifications only, whose sender is <>", recipient.to_string()));
}

Reply too_many_recipients() { return make(452, {4, 5, 3}, "Too many recipients; send the letter again to the rest"); }
Reply recipients_too_fast() {
  return make(451, {4, 7, 1}, "Recipients come too fast from your address; try again later");
}

// RFC 3463 §3.7: X.6.0, something about the content.
Reply begins_folded() {
  return make(550, {5, 6, 0}, "The first line of the letter begins with a blank: it is neither a field nor the body");
}

Reply not_stored(const spool::StoreError& error) {
  switch (error.code) {
    case spool::StoreErrorCode::NoSpace:
      return make(452, {4, 3, 1}, "No space for this letter now; try again later");
    case spool::StoreErrorCode::Closing:
      return make(451, {4, 3, 2}, "The server is being stopped; try again later");
    case spool::StoreErrorCode::ReadOnly:
    case spool::StoreErrorCode::Io:
    case spool::StoreErrorCode::Corrupt:
    case spool::StoreErrorCode::NotFound:
      return make(451, {4, 3, 0}, "The letter cannot be stored now; try again later");
  }
  return make(451, {4, 3, 0}, "The letter cannot be stored now; try again later");
}

}  // namespace postseal::inbound::reply
