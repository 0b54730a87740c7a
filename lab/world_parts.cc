// SPDX-License-Identifier: Apache-2.0
#include "lab/world_parts.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lab/tlsa_text.h"
#include "vocab/enhanced_status.h"

namespace postseal::lab {
namespace {

constexpr std::size_t kMaxRecords = 6000;

std::string_view last_label(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

/// A record line ends up in a zone file: it must not carry directives ($INCLUDE reads files), nor more than one line.
void check_records(TableReader& reader, std::string_view key, const std::vector<std::string>& records) {
  if (records.size() > kMaxRecords) reader.fail(key, fmt::format("has more than {} records", kMaxRecords));
  for (const std::string& record : records) {
    const bool printable =
        std::ranges::all_of(record, [](unsigned char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); });
    if (record.empty() || !printable || std::string_view("$; \t(").contains(record.front())) {
      reader.fail(key,
                  "has a line that is no zone file record: it must begin with the owner's name (@ for the zone "
                  "itself), in printable ASCII, on one line");
    }
  }
}

template <std::size_t N, class Value>
void read_enum(TableReader& reader, std::string_view key,
               const std::array<std::pair<std::string_view, Value>, N>& table, Value& out) {
  std::string text;
  reader.text(key, text);
  if (!reader.has(key)) return;
  std::string allowed;
  for (const auto& [name, value] : table) {
    if (name == text) {
      out = value;
      return;
    }
    allowed += allowed.empty() ? "" : ", ";
    allowed += name;
  }
  reader.fail(key, fmt::format("is \"{}\"; allowed: {}", text.substr(0, 40), allowed));
}

constexpr std::array<std::pair<std::string_view, Signing>, 8> kSignings = {{
    {"signed", Signing::Signed},
    {"unsigned", Signing::Unsigned},
    {"bogus", Signing::Bogus},
    {"expired", Signing::Expired},
    {"not-yet-valid", Signing::NotYetValid},
    {"wrong-ds", Signing::WrongDs},
    {"broken-denial", Signing::BrokenDenial},
    {"key-trap", Signing::KeyTrap},
}};

constexpr std::array<std::pair<std::string_view, NameFault>, 16> kFaults = {{
    {"servfail", NameFault::ServFail},
    {"refused", NameFault::Refused},
    {"drop", NameFault::Drop},
    {"delay", NameFault::Delay},
    {"truncate", NameFault::Truncate},
    {"garble", NameFault::Garble},
    {"spoof", NameFault::Spoof},
    {"nxdomain", NameFault::NxDomain},
    {"forge-ad", NameFault::ForgeAd},
    {"referral", NameFault::Referral},
    {"short-data", NameFault::ShortData},
    {"other-case", NameFault::OtherCase},
    {"wrong-id", NameFault::WrongId},
    {"wrong-question", NameFault::WrongQuestion},
    {"wrong-port", NameFault::WrongPort},
    {"wrong-address", NameFault::WrongAddress},
}};

void read_reply(const TomlNode& node, const Place& place, std::vector<SmtpReplySpec>& out) {
  TableReader reader(node, "a reply" + place.of, *place.trouble);
  SmtpReplySpec reply;
  reader.choice("stage", reply.stage, {"connect", "ehlo", "starttls", "mail", "rcpt", "data", "body"});
  reader.text("reply", reply.reply);
  if (reply.stage.empty()) reader.fail("stage", "is missing");
  constexpr std::array<std::string_view, 7> kWords = {"drop",   "reset",       "hang",        "garbage",
                                                      "tarpit", "drop-midway", "reset-midway"};
  const bool word = std::ranges::find(kWords, reply.reply) != kWords.end();
  const bool coded = reply.reply.size() >= 3 &&
                     std::ranges::all_of(reply.reply.substr(0, 3), [](char c) { return c >= '0' && c <= '9'; });
  if (!word && !coded) {
    reader.fail("reply",
                "must begin with three digits, or be one of drop, reset, hang, garbage, tarpit, drop-midway, "
                "reset-midway");
  }
  reader.finish();
  out.push_back(std::move(reply));
}

void read_addresses(TableReader& reader, std::vector<IpAddress>& out) {
  std::vector<std::string> texts;
  reader.texts("addresses", texts);
  for (const std::string& text : texts) {
    const auto address = IpAddress::parse(text);
    if (!address || !address->is_loopback()) {
      reader.fail("addresses",
                  fmt::format("has \"{}\": a lab stays on loopback, 127.0.0.0/8 or ::1", text.substr(0, 60)));
      continue;
    }
    if (address->is_v4() && (address->bytes()[1] == 53 || address->bytes()[1] == 30)) {
      reader.fail("addresses", "uses 127.53 or 127.30, which the lab needs for name servers and policy hosts");
    }
    out.push_back(*address);
  }
}

}  // namespace

std::optional<Domain> resolve_name(std::string_view text, const std::optional<Domain>& origin) {
  const bool dotted = text.ends_with('.');
  bool absolute = !origin || dotted || IpAddress::parse(text).has_value();
  if (!absolute && text == "@") return origin;
  if (!absolute && text.contains('.')) {
    absolute = last_label(text) == "test" || last_label(text) == last_label(origin->ascii());
  }
  if (dotted) text.remove_suffix(1);
  if (absolute && text.empty()) return dotted ? std::optional(Domain()) : std::nullopt;
  const std::string full = absolute ? std::string(text) : fmt::format("{}.{}", text, origin->ascii());
  auto name = Domain::parse_dns(full);
  // A U-label is for people who write worlds; DNS shows none.
  if (!name) name = Domain::parse(full);
  return name ? std::optional(*name) : std::nullopt;
}

void read_name(TableReader& reader, std::string_view key, const Place& place, std::optional<Domain>& out) {
  std::string text;
  reader.text(key, text);
  if (!reader.has(key)) return;
  if (auto name = resolve_name(text, place.origin)) {
    out = std::move(name);
  } else {
    reader.fail(key, fmt::format("is \"{}\", which is no domain name", text.substr(0, 80)));
  }
}

void read_tlsa(TableReader& reader, std::string_view key, const Place& place, std::vector<std::string>& out) {
  reader.texts(key, out);
  for (std::string& text : out) {
    const auto spec = parse_tlsa_spec(text, place.origin);
    if (!spec) {
      reader.fail(key, spec.error());
    } else if (spec->of) {
      const auto last = text.find_last_not_of(" \t");
      text.resize(text.find_last_of(" \t", last) + 1);
      text += spec->of->ascii() + ".";
    }
  }
}

ZoneSpec read_zone(const TomlNode& node, const Place& place) {
  TableReader reader(node, "zone" + place.of, *place.trouble);
  ZoneSpec zone;
  std::optional<Domain> name = place.origin;
  read_name(reader, "name", place, name);
  if (!name) reader.fail("name", "is missing");
  zone.name = name.value_or(Domain());
  read_enum(reader, "signing", kSignings, zone.signing);
  reader.texts("records", zone.records);
  check_records(reader, "records", zone.records);
  reader.texts("forged", zone.forged);
  check_records(reader, "forged", zone.forged);
  if (!zone.forged.empty() && zone.signing == Signing::Unsigned) reader.fail("forged", "needs a zone that is signed");
  reader.flag("nsec3", zone.nsec3);
  std::int64_t iterations = 0;
  reader.number("nsec3_iterations", iterations, 0, 65535);
  zone.nsec3_iterations = static_cast<int>(iterations);
  if (iterations > 0 && !zone.nsec3) reader.fail("nsec3_iterations", "needs nsec3 = true");
  reader.finish();
  return zone;
}

void read_forgery(TableReader& reader, const Place& place, FaultSpec& fault) {
  const bool wrong = fault.fault == NameFault::WrongId || fault.fault == NameFault::WrongQuestion ||
                     fault.fault == NameFault::WrongPort || fault.fault == NameFault::WrongAddress;
  const bool made_up = wrong || fault.fault == NameFault::Spoof || fault.fault == NameFault::ShortData;
  if (made_up && fault.answer.empty()) reader.fail("answer", "is missing: what to spoof");
  std::int64_t copies = 1, servers = 0;
  reader.number("copies", copies, 1, 1000);
  fault.copies = static_cast<std::uint16_t>(copies);
  reader.flag("alone", fault.alone);
  for (const std::string_view key : {"copies", "alone"}) {
    if (reader.has(key) && !wrong) reader.fail(key, "needs a fault wrong-id, -question, -port or -address");
  }
  const bool referral = fault.fault == NameFault::Referral;
  reader.number("servers", servers, 1, 2000);
  fault.servers = static_cast<std::uint16_t>(servers);
  std::optional<Domain> victim;
  read_name(reader, "victim", place, victim);
  fault.victim = victim.value_or(Domain());
  for (const std::string_view key : {"servers", "victim"}) {
    if (reader.has(key) != referral) {
      reader.fail(key, referral ? "is missing: a referral needs 'servers' and 'victim'" : "needs fault = \"referral\"");
    }
  }
}

FaultSpec read_fault(const TomlNode& node, const Place& place) {
  TableReader reader(node, "fault" + place.of, *place.trouble);
  FaultSpec fault;
  std::optional<Domain> name = place.origin;
  read_name(reader, "name", place, name);
  if (!name) reader.fail("name", "is missing");
  fault.name = name.value_or(Domain());
  reader.flag("below", fault.below);
  reader.choice("type", fault.type, {"ANY", "A", "AAAA", "MX", "TXT", "TLSA", "CNAME", "NS", "SOA", "DS", "DNSKEY"});
  if (!reader.has("fault")) reader.fail("fault", "is missing");
  read_enum(reader, "fault", kFaults, fault.fault);
  std::int64_t delay = 0;
  reader.number("delay_ms", delay, 0, 600000);
  fault.delay = std::chrono::milliseconds(delay);
  reader.flag("tcp_refused", fault.tcp_refused);
  reader.texts("answer", fault.answer);
  if (fault.type == "TLSA" && !fault.below && !fault.name.ascii().starts_with('_')) {
    fault.name = fault.name.prefixed("_25._tcp").value_or(fault.name);
  }
  read_forgery(reader, place, fault);
  reader.finish();
  return fault;
}

CertificateSpec read_certificate(const TomlNode& node, const Place& place) {
  TableReader reader(node, "certificate" + place.of, *place.trouble);
  CertificateSpec certificate;
  std::vector<std::string> names;
  reader.texts("names", names);
  for (const std::string& name : names) {
    const auto equals = name.find('=');
    const bool plain = equals == std::string::npos;
    if (!plain && !name.starts_with("CN=") && !name.starts_with("IP=")) {
      reader.fail("names", fmt::format("has \"{}\"; allowed: a name, CN=name, IP=address", name.substr(0, 80)));
    }
    // "*" and partial wildcards are what some worlds are about, so names are taken as they are, but completed.
    const bool address = name.starts_with("IP=");
    const std::string bare = plain ? name : name.substr(equals + 1);
    if (address && !IpAddress::parse(bare))
      reader.fail("names", fmt::format("has \"{}\", no address", name.substr(0, 80)));
    if (bare.empty() || bare.size() > 253) reader.fail("names", "has an empty or too long name");
    const auto full = address || bare.contains('*') ? std::nullopt : resolve_name(bare, place.origin);
    certificate.names.push_back((plain ? "" : name.substr(0, equals + 1)) + (full ? full->ascii() : bare));
  }
  reader.choice("issuer", certificate.issuer, {"lab-ca", "lab-intermediate", "untrusted-ca", "self"});
  reader.choice("validity", certificate.validity, {"valid", "expired", "not-yet-valid"});
  reader.choice("key", certificate.key, {"p256", "p192", "p384", "ed25519", "rsa2048", "rsa1024"});
  reader.choices("defects", certificate.defects,
                 {"client-auth-only", "sha1", "md5", "intermediate-expired", "intermediate-not-ca", "path-length",
                  "name-constraints", "intermediate-missing"});
  reader.flag("send_root", certificate.send_root);
  reader.finish();
  return certificate;
}

MailServerSpec read_server(const TomlNode& node, const Place& place) {
  TableReader reader(node, "server" + place.of, *place.trouble);
  MailServerSpec server;
  reader.choice("starttls", server.starttls, {"offered", "absent", "stripped", "injected", "implicit"});
  reader.choice("tls_min", server.tls_min, {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"});
  reader.choice("tls_max", server.tls_max, {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"});
  if (reader.has("tls_max") && !reader.has("tls_min") && server.tls_max < server.tls_min)
    server.tls_min = server.tls_max;
  if (server.tls_max < server.tls_min) reader.fail("tls_max", "is below tls_min");
  reader.choice("handshake", server.handshake, {"normal", "reset", "alert", "hang", "garbage"});
  reader.choice("tls_script", server.tls_script,
                {"ssl3", "rc4", "export", "null", "3des", "anonymous", "dhe-512", "dhe-1024", "downgrade-1.2",
                 "downgrade-1.1", "compression", "heartbeat", "heartbeat-record", "garbage"});
  if (reader.has("tls_script") && server.handshake != "normal")
    reader.fail("tls_script", "leaves no room for 'handshake'");
  for (const TomlNode* reply : reader.tables("replies")) read_reply(*reply, place, server.replies);
  reader.texts("without", server.without);
  reader.texts("with", server.with);
  reader.texts("with_before_tls", server.with_before_tls);
  reader.flag("ehlo", server.ehlo);
  reader.texts("command", server.command);
  reader.finish();
  return server;
}

ReadHost read_host(const TomlNode& node, const Place& place, std::optional<Domain> fallback) {
  TableReader reader(node, "host" + place.of, *place.trouble);
  ReadHost read;
  read_name(reader, "name", place, fallback);
  if (!fallback) reader.fail("name", "is missing");
  read.host.name = fallback.value_or(Domain());
  std::int64_t preference = 0;
  reader.number("preference", preference, 0, 65535);
  if (reader.has("preference")) read.preference = preference;
  read_addresses(reader, read.host.addresses);
  reader.flag("publish_address", read.host.publish_address);
  reader.flag("listens", read.host.listens);
  read_tlsa(reader, "tlsa", place, read.host.tlsa);
  read.has_tlsa = reader.has("tlsa");
  const Place inside{place.origin, fmt::format(" of host {}", read.host.name.ascii()), place.trouble};
  if (const TomlNode* certificate = reader.table("certificate")) {
    read.host.certificate = read_certificate(*certificate, inside);
    read.has_certificate = true;
  }
  if (const TomlNode* server = reader.table("server")) {
    read.host.server = read_server(*server, inside);
    read.has_server = true;
  }
  reader.finish();
  return read;
}

ReadPolicy read_policy(const TomlNode& node, const Place& place) {
  TableReader reader(node, "policy" + place.of, *place.trouble);
  ReadPolicy read;
  read.line = node.line;
  PolicySpec& policy = read.policy;
  std::optional<Domain> domain = place.origin;
  read_name(reader, "domain", place, domain);
  if (!domain) reader.fail("domain", "is missing");
  policy.domain = domain.value_or(Domain());
  reader.text("record", policy.record);
  reader.texts("more_records", policy.more_records);
  reader.text("mode", policy.mode);
  reader.texts("mx", policy.mx);
  read.has_mx = reader.has("mx");
  reader.text_or_number("max_age", policy.max_age);
  std::string body;
  reader.text("body", body);
  if (reader.has("body")) policy.body = body;
  if (policy.body && (reader.has("mode") || reader.has("mx") || reader.has("max_age"))) {
    reader.fail("body", "stands instead of mode, mx and max_age, not beside them");
  }
  const Place inside{place.origin, fmt::format(" of policy {}", policy.domain.ascii()), place.trouble};
  if (const TomlNode* certificate = reader.table("certificate"))
    policy.certificate = read_certificate(*certificate, inside);
  std::int64_t status = policy.status;
  reader.number("status", status, 100, 999);
  policy.status = static_cast<int>(status);
  reader.text("content_type", policy.content_type);
  reader.text("location", policy.location);
  reader.texts("headers", policy.headers);
  reader.choice("behaviour", policy.behaviour,
                {"normal", "refused", "reset", "slow", "endless", "chunked-endless", "many-headers", "hang", "absent"});
  if (const TomlNode* node_of_cache = reader.table("cached")) {
    TableReader cache(*node_of_cache, "cached" + inside.of, *place.trouble);
    PolicySpec::Cached cached;
    cache.text("id", cached.id);
    cache.choice("mode", cached.mode, {"enforce", "testing", "none"});
    cache.texts("mx", cached.mx);
    read.has_cached_mx = cache.has("mx");
    cache.number("max_age", cached.max_age, 0, 31557600);
    cache.number("age", cached.age, 0, 400LL * 86400);
    cache.finish();
    policy.cached = std::move(cached);
  }
  reader.finish();
  return read;
}

Expectation read_expectation(const TomlNode& node, const Place& place) {
  TableReader reader(node, "expect" + place.of, *place.trouble);
  Expectation expectation;
  reader.choice("outcome", expectation.outcome, {"delivered", "deferred", "bounced"});
  reader.text("proof", expectation.proof);
  const std::string& proof = expectation.proof;
  if (!proof.empty() && !proof.starts_with("dane-ee") && !proof.starts_with("dane-ta") && proof != "mta-sts" &&
      proof != "pkix" && proof != "encrypted" && proof != "plaintext") {
    reader.fail("proof",
                "allowed: dane-ee, \"dane-ee 3 1 1\", dane-ta, \"dane-ta 2 0 1\", mta-sts, pkix, encrypted, "
                "plaintext");
  }
  std::optional<Domain> host;
  read_name(reader, "host", place, host);
  if (host) expectation.host = host->ascii();
  reader.text("status", expectation.status);
  if (!expectation.status.empty()) {
    const auto status = EnhancedStatus::parse_prefix(expectation.status);
    if (!status || status->to_string() != expectation.status) reader.fail("status", "must be like \"4.7.5\"");
  }
  reader.text("session", expectation.session);
  if (!expectation.session.empty() && expectation.session != "shared" && expectation.session != "own") {
    reader.fail("session", "allowed: shared, own");
  }
  reader.texts("reasons", expectation.reasons);
  reader.choices("tlsrpt", expectation.tlsrpt,
                 {"starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
                  "certificate-not-trusted", "validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required",
                  "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"});
  std::vector<std::string> questions;
  reader.texts("not_asked", questions);
  for (const std::string& question : questions) {
    const auto blank = question.find(' ');
    const auto name =
        blank == std::string::npos ? std::nullopt : resolve_name(question.substr(blank + 1), place.origin);
    if (!name) {
      reader.fail("not_asked", "must be like \"TLSA _25._tcp.mx.d29.test\"");
      continue;
    }
    expectation.not_asked.push_back(question.substr(0, blank) + " " + name->ascii());
  }
  if (const TomlNode* bounds = reader.table("asked_at_most")) {
    for (const auto& [text, bound] : bounds->members) {
      const auto name = resolve_name(text, place.origin);
      if (!name || bound.kind != TomlNode::Kind::Number || bound.number < 0) {
        reader.fail("asked_at_most", "must be like { \"victim.test\" = 40 }");
      } else {
        expectation.asked_at_most[*name] = bound.number;
      }
    }
  }
  reader.finish();
  return expectation;
}

}  // namespace postseal::lab
