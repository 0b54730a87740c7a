// SPDX-License-Identifier: Apache-2.0
#include "flow/inbound/admission.h"

#include <fmt/format.h>

#include <algorithm>

#include "flow/inbound/replies.h"

namespace postseal::inbound {

namespace {

/// A36: "user%elsewhere@ours", "elsewhere!user@ours" and "\"user@elsewhere\"@ours" ask the next server to relay.
bool asks_for_routing(const Mailbox& recipient) {
  return recipient.local_part().find_first_of("%!@:") != std::string::npos;
}

bool same_user(const addressing::Directory& directory, const Mailbox& one, const Mailbox& other) {
  return one.destination() == other.destination() && directory.user_of(one) == directory.user_of(other);
}

}  // namespace

bool is_in(const std::vector<settings::Network>& networks, const IpAddress& address) {
  return std::ranges::any_of(networks, [&](const auto& network) { return network.contains(address); });
}

bool may_send_as(const addressing::Directory& directory, const accounts::AccountInfo& account, const Mailbox& from,
                 bool is_an_account) {
  const auto login = accounts::Accounts::canonical(from.to_string());
  if (!login) return false;
  if (*login == account.address || same_user(directory, *login, account.address)) return true;
  if (std::ranges::any_of(account.may_send_as, [&](const Mailbox& other) {
        return accounts::Accounts::canonical(other.to_string()) == login;
      }))
    return true;
  if (is_an_account) return false;
  const auto resolution = directory.resolve(from);
  const auto* resolved = std::get_if<addressing::Resolved>(&resolution);
  return resolved != nullptr && std::ranges::any_of(resolved->mailboxes, [&](const Mailbox& mailbox) {
           return same_user(directory, mailbox, account.address);
         });
}

bool needs_tls(const std::vector<Domain>& domains, const Mailbox& from) {
  const auto* domain = std::get_if<Domain>(&from.destination());
  return std::ranges::any_of(
      domains, [&](const Domain& match) { return match.is_root() || (domain != nullptr && *domain == match); });
}

RecipientRuling rule_recipient(const addressing::Directory& directory, const Mailbox& recipient, bool may_relay) {
  if (!may_relay && asks_for_routing(recipient)) return reply::relaying_denied();
  auto resolution = directory.resolve(recipient);
  if (std::holds_alternative<addressing::Foreign>(resolution)) {
    if (!may_relay) return reply::relaying_denied();
    return std::vector{recipient};
  }
  if (std::holds_alternative<addressing::NoSuchUser>(resolution)) return reply::no_such_user(recipient);
  if (std::holds_alternative<addressing::Nested>(resolution)) return reply::aliases_nested(recipient);
  auto& mailboxes = std::get<addressing::Resolved>(resolution).mailboxes;
  if (mailboxes.empty()) return reply::no_such_user(recipient);
  return std::move(mailboxes);
}

std::string original_recipient(const Mailbox& recipient) {
  std::string text = "rfc822;";
  for (const char c : recipient.to_string()) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet > 126) return {};
    if (octet < 33 || c == '+' || c == '=') {
      text += fmt::format("+{:02X}", octet);
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace postseal::inbound
