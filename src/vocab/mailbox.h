#pragma once
// SPDX-License-Identifier: Apache-2.0
// A mailbox (RFC 5321 §4.1.2, RFC 6531 §3.3): local part as written, domain or address literal as a type.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "vocab/domain.h"
#include "vocab/ip_address.h"

namespace postseal {

/// Where mail for a mailbox goes: a domain, or the address of a literal such as [192.0.2.1] or [IPv6:2001:db8::1].
using MailDestination = std::variant<Domain, IpAddress>;

/// "example.org" or "[192.0.2.1]" / "[IPv6:...]".
std::string to_string(const MailDestination& destination);

class Mailbox {
 public:
  /// local@domain without angle brackets. Quoted local parts are kept in the shortest equal form (RFC 5321 §4.1.2:
  /// quoting that is not needed is removed). A local part is at most 64 octets.
  static std::expected<Mailbox, NameError> parse(std::string_view text);

  const std::string& local_part() const { return local_part_; }
  const MailDestination& destination() const { return destination_; }
  /// As it goes between < and > in MAIL and RCPT: A-labels for the domain.
  std::string to_string() const;
  /// RFC 6531 §3.3: the local part has characters outside ASCII, so the peer must offer SMTPUTF8.
  bool needs_smtputf8() const;

  bool operator==(const Mailbox&) const = default;

 private:
  std::string local_part_;
  MailDestination destination_;
};

/// RFC 5321 §4.1.1.2: a mailbox, or null ("<>") for a notification that must never cause another.
using ReversePath = std::optional<Mailbox>;

/// Without angle brackets; empty for <>.
inline std::string text_of(const ReversePath& path) { return path ? path->to_string() : std::string(); }

}  // namespace postseal
