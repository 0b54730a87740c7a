#pragma once
// SPDX-License-Identifier: Apache-2.0
// Who may send as whom, and to whom. Pure; never an open relay (A36).
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "edge/accounts/accounts.h"
#include "edge/settings/server_settings.h"
#include "protocol/addressing/directory.h"
#include "vocab/mailbox.h"
#include "vocab/reply.h"

namespace postseal::inbound {

/// True if any of the networks has the address.
bool is_in(const std::vector<settings::Network>& networks, const IpAddress& address);

/// The own address, one that an alias leads to it, and what the operator allows. An address that is somebody else's
/// account is never one's own by an alias: where a colleague's mail is forwarded to does not make one the colleague.
bool may_send_as(const addressing::Directory& directory, const accounts::AccountInfo& account, const Mailbox& from,
                 bool is_an_account);

/// Domains whose mail is taken inside TLS only: "*" is the root and means all.
bool needs_tls(const std::vector<Domain>& domains, const Mailbox& from);

/// The mailboxes that the letter goes to, or why not. may_relay: logged in, or from one of our networks.
using RecipientRuling = std::variant<std::vector<Mailbox>, Reply>;
RecipientRuling rule_recipient(const addressing::Directory& directory, const Mailbox& recipient, bool may_relay);

/// RFC 3461 §4.2: "rfc822;" and the address in xtext; empty for one that is not ASCII.
std::string original_recipient(const Mailbox& recipient);

}  // namespace postseal::inbound
