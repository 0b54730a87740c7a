#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which addresses are ours. The server asks it at RCPT (never an open relay), the queue at delivery. A value: built
// from settings and accounts, swapped whole when they change.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vocab/ip_address.h"
#include "vocab/mailbox.h"

namespace postseal::addressing {

/// Where the mail of a local domain's users is put.
struct ToMaildir {
  std::string root;  ///< ROOT/DOMAIN/USER/ is the Maildir
  bool operator==(const ToMaildir&) const = default;
};
struct ToLmtp {
  std::string unix_path;  ///< or
  std::optional<IpAddress> address;
  std::uint16_t port = 24;
  bool operator==(const ToLmtp&) const = default;
};
/// Another SMTP host, by its name or address, without MX lookup; its security is decided like any other's.
struct ToHost {
  MailDestination host;
  std::uint16_t port = 25;
  bool operator==(const ToHost&) const = default;
};
using Transport = std::variant<ToMaildir, ToLmtp, ToHost>;

struct LocalDomain {
  Domain name;
  Transport transport = ToMaildir{};
  std::vector<std::string> users;  ///< local parts that exist; empty with any_user: the next host knows
  bool any_user = false;
  std::optional<Mailbox> catch_all;
  char subaddress = '+';  ///< RFC 5233 separator; 0: none
  bool operator==(const LocalDomain&) const = default;
};

/// One address, or a whole domain ("@old.example"), to others.
struct Alias {
  std::string match;  ///< "info@example.org", "@old.example.org", "postmaster" (in every local domain)
  std::vector<Mailbox> to;
  bool keep = false;  ///< a user's forwarding that keeps a copy
  bool operator==(const Alias&) const = default;
};

// --- what became of an address at RCPT ---
struct Foreign {};     ///< not ours: only for those who may relay
struct NoSuchUser {};  ///< a local domain, but nobody of that name: 550 5.1.1
struct Nested {};      ///< aliases lead in a circle or too deep: a mistake of the operator
struct Resolved {
  std::vector<Mailbox> mailboxes;  ///< final: local users (without subaddress expansion lost) or foreign addresses
};
using Resolution = std::variant<Foreign, NoSuchUser, Nested, Resolved>;

class Directory {
 public:
  Directory() = default;
  Directory(std::vector<LocalDomain> domains, std::vector<Alias> aliases);

  /// RFC 5321 §4.5.1: postmaster exists at every local domain, whoever reads it.
  Resolution resolve(const Mailbox& recipient) const;
  bool is_local(const MailDestination& destination) const;
  /// How the letter for a resolved mailbox is delivered; nullptr: outward by MX.
  const Transport* transport(const Mailbox& mailbox) const;
  /// The user whose mailbox it is: the local part without subaddress, canonical case.
  std::string user_of(const Mailbox& mailbox) const;

 private:
  std::map<Domain, LocalDomain> domains_;
  std::map<std::string, Alias> aliases_;
};

}  // namespace postseal::addressing
