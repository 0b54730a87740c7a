// SPDX-License-Identifier: Apache-2.0
#include "edge/resolver/unbound_options.h"

#include <string_view>

namespace postseal::resolver {
namespace {

constexpr std::uint16_t kDnsPort = 53;

std::string at_port(const ServerAddress& server) {
  return server.address.to_string() + "@" + std::to_string(server.port);
}

/// RFC 6303, RFC 6761: libunbound answers by itself for what the public DNS cannot know: private and documentation
/// networks, "invalid.", "home.arpa.". Where somebody names the server to ask, that server may know them (a company's
/// names of its own hosts, say) and is asked; as nobody signs them, they are never secure. Only what no other host can
/// know stays here: loopback, and "onion." (RFC 7686 §2 MUST NOT).
constexpr std::string_view kAskedToo =
    "  unblock-lan-zones: yes\n  insecure-lan-zones: yes\n"
    "  local-zone: \"invalid.\" nodefault\n  local-zone: \"home.arpa.\" nodefault\n";

std::string forward_zone(const ServerAddress& server) {
  return "forward-zone:\n  name: \".\"\n  forward-addr: " + at_port(server) + "\n  forward-first: no\n";
}

std::string stub_zone(const Domain& zone, const ServerAddress& server) {
  return "stub-zone:\n  name: \"" + zone.ascii() + ".\"\n  stub-addr: " + at_port(server) + "\n  stub-prime: no\n";
}

}  // namespace

bool forwards(const ResolverConfig& config) {
  return config.mode != Mode::Iterate || (config.root && config.root->port != kDnsPort);
}

std::string unbound_options(const ResolverConfig& config) {
  const bool validates = config.trust_anchor != "none";
  std::string text = "server:\n  use-syslog: no\n";
  text += "  verbosity: " + std::to_string(config.verbosity) + "\n";
  text += validates ? "  module-config: \"validator iterator\"\n" : "  module-config: \"iterator\"\n";
  // Fills why_bogus: the reason that a deferral shows to people.
  text += "  val-log-level: 2\n";
  // DNS flag day 2020: no fragments; larger answers come over TCP (D49).
  text += "  edns-buffer-size: 1232\n";
  // RFC 9276 §3.2 MAY (A31): a denial with more rounds of NSEC3 than this is not computed, and never secure. It counts
  // as insecure (D07): its signature is still checked, so that nobody but the zone's owner can bring that about.
  text += "  val-nsec3-keysize-iterations: \"1024 150 2048 150 4096 150\"\n";
  // NXNSAttack (A31): of the hundreds of name servers that a referral may name only a few are looked up.
  text += "  target-fetch-policy: \"3 2 1 0 0\"\n";
  text += "  harden-glue: yes\n  harden-dnssec-stripped: yes\n  harden-below-nxdomain: yes\n";
  // RFC 6840 §5.11: a validator accepts any valid path; insisting on all algorithms would break zones in a key roll.
  text += "  harden-algo-downgrade: no\n  qname-minimisation: yes\n";
  // An answer past its TTL is never used: TLSA records of yesterday's key would stop mail (pitfall 11).
  text += "  serve-expired: no\n  cache-max-ttl: 86400\n  cache-max-negative-ttl: 3600\n";
  // RFC 2308 §7.1 MUST: failures are cached for 5 minutes at most; bogus answers for one.
  text += "  val-bogus-ttl: 60\n  infra-host-ttl: 300\n";
  // The library's defaults (16 sockets) let a few dead name servers hold up everybody else's questions.
  text += "  outgoing-range: 512\n  num-queries-per-thread: 512\n  outgoing-num-tcp: 32\n";
  text += "  msg-cache-size: 4m\n  rrset-cache-size: 8m\n  key-cache-size: 2m\n  neg-cache-size: 1m\n";

  bool asks_loopback =
      (config.server && config.server->address.is_loopback()) || (config.root && config.root->address.is_loopback());
  for (const auto& stub : config.stubs) asks_loopback = asks_loopback || stub.server.address.is_loopback();
  text += config.lab || asks_loopback ? "  do-not-query-localhost: no\n" : "  do-not-query-localhost: yes\n";
  // RFC 6761 reserves "test." and libunbound answers NXDOMAIN for it by itself, unless told so in a file.
  if (config.lab || config.mode == Mode::Forward) text += "  local-zone: \"test.\" nodefault\n";
  if (config.mode == Mode::Forward) text += kAskedToo;

  if (config.mode != Mode::Iterate && config.server) {
    text += forward_zone(*config.server);
  } else if (config.root && config.root->port == kDnsPort) {
    text += stub_zone(Domain{}, *config.root);
  } else if (config.root) {
    // Delegations name hosts, never ports. So a root elsewhere must have every zone itself, and libunbound must not
    // follow the NS records that it sees on its way to port 53 of somebody else.
    text += forward_zone(*config.root);
  }
  for (const auto& stub : config.stubs) text += stub_zone(stub.zone, stub.server);
  return text;
}

}  // namespace postseal::resolver
