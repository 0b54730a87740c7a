#pragma once
// SPDX-License-Identifier: Apache-2.0
// Everything that can be set. One table in settings_table.cc names each key once, with its type, default, what is
// allowed and its sentence; the TOML parser, the command line options, --help and docs/operator/settings.md come from
// it.
#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/settings/authentication_settings.h"
#include "edge/settings/server_settings.h"
#include "protocol/policy/facts.h"
#include "vocab/clock.h"
#include "vocab/domain.h"
#include "vocab/ip_address.h"
#include "vocab/mailbox.h"

namespace postseal::settings {

struct HostPort {
  IpAddress address;
  std::uint16_t port = 53;
  bool operator==(const HostPort&) const = default;
};

enum class ResolverMode {
  Iterate,  ///< ask the authoritative servers ourselves, from the root down
  Forward,  ///< ask another resolver, validate ourselves all the same
  TrustAd,  ///< believe the AD bit of a resolver on loopback; refused from elsewhere (D46)
};

struct ResolverSettings {
  ResolverMode mode = ResolverMode::Iterate;
  std::optional<HostPort> server;  ///< for Forward and TrustAd
  std::optional<HostPort> root;    ///< Iterate: the only root server, for labs; port may differ from 53
  std::string trust_anchor = "/usr/share/dns/root.key";  ///< a file, or "none": nothing counts as secure
  std::string state_dir;                                 ///< RFC 5011 copy of the anchor; empty: <cache_dir>
  std::chrono::milliseconds timeout{12000};              ///< one lookup
  bool operator==(const ResolverSettings&) const = default;
};

enum class AddressPreference { Ipv6First, Ipv4First, Ipv6Only, Ipv4Only };

struct DeliverySettings {
  std::string hostname;  ///< our name in EHLO; empty: the machine's
  std::uint16_t port = 25;
  std::chrono::seconds timeout{300};  ///< for everything that one send does
  std::chrono::seconds connect_timeout{30};
  AddressPreference addresses = AddressPreference::Ipv6First;
  bool chunking = true;
  std::uint32_t max_hosts = 16;  ///< MX hosts tried per domain
  bool operator==(const DeliverySettings&) const = default;
};

struct MtaStsSettings {
  std::chrono::seconds timeout{60};  ///< 1..60
  std::uint16_t https_port = 443;    ///< for labs only (S18)
  bool private_addresses = false;    ///< fetch from special-purpose addresses: for labs only
  bool operator==(const MtaStsSettings&) const = default;
};

/// Mail for a destination goes to a fixed next hop. RFC 5321 calls it a relay; Postfix a transport.
struct Route {
  std::string match;  ///< "example.org", ".example.org", "*"
  MailDestination next_hop;
  bool mx_lookup = true;  ///< false: next_hop is the host itself, written in brackets
  std::optional<std::uint16_t> port;
  bool operator==(const Route&) const = default;
};

struct Settings {
  ResolverSettings resolver;
  DeliverySettings delivery;
  MtaStsSettings mta_sts;
  std::string ca_file;    ///< empty: the system's
  std::string cache_dir;  ///< empty: $XDG_CACHE_HOME/postseal, ~/.cache/postseal, /var/cache/postseal for root
  std::vector<policy::LocalRule> rules;
  std::vector<Route> routes;

  // `postseal serve` alone:
  ServerSettings server;
  std::vector<Listener> listeners;
  LimitSettings limits;
  QueueSettings queue;
  StoreSettings store;
  AdminSettings admin;
  LogSettings log;
  AuthenticationSettings authentication;
  SigningSettings signing;
  std::vector<addressing::LocalDomain> domains;
  std::vector<addressing::Alias> aliases;
  bool operator==(const Settings&) const = default;
};

struct SettingsError {
  std::string file;  ///< empty: the command line
  int line = 0;
  std::string key;
  std::string what;  ///< what is wrong and what is allowed
  /// "FILE:LINE: KEY: what"
  std::string to_string() const;
};

/// A TOML file over the defaults. Unknown keys and bad values are errors; of several, the first in the file.
std::expected<Settings, SettingsError> load_settings(const std::string& path);
std::expected<Settings, SettingsError> parse_settings(std::string_view toml, std::string_view file);
/// One key as the command line gives it ("resolver.trust-anchor", "none"); hyphens stand for underscores.
std::expected<void, SettingsError> set(Settings& settings, std::string_view key, std::string_view value);

/// The listeners of the file; without any: 25, 587 and 465 on all addresses.
std::vector<Listener> listeners_of(const Settings& settings);

/// Where accounts are kept: beneath the store.
std::string accounts_directory(const Settings& settings);
/// Where the keys that sign are kept.
std::string keys_directory(const Settings& settings);

/// As a file that gives the same settings when it is read. With comments: every key there is, each with its sentence
/// and what is allowed, those that have their default commented out. Without: what differs from the defaults.
enum class TomlStyle { Commented, Brief };
std::string settings_toml(const Settings& settings, TomlStyle style);

/// The table, for the command line's options and the documentation.
struct KeyInfo {
  std::string_view key;      ///< "resolver.trust_anchor"; "rule.match" for a key of [[rule]]
  std::string_view option;   ///< "--trust-anchor", or empty if only the file has it
  std::string_view value;    ///< "FILE|none"
  std::string_view initial;  ///< the default, as text
  std::string_view help;
};
std::vector<KeyInfo> table();
/// docs/operator/settings.md, from the table.
std::string settings_markdown();

/// The rule for a domain: the most specific match that is not expired, of equals the first. If all that match are
/// expired, the most specific of those, so that the decision can say that a rule has run out; nullopt if none matches.
std::optional<policy::LocalRule> rule_for(const Settings& settings, const MailDestination& destination, WallTime now);
std::optional<Route> route_for(const Settings& settings, const MailDestination& destination);

}  // namespace postseal::settings
