// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/commands.h"

#include <fmt/format.h>

#include <algorithm>

namespace postseal::smtp {
namespace {

/// RFC 5321 §4.5.3.1.4 has 512 octets with the CRLF, and each parameter used here adds its own: SIZE 26 (RFC 1870 §3),
/// BODY 17 (RFC 6152 §2), SMTPUTF8 10 (RFC 6531 §3.1), RET and ENVID 500 and NOTIFY 28 and ORCPT 500 (RFC 3461 §4),
/// REQUIRETLS 11.
constexpr std::size_t kMaxCommand = 1100;

}  // namespace

bool is_command_text(std::string_view text) {
  return text.size() <= kMaxCommand &&
         std::ranges::none_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
}

bool sender_needs_smtputf8(const Transaction& transaction) {
  return transaction.utf8_headers || (transaction.from && transaction.from->needs_smtputf8());
}

std::string format_mail(const Transaction& transaction, const Capabilities& offered) {
  std::string command = "MAIL FROM:<";
  if (transaction.from) command += transaction.from->to_string();
  command += '>';
  // RFC 1870 §6.1: a size lets the server refuse before the message travels.
  if (offered.size_offered && transaction.size > 0) command += fmt::format(" SIZE={}", transaction.size);
  // RFC 6152 §3 MUST: 8-bit content is announced. 7BIT is the default and needs no word.
  if (offered.eight_bit_mime && transaction.eight_bit) command += " BODY=8BITMIME";
  // RFC 6531 §3.4 MUST: the parameter when the envelope or the header has UTF-8; never where it is not offered.
  if (offered.smtputf8 &&
      (sender_needs_smtputf8(transaction) || std::ranges::any_of(transaction.recipients, &Mailbox::needs_smtputf8))) {
    command += " SMTPUTF8";
  }
  // RFC 8689 §4.2.1: the keyword travels on; that the peer offers it was seen to before.
  if (offered.requiretls && transaction.requiretls) command += " REQUIRETLS";
  // RFC 3461 §4.3, §4.4: only where DSN is offered (§5.2.1: without it the request ends here).
  if (offered.dsn && !transaction.dsn.ret.empty()) command += " RET=" + transaction.dsn.ret;
  if (offered.dsn && !transaction.dsn.envelope_id.empty()) command += " ENVID=" + transaction.dsn.envelope_id;
  return command;
}

std::string format_rcpt(const Transaction& transaction, std::size_t recipient, const Capabilities& offered) {
  std::string command = "RCPT TO:<" + transaction.recipients[recipient].to_string() + '>';
  if (!offered.dsn) return command;
  const RecipientDsn dsn = transaction.recipient_dsn.empty() ? RecipientDsn{transaction.dsn.notify, ""}
                                                             : transaction.recipient_dsn[recipient];
  // RFC 3461 §4.1, §4.2: both travel on unchanged (§5.2.1).
  if (!dsn.notify.empty()) command += " NOTIFY=" + dsn.notify;
  if (!dsn.original.empty()) command += " ORCPT=" + dsn.original;
  return command;
}

std::string format_bdat(std::uint64_t octets, bool last) {
  return fmt::format("BDAT {}{}", octets, last ? " LAST" : "");
}

}  // namespace postseal::smtp
