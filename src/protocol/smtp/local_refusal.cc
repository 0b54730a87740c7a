// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/local_refusal.h"

#include <fmt/format.h>

#include "protocol/smtp/commands.h"
#include "protocol/smtp/outcome.h"

namespace postseal::smtp {
namespace {

/// Reasons that hold for every recipient alike.
std::optional<Reply> refuse_message(const Transaction& transaction, const Capabilities& offered,
                                    const SessionUse& used) {
  if (!is_command_text(format_mail(transaction, offered))) {
    return local_reply(501, {5, 5, 4}, "The sender or a parameter cannot be written into a command");
  }
  // RFC 8689 §4.2.1 MUST NOT (X05): without the peer's REQUIRETLS the message does not go there. Dropping the keyword
  // instead would pass the message on unprotected (pitfall 17).
  if (transaction.requiretls && !offered.requiretls) {
    return local_reply(550, {5, 7, 30}, "REQUIRETLS support required, which the server does not offer");
  }
  // RFC 1870 §4: a message known to be over the fixed limit is not tried.
  if (offered.size && transaction.size > *offered.size) {
    return local_reply(
        552, {5, 3, 4},
        fmt::format("Message of {} octets is over the server's limit of {}", transaction.size, *offered.size));
  }
  // RFC 6531 §3.2 MUST NOT: no internationalized address or header goes to a server without SMTPUTF8. Codes: §4.
  if (!offered.smtputf8 && transaction.from && transaction.from->needs_smtputf8()) {
    return local_reply(553, {5, 6, 7}, "The sender's address needs SMTPUTF8, which the server does not offer");
  }
  if (!offered.smtputf8 && transaction.utf8_headers) {
    return local_reply(550, {5, 6, 9}, "The message header needs SMTPUTF8, which the server does not offer");
  }
  // RFC 6152 §3 MUST NOT: 8-bit content does not go to a server without 8BITMIME; we do not convert, which would break
  // signatures, so the message is returned.
  if (transaction.eight_bit && !offered.eight_bit_mime) {
    return local_reply(554, {5, 6, 3}, "Conversion required but not supported: the server does not offer 8BITMIME");
  }
  // RFC 9422 §4.1: MAILMAX transactions, then another connection.
  if (offered.mail_max && used.mails >= *offered.mail_max) {
    return local_reply(452, {4, 5, 3}, fmt::format("The server takes {} messages in a session", *offered.mail_max));
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::optional<Reply>> refuse_locally(const Transaction& transaction, const Capabilities& offered,
                                                 const SessionUse& used) {
  std::vector<std::optional<Reply>> refusals(transaction.recipients.size());
  if (auto refusal = refuse_message(transaction, offered, used)) {
    refusals.assign(refusals.size(), refusal);
    return refusals;
  }
  std::uint32_t asked = 0;
  std::set<MailDestination> domains = used.domains;
  for (std::size_t i = 0; i < refusals.size(); ++i) {
    const Mailbox& recipient = transaction.recipients[i];
    if (!is_command_text(format_rcpt(transaction, i, offered))) {
      refusals[i] = local_reply(501, {5, 5, 4}, "The recipient cannot be written into a command");
      continue;
    }
    // RFC 6531 §3.2 MUST NOT, for this recipient alone: the others can have the message.
    if (recipient.needs_smtputf8() && !offered.smtputf8) {
      refusals[i] =
          local_reply(553, {5, 6, 7}, "The recipient's address needs SMTPUTF8, which the server does not offer");
      continue;
    }
    // RFC 9422 §4.2: RCPTMAX recipients in a transaction. The rest waits for the next one.
    if (offered.rcpt_max && asked >= *offered.rcpt_max) {
      refusals[i] =
          local_reply(452, {4, 5, 3}, fmt::format("The server takes {} recipients at once", *offered.rcpt_max));
      continue;
    }
    // RFC 9422 §4.3: RCPTDOMAINMAX different domains in a session.
    const MailDestination& domain = recipient.destination();
    if (offered.rcpt_domain_max && !domains.contains(domain) && domains.size() >= *offered.rcpt_domain_max) {
      refusals[i] =
          local_reply(452, {4, 5, 3},
                      fmt::format("The server takes recipients of {} domains in a session", *offered.rcpt_domain_max));
      continue;
    }
    domains.insert(domain);
    ++asked;
  }
  return refusals;
}

}  // namespace postseal::smtp
