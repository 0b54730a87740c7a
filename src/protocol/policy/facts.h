#pragma once
// SPDX-License-Identifier: Apache-2.0
// Everything that decide() may know. Plain values, gathered by flow/outbound, or made up by a test.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/dane/lookup.h"
#include "protocol/dane/tlsa.h"
#include "protocol/dns/records.h"
#include "protocol/mtasts/find.h"
#include "vocab/mailbox.h"

namespace postseal::policy {

/// What an administrator asks for at least, in the sense Postfix users know. Published policies may ask for more.
enum class LocalLevel { None, May, Dane, Encrypt, Secure, DaneOnly };
std::string_view to_string(LocalLevel level);
std::optional<LocalLevel> parse_local_level(std::string_view word);

struct LocalRule {
  LocalLevel level = LocalLevel::May;
  std::optional<WallTime> expires;  ///< after this the rule is as if it were not there
  std::string reason;               ///< the administrator's own words
  std::string match;                ///< "example.org", ".example.org" (names below it) or "*"
  bool operator==(const LocalRule&) const = default;
};

/// One MX host (or the domain itself as implicit MX, or an address literal) with all that DNS says of it.
struct HostFacts {
  Domain name;  ///< the root for an address literal
  std::uint16_t preference = 0;
  dane::HostAddresses addresses;
  dane::TlsaLookup tlsa;
  dane::TlsaSet tlsa_set;  ///< of tlsa.answer, when that is Secure
  bool name_valid = true;  ///< D41: false for an exchange that is an IP address or no hostname
};

struct MessageDemands {
  bool requiretls = false;       ///< RFC 8689 §2: the envelope's REQUIRETLS
  bool tls_required_no = false;  ///< RFC 8689 §3: the header's TLS-Required: No
  /// The sender asks that only a server that has proved itself gets it; beats TLS-Required: No.
  bool only_if_verified = false;
};

struct Facts {
  MailDestination next_hop;        ///< the recipient's domain, the configured route's, or an address literal
  dns::Answer<dns::MxRecord> mx;   ///< not asked for an address literal or a fixed host
  bool mx_lookup = true;           ///< false: [literal] or a route to one host without MX lookup
  bool implicit_mx = false;        ///< RFC 5321 §5.1: no MX, the domain itself
  std::vector<HostFacts> hosts;    ///< by preference, ties in the order to try
  std::optional<Domain> own_name;  ///< as others know this server; absent: it takes no mail itself
  bool hosts_left_out = false;     ///< the MX answer names more hosts than the settings let us look at
  mtasts::StsFacts sts;
  std::optional<LocalRule> local;
  /// The administrator asks that a destination which had working TLS before never gets plaintext again, and this one
  /// had.
  bool remembered_tls = false;
  MessageDemands message;
  std::uint16_t port = 25;
  WallTime now{};
};

}  // namespace postseal::policy
