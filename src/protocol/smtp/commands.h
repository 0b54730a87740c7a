#pragma once
// SPDX-License-Identifier: Apache-2.0
// Commands as they go on the wire, without the CRLF. RFC 5321 §4.1.1 and the parameters of the extensions.
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/smtp/capabilities.h"
#include "protocol/smtp/transaction.h"

namespace postseal::smtp {

/// True if the text can be a command or part of one: no control characters, no more than the line may have.
bool is_command_text(std::string_view text);

std::string format_mail(const Transaction& transaction, const Capabilities& offered);
/// recipient: index in the transaction.
std::string format_rcpt(const Transaction& transaction, std::size_t recipient, const Capabilities& offered);
std::string format_bdat(std::uint64_t octets, bool last);

/// True if MAIL has to carry SMTPUTF8 for what the message or its sender is (recipients are looked at one by one).
bool sender_needs_smtputf8(const Transaction& transaction);

}  // namespace postseal::smtp
