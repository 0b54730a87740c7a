// SPDX-License-Identifier: Apache-2.0
#include "edge/settings/settings_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "edge/settings/values.h"

namespace postseal::settings {
namespace {

using Stored = std::expected<void, std::string>;

Stored fail(std::string why) { return std::unexpected(std::move(why)); }

const std::string& text_of(const Value& value) { return std::get<std::string>(value); }

template <class T>
Stored store_number(T& target, const Value& value, std::int64_t least, std::int64_t most) {
  std::int64_t number = std::get<std::int64_t>(value);
  if (number < least || number > most) return fail("it is out of range");
  target = static_cast<T>(number);
  return {};
}

template <class Duration>
Stored store_duration(Duration& target, const Value& value, Duration least, Duration most) {
  auto duration = parse_duration(text_of(value));
  if (!duration) return fail(duration.error());
  auto whole = std::chrono::duration_cast<Duration>(*duration);
  if (whole != *duration) return fail("it takes whole seconds");
  if (whole < least || whole > most) return fail("it is out of range");
  target = whole;
  return {};
}

template <class T>
Stored store_parsed(T& target, std::expected<T, std::string> parsed) {
  if (!parsed) return fail(parsed.error());
  target = std::move(*parsed);
  return {};
}

Stored store_path(std::string& target, const Value& value) {
  if (text_of(value).contains('\0')) return fail("a path has no NUL in it");
  target = text_of(value);
  return {};
}

Stored store_hostname(std::string& target, const Value& value) {
  if (text_of(value).empty()) {
    target.clear();
    return {};
  }
  auto domain = Domain::parse(text_of(value));
  if (!domain) return fail(domain.error().context);
  target = domain->ascii();
  return {};
}

Stored store_trust_anchor(std::string& target, const Value& value) {
  if (text_of(value).empty()) return fail("it is empty; without any anchor it is \"none\"");
  return store_path(target, value);
}

Stored store_root(std::optional<HostPort>& target, const Value& value) {
  if (text_of(value).empty()) {
    target.reset();
    return {};
  }
  auto server = parse_host_port(text_of(value));
  if (!server) return fail(server.error());
  target = *server;
  return {};
}

Stored store_addresses(AddressPreference& target, const Value& value) {
  constexpr std::pair<std::string_view, AddressPreference> kWords[] = {{"ipv6-first", AddressPreference::Ipv6First},
                                                                       {"ipv4-first", AddressPreference::Ipv4First},
                                                                       {"ipv6-only", AddressPreference::Ipv6Only},
                                                                       {"ipv4-only", AddressPreference::Ipv4Only}};
  for (const auto& [word, preference] : kWords) {
    if (word == text_of(value)) {
      target = preference;
      return {};
    }
  }
  return fail("it is none of the words");
}

Stored store_level(policy::LocalLevel& target, const Value& value) {
  auto level = policy::parse_local_level(text_of(value));
  if (!level) return fail("it is none of the words");
  target = *level;
  return {};
}

/// The administrator's words end up in logs and reports, one line each.
Stored store_reason(std::string& target, const Value& value) {
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(text_of(value), is_control)) return fail("it is more than one line");
  if (text_of(value).size() > 500) return fail("it is too long");
  target = text_of(value);
  return {};
}

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// The order is that of docs/operator/settings.md.
constexpr std::array kSettings = std::to_array<Row<Settings>>({
    {{"resolver.mode", "--resolver", "iterate|forward:HOST:PORT|trust-ad:HOST:PORT", "iterate",
      "How names are resolved: ask the authoritative servers ourselves; or forward to another resolver, still "
      "validating DNSSEC ourselves; or believe the AD bit of a resolver on a loopback address."},
     ValueKind::Text,
     [](Settings& to, const Value& value) {
       return store_parsed(to.resolver, parse_resolver_mode(text_of(value), to.resolver));
     }},
    {{"resolver.root", "", "HOST:PORT", "",
      "With iterate: the only root server asked, instead of the internet's. For labs only."},
     ValueKind::Text,
     [](Settings& to, const Value& value) { return store_root(to.resolver.root, value); }},
    {{"resolver.trust_anchor", "--trust-anchor", "FILE|none", "/usr/share/dns/root.key",
      "The DNSSEC trust anchor of the root. none: nothing is validated and nothing counts as secure, so DANE is off."},
     ValueKind::Text,
     [](Settings& to, const Value& value) { return store_trust_anchor(to.resolver.trust_anchor, value); }},
    {{"resolver.state_dir", "", "DIRECTORY", "",
      "Where the copy of the trust anchor lives that follows the root's key rolls (RFC 5011). Empty: cache_dir."},
     ValueKind::Text,
     [](Settings& to, const Value& value) { return store_path(to.resolver.state_dir, value); }},
    {{"resolver.timeout", "", "DURATION (100ms..5m)", "12s",
      "How long one lookup may take before its answer counts as unknown."},
     ValueKind::Duration,
     [](Settings& to, const Value& value) {
       return store_duration<milliseconds>(to.resolver.timeout, value, milliseconds(100), minutes(5));
     }},

    {{"delivery.hostname", "--hostname", "NAME", "", "Our name in EHLO. Empty: the machine's own."},
     ValueKind::Text,
     [](Settings& to, const Value& value) { return store_hostname(to.delivery.hostname, value); }},
    {{"delivery.port", "--port", "1..65535", "25",
      "The port on which mail servers are asked, unless a route has its own."},
     ValueKind::Number,
     [](Settings& to, const Value& value) { return store_number(to.delivery.port, value, 1, 65535); }},
    {{"delivery.timeout", "--timeout", "DURATION (1s..1d)", "5m", "How long one send may take with all that it does."},
     ValueKind::Duration,
     [](Settings& to, const Value& value) {
       return store_duration<seconds>(to.delivery.timeout, value, seconds(1), hours(24));
     }},
    {{"delivery.connect_timeout", "", "DURATION (1s..1h)", "30s",
      "How long one TCP connection may take to come about."},
     ValueKind::Duration,
     [](Settings& to, const Value& value) {
       return store_duration<seconds>(to.delivery.connect_timeout, value, seconds(1), hours(1));
     }},
    {{"delivery.addresses", "--addresses", "ipv6-first|ipv4-first|ipv6-only|ipv4-only", "ipv6-first",
      "Which of a host's addresses are tried, and which first."},
     ValueKind::Text,
     [](Settings& to, const Value& value) { return store_addresses(to.delivery.addresses, value); }},
    {{"delivery.chunking", "", "true|false", "true", "Send the message with BDAT where the server offers CHUNKING."},
     ValueKind::Switch,
     [](Settings& to, const Value& value) -> Stored {
       to.delivery.chunking = std::get<bool>(value);
       return {};
     }},
    {{"delivery.max_hosts", "", "1..100", "16", "How many MX hosts of one domain are tried at most."},
     ValueKind::Number,
     [](Settings& to, const Value& value) { return store_number(to.delivery.max_hosts, value, 1, 100); }},

    {{"mta_sts.timeout", "", "DURATION (1s..60s)", "1m",
      "How long fetching a policy may take; RFC 8461 §3.3 suggests one minute, and it is never more."},
     ValueKind::Duration,
     [](Settings& to, const Value& value) {
       return store_duration<seconds>(to.mta_sts.timeout, value, seconds(1), seconds(60));
     }},
    {{"mta_sts.https_port", "", "1..65535", "443", "The port on which policy hosts are asked. For labs only."},
     ValueKind::Number,
     [](Settings& to, const Value& value) { return store_number(to.mta_sts.https_port, value, 1, 65535); }},
    {{"mta_sts.private_addresses", "", "true|false", "false",
      "Fetch policies also from loopback, private and other special addresses. For labs only."},
     ValueKind::Switch,
     [](Settings& to, const Value& value) -> Stored {
       to.mta_sts.private_addresses = std::get<bool>(value);
       return {};
     }},

    {{"ca_file", "--ca-file", "FILE", "", "Certificate authorities in PEM that are trusted. Empty: the system's."},
     ValueKind::Text,
     [](Settings& to, const Value& value) { return store_path(to.ca_file, value); }},
    {{"cache_dir", "--cache-dir", "DIRECTORY", "",
      "Where MTA-STS policies are remembered. Empty: $XDG_CACHE_HOME/postseal or ~/.cache/postseal, for root "
      "/var/cache/postseal."},
     ValueKind::Text,
     [](Settings& to, const Value& value) { return store_path(to.cache_dir, value); }},
});

constexpr std::string_view kMatchValue = "DOMAIN|.DOMAIN|[ADDRESS]|*";
constexpr std::string_view kMatchHelp =
    "Which recipients' domains: this name, the names below it (with a dot in front), an address literal, or all. The "
    "most specific match counts: a name before the longest .DOMAIN before *.";

constexpr std::array kRuleKeys = std::to_array<Row<policy::LocalRule>>({
    {{"rule.match", "", kMatchValue, "", kMatchHelp},
     ValueKind::Text,
     [](policy::LocalRule& to, const Value& value) { return store_parsed(to.match, parse_match(text_of(value))); },
     true},
    {{"rule.level", "", "none|may|encrypt|secure|dane|dane-only", "",
      "What is demanded at least: no TLS at all; TLS if offered; TLS always; TLS with a certificate for the domain; "
      "DANE "
      "where it is published; DANE always. What a domain publishes may raise it, never lower it."},
     ValueKind::Text,
     [](policy::LocalRule& to, const Value& value) { return store_level(to.level, value); },
     true},
    {{"rule.expires", "", "DATE|DATE-TIME", "",
      "From then on the rule is as if it were not there; a date means its first second, UTC counts where no offset is "
      "given."},
     ValueKind::Moment,
     [](policy::LocalRule& to, const Value& value) -> Stored {
       to.expires = std::get<WallTime>(value);
       return {};
     }},
    {{"rule.reason", "", "TEXT", "", "Why, in your own words; shown wherever the rule counted."},
     ValueKind::Text,
     [](policy::LocalRule& to, const Value& value) { return store_reason(to.reason, value); }},
});

constexpr std::array kRouteKeys = std::to_array<Row<Route>>({
    {{"route.match", "", kMatchValue, "", kMatchHelp},
     ValueKind::Text,
     [](Route& to, const Value& value) { return store_parsed(to.match, parse_match(text_of(value))); },
     true},
    {{"route.next_hop", "", "HOST|[HOST]|[ADDRESS], each with :PORT or without", "",
      "Where that mail goes: to the MX hosts of this name; in brackets, to the host or the address itself."},
     ValueKind::Text,
     [](Route& to, const Value& value) { return store_parsed(to, parse_next_hop(text_of(value), to)); },
     true},
});

}  // namespace

std::span<const Row<Settings>> setting_rows() { return kSettings; }
std::span<const Row<policy::LocalRule>> rule_rows() { return kRuleKeys; }
std::span<const Row<Route>> route_rows() { return kRouteKeys; }

std::vector<KeyInfo> table() {
  std::vector<KeyInfo> result;
  for (const auto& row : kSettings) result.push_back(row.info);
  for (const auto& row : kRuleKeys) result.push_back(row.info);
  for (const auto& row : kRouteKeys) result.push_back(row.info);
  return result;
}

std::string not_allowed(const KeyInfo& info, std::string_view shown, std::string_view why) {
  return fmt::format("{} is not allowed: {}; allowed is {}", shown, why, info.value);
}

}  // namespace postseal::settings
