// SPDX-License-Identifier: Apache-2.0
// What every command needs that resolves names or sends mail.
#include "edge/settings/value_types.h"

namespace postseal::settings {
namespace {

struct ResolverModeKind {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Stored store(ResolverSettings& to, const Value& value) {
    return store_parsed(to, parse_resolver_mode(text_of(value), to));
  }
  static std::string show(const ResolverSettings& from) { return toml_text(format_resolver_mode(from)); }
};

struct RootKind {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Stored store(std::optional<HostPort>& to, const Value& value) {
    if (text_of(value).empty()) {
      to.reset();
      return {};
    }
    auto server = parse_host_port(text_of(value));
    if (!server) return refuse(server.error());
    to = *server;
    return {};
  }
  static std::string show(const std::optional<HostPort>& from) {
    return toml_text(from ? format_host_port(*from) : "");
  }
};

Parsed<std::string> parse_trust_anchor(std::string_view text) {
  if (text.empty()) return refuse("it is empty; without any anchor it is \"none\"");
  return parse_path(text);
}

constexpr std::array kAddressWords =
    std::to_array<std::pair<std::string_view, AddressPreference>>({{"ipv6-first", AddressPreference::Ipv6First},
                                                                   {"ipv4-first", AddressPreference::Ipv4First},
                                                                   {"ipv6-only", AddressPreference::Ipv6Only},
                                                                   {"ipv4-only", AddressPreference::Ipv4Only}});

using Path = Canonical<parse_path>;
using Port = Number<1, 65535>;

// The order is that of docs/operator/settings.md.
constexpr std::array kRows = {
    row<Settings, ResolverModeKind, &Settings::resolver>(
        {"resolver.mode", "--resolver", "iterate|HOST:PORT|forward:HOST:PORT|trust-ad:HOST:PORT", "iterate",
         "How names are resolved: ask the authoritative servers ourselves; or forward to another resolver (its address "
         "alone says the same), still "
         "validating DNSSEC ourselves; or believe the AD bit of a resolver on a loopback address."}),
    row<Settings, RootKind, &Settings::resolver, &ResolverSettings::root>(
        {"resolver.root", "", "HOST:PORT", "",
         "With iterate: the only root server asked, instead of the internet's. For labs only."}),
    row<Settings, Canonical<parse_trust_anchor>, &Settings::resolver, &ResolverSettings::trust_anchor>(
        {"resolver.trust_anchor", "--trust-anchor", "FILE|none", "/usr/share/dns/root.key",
         "The DNSSEC trust anchor of the root. none: nothing is validated and nothing counts as secure, so DANE is "
         "off."}),
    row<Settings, Path, &Settings::resolver, &ResolverSettings::state_dir>(
        {"resolver.state_dir", "", "DIRECTORY", "",
         "Where the copy of the trust anchor lives that follows the root's key rolls (RFC 5011). Empty: cache_dir."}),
    row<Settings, Span<100, 5 * kMinute>, &Settings::resolver, &ResolverSettings::timeout>(
        {"resolver.timeout", "", "DURATION (100ms..5m)", "12s",
         "How long one lookup may take before its answer counts as unknown."}),

    row<Settings, Canonical<parse_hostname>, &Settings::delivery, &DeliverySettings::hostname>(
        {"delivery.hostname", "--hostname", "NAME", "",
         "Our name, in EHLO and in what our own server says. Empty: the machine's own."}),
    row<Settings, Port, &Settings::delivery, &DeliverySettings::port>(
        {"delivery.port", "--port", "1..65535", "25",
         "The port on which mail servers are asked, unless a route has its own."}),
    row<Settings, Span<kSecond, kDay>, &Settings::delivery, &DeliverySettings::timeout>(
        {"delivery.timeout", "--timeout", "DURATION (1s..1d)", "5m",
         "How long one send may take with all that it does."}),
    row<Settings, Span<kSecond, kHour>, &Settings::delivery, &DeliverySettings::connect_timeout>(
        {"delivery.connect_timeout", "", "DURATION (1s..1h)", "30s",
         "How long one TCP connection may take to come about."}),
    row<Settings, Word<kAddressWords>, &Settings::delivery, &DeliverySettings::addresses>(
        {"delivery.addresses", "--addresses", "ipv6-first|ipv4-first|ipv6-only|ipv4-only", "ipv6-first",
         "Which of a host's addresses are tried, and which first."}),
    row<Settings, Flag, &Settings::delivery, &DeliverySettings::chunking>(
        {"delivery.chunking", "", "true|false", "true",
         "Send the message with BDAT where the server offers CHUNKING."}),
    row<Settings, Number<1, 100>, &Settings::delivery, &DeliverySettings::max_hosts>(
        {"delivery.max_hosts", "", "1..100", "16", "How many MX hosts of one domain are tried at most."}),

    row<Settings, Span<kSecond, kMinute>, &Settings::mta_sts, &MtaStsSettings::timeout>(
        {"mta_sts.timeout", "", "DURATION (1s..60s)", "1m",
         "How long fetching a policy may take; RFC 8461 §3.3 suggests one minute, and it is never more."}),
    row<Settings, Port, &Settings::mta_sts, &MtaStsSettings::https_port>(
        {"mta_sts.https_port", "", "1..65535", "443", "The port on which policy hosts are asked. For labs only."}),
    row<Settings, Flag, &Settings::mta_sts, &MtaStsSettings::private_addresses>(
        {"mta_sts.private_addresses", "", "true|false", "false",
         "Fetch policies also from loopback, private and other special addresses. For labs only."}),

    row<Settings, Path, &Settings::ca_file>(
        {"ca_file", "--ca-file", "FILE", "", "Certificate authorities in PEM that are trusted. Empty: the system's."}),
    row<Settings, Path, &Settings::cache_dir>(
        {"cache_dir", "--cache-dir", "DIRECTORY", "",
         "Where MTA-STS policies are remembered. Empty: $XDG_CACHE_HOME/postseal or ~/.cache/postseal, for root "
         "/var/cache/postseal."}),
};

}  // namespace

std::span<const Row<Settings>> delivery_rows() { return kRows; }

}  // namespace postseal::settings
