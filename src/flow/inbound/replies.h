#pragma once
// SPDX-License-Identifier: Apache-2.0
// Every refusal of the way in that is not the dialogue's own (those are in protocol/smtpd/replies.h), and in it whether
// it is temporary. RFC 5321 §4.2.3, RFC 3463, RFC 4954 §6.
#include <string>
#include <string_view>

#include "flow/inbound/gate.h"
#include "protocol/sasl/exchange.h"
#include "protocol/spool/store.h"
#include "vocab/mailbox.h"
#include "vocab/reply.h"

namespace postseal::inbound::reply {

// --- before the session ---
inline constexpr std::string_view kTooMany = "421 4.3.2 Too many connections now; try again later\r\n";
inline constexpr std::string_view kTooManyFromYou =
    "421 4.7.0 Too many connections from your network; try again later\r\n";
inline constexpr std::string_view kTooFast =
    "421 4.7.0 Connections come too fast from your address; try again later\r\n";

std::string_view of_turned_away(TurnedAway reason);

// --- AUTH ---
Reply no_mechanism();
Reply wrong_login();
Reply locked();
Reply slow_down();
Reply cannot_check();
Reply malformed_login();
Reply of_failure(sasl::Failure failure);

// --- MAIL ---
Reply sender_not_yours(const Mailbox& from, std::string_view user);
Reply tls_needed(const Mailbox& from);
Reply account_unreadable();

// --- RCPT ---
Reply relaying_denied();
Reply no_such_user(const Mailbox& recipient);
Reply aliases_nested(const Mailbox& recipient);
/// A reverse-path of a forwarded letter.
Reply notifications_only(const Mailbox& recipient);
Reply too_many_recipients();
Reply recipients_too_fast();

// --- the message ---
Reply begins_folded();
Reply not_stored(const spool::StoreError& error);

}  // namespace postseal::inbound::reply
