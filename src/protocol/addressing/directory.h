#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which addresses are ours. The server asks it at RCPT (never an open relay), the queue at delivery. A value: built
// from settings and accounts, swapped whole when they change.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
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
  std::optional<Mailbox> catch_all;  ///< takes what nobody else takes
  char subaddress = '+';             ///< RFC 5233 separator; 0: none
  bool operator==(const LocalDomain&) const = default;
};

/// One address, or a whole domain ("@old.example"), to others. Several for the same match are taken together.
struct Alias {
  std::string match;  ///< "info@example.org", "@old.example.org", "postmaster" (in every local domain)
  std::vector<Mailbox> to;
  bool keep = false;                ///< a user's forwarding that keeps a copy; an address in its own list says the same
  std::optional<Domain> to_domain;  ///< for a whole domain: the same local part there
  bool operator==(const Alias&) const = default;
};

/// The form of a match that is looked up: case-folded, A-labels. nullopt: neither address, "@domain" nor local part.
std::optional<std::string> canonical_match(std::string_view match);

// --- what became of an address at RCPT ---
struct Foreign {};     ///< not ours: only for those who may relay
struct NoSuchUser {};  ///< a local domain, but nobody of that name: 550 5.1.1
struct Nested {};      ///< aliases lead in a circle or too deep: a mistake of the operator
struct Resolved {
  std::vector<Mailbox> mailboxes;  ///< final: local users (without subaddress expansion lost) or foreign addresses
};
using Resolution = std::variant<Foreign, NoSuchUser, Nested, Resolved>;

inline constexpr std::size_t kMaxDepth = 20;         ///< of aliases that lead to aliases
inline constexpr std::size_t kMaxMailboxes = 1'000;  ///< that one address may come to

/// Who takes an address of a local domain, the first of: an alias for the address, the user of that name, an alias for
/// the local part in every domain; the same three without the subaddress; then, where the next host knows its users,
/// that host; the alias for the whole domain; the catch-all; for postmaster and abuse the first user.
class Directory {
 public:
  Directory() = default;
  /// A domain named by a whole-domain alias is local too. So is the server's own host name, where only postmaster and
  /// abuse need to exist.
  Directory(std::vector<LocalDomain> domains, std::vector<Alias> aliases, std::optional<Domain> hostname = {});

  /// RFC 5321 §4.5.1: postmaster exists at every local domain, whoever reads it.
  Resolution resolve(const Mailbox& recipient) const;
  bool is_local(const MailDestination& destination) const;
  /// How the letter for a resolved mailbox is delivered; nullptr: outward by MX.
  const Transport* transport(const Mailbox& mailbox) const { return transport_of(mailbox.destination()); }
  const Transport* transport_of(const MailDestination& destination) const;
  /// The user whose mailbox it is: the local part without subaddress, canonical case.
  std::string user_of(const Mailbox& mailbox) const;
  /// What an operator should hear of: matches that are none, aliases to nobody, circles. One line each.
  std::vector<std::string> mistakes() const;

 private:
  struct Home {
    LocalDomain domain;
    std::unordered_set<std::string> users;  ///< canonical
    bool has_mailboxes = true;              ///< false: local for its aliases only
  };
  /// What stands behind an address, one step on.
  struct Step {
    std::optional<Mailbox> mailbox;  ///< it is a mailbox itself; canonical
    std::vector<Mailbox> to;
  };
  class Expansion;

  const Home* home(const MailDestination& destination) const;
  Step step(const Home& home, const Mailbox& mailbox) const;
  std::optional<Step> step_by_name(const Home& home, const Mailbox& mailbox, std::string_view name) const;
  Step step_without_name(const Home& home, const Mailbox& mailbox) const;
  std::optional<Mailbox> first_user(const Home& home) const;
  Home& add_home(LocalDomain domain);
  void add_alias(Alias alias);

  std::unordered_map<Domain, Home> homes_;
  std::vector<Domain> order_;  ///< of homes_, as the operator wrote them
  std::unordered_map<std::string, Alias> aliases_;
  std::vector<std::string> malformed_;  ///< lines for mistakes()
};

}  // namespace postseal::addressing
