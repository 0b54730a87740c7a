// SPDX-License-Identifier: Apache-2.0
#include "lab/zones.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "lab/key_trap.h"
#include "lab/zone_line.h"

namespace postseal::lab {
namespace {

/// A label that no world uses by accident.
constexpr std::string_view kServerLabel = "lab-ns";

std::string absolute(const Domain& name) { return name.ascii() + "."; }

std::string server_name(const Domain& zone) {
  return fmt::format("{}.{}", kServerLabel, zone.is_root() ? "" : absolute(zone));
}

/// RFC 1035 §5.1 and §3.3.14: strings of at most 255 octets, quoted, other octets as \DDD.
std::string quoted_text(std::string_view text) {
  std::string out;
  do {
    out += out.empty() ? "\"" : " \"";
    for (const char c : text.substr(0, 255)) {
      const auto octet = static_cast<unsigned char>(c);
      if (octet < 0x20 || octet > 0x7e || c == '"' || c == '\\') {
        out += fmt::format("\\{:03}", octet);
      } else {
        out += c;
      }
    }
    out += '"';
    text.remove_prefix(std::min<std::size_t>(text.size(), 255));
  } while (!text.empty());
  return out;
}

class ZoneWriter {
 public:
  explicit ZoneWriter(const ZonePlan& plan) : plan_(plan) {}

  std::expected<std::vector<ZoneFile>, std::string> write() {
    if (auto made = make_zones(); !made) return std::unexpected(made.error());
    for (auto& [name, zone] : zones_) add_apex(zone);
    for (auto& [name, zone] : zones_) {
      if (auto delegated = delegate(zone); !delegated) return std::unexpected(delegated.error());
    }
    for (const HostSpec& host : plan_.world.hosts) {
      if (auto added = add_host(host); !added) return std::unexpected(added.error());
    }
    for (const PolicySpec& policy : plan_.world.policies) add_policy(policy);
    for (const ZoneSpec& spec : plan_.world.zones) {
      if (auto added = add_records(spec); !added) return std::unexpected(added.error());
    }
    std::vector<ZoneFile> out;
    for (auto& [name, zone] : zones_) out.push_back(std::move(zone));
    return out;
  }

 private:
  std::expected<void, std::string> make_zone(const Domain& name, const ZoneSpec* spec) {
    auto [at, fresh] = zones_.try_emplace(name);
    ZoneFile& zone = at->second;
    if (fresh) {
      auto key = ZoneKey::make();
      if (!key) return std::unexpected(std::move(key.error()));
      zone.name = name;
      zone.key = std::move(*key);
    }
    if (spec) {
      zone.signing = spec->signing;
      zone.nsec3 = spec->nsec3;
      zone.nsec3_iterations = spec->nsec3_iterations;
    }
    return {};
  }

  std::expected<void, std::string> make_zones() {
    if (auto root = make_zone(Domain(), nullptr); !root) return root;
    for (const ZoneSpec& spec : plan_.world.zones) {
      Domain top = spec.name;
      while (top.label_count() > 1) top = *top.parent();
      if (auto made = make_zone(top, nullptr); !made) return made;
      if (auto made = make_zone(spec.name, &spec); !made) return made;
    }
    return {};
  }

  /// The deepest zone that a name is in.
  ZoneFile& zone_of(const Domain& name) { return *find(name); }
  ZoneFile* find(std::optional<Domain> name) {
    for (; name; name = name->parent()) {
      if (const auto found = zones_.find(*name); found != zones_.end()) return &found->second;
    }
    return nullptr;
  }

  static void add(ZoneFile& zone, std::string_view owner, std::string_view type, std::string_view rdata) {
    zone.text += fmt::format("{} {} {}\n", owner, type, rdata);
  }

  static void add_apex(ZoneFile& zone) {
    const std::string owner = absolute(zone.name), server = server_name(zone.name);
    zone.text = fmt::format("$ORIGIN {}\n$TTL 300\n", owner);
    add(zone, owner, "SOA", fmt::format("{} hostmaster.{} 1 3600 600 86400 300", server, server));
    add(zone, owner, "NS", server);
    add(zone, server, "A", Addresses::name_front().to_string());
    if (zone.signing != Signing::KeyTrap) return;
    for (const std::string& key : trap_keys()) add(zone, owner, "DNSKEY", key);
  }

  std::expected<void, std::string> delegate(const ZoneFile& zone) {
    ZoneFile* parent = find(zone.name.parent());
    if (!parent) return {};
    const std::string owner = absolute(zone.name), server = server_name(zone.name);
    add(*parent, owner, "NS", server);
    add(*parent, server, "A", Addresses::name_front().to_string());
    if (zone.signing == Signing::Unsigned || parent->signing == Signing::Unsigned) return {};
    if (zone.signing != Signing::WrongDs) {
      add(*parent, owner, "DS", zone.key.ds(zone.name));
      return {};
    }
    const auto other = ZoneKey::make();
    if (!other) return std::unexpected(other.error());
    add(*parent, owner, "DS", other->ds(zone.name));
    return {};
  }

  std::expected<void, std::string> add_host(const HostSpec& host) {
    ZoneFile& zone = zone_of(host.name);
    if (host.publish_address) {
      for (const IpAddress& address : plan_.addresses.of_host(host.name)) {
        add(zone, absolute(host.name), address.is_v4() ? "A" : "AAAA", address.to_string());
      }
    }
    const std::string owner = fmt::format("_{}._tcp.{}", plan_.smtp_port, absolute(host.name));
    for (const std::string& text : host.tlsa) {
      const auto spec = parse_tlsa_spec(text, std::nullopt);
      if (!spec) return std::unexpected(fmt::format("tlsa of host {} {}", host.name.ascii(), spec.error()));
      const auto records = tlsa_rdata(*spec, host.name, plan_.credentials);
      if (!records) return std::unexpected(fmt::format("host {}: {}", host.name.ascii(), records.error()));
      for (const std::string& rdata : *records) add(zone, owner, "TLSA", rdata);
    }
    return {};
  }

  void add_policy(const PolicySpec& policy) {
    ZoneFile& zone = zone_of(policy.domain);
    const std::string owner = "_mta-sts." + absolute(policy.domain);
    if (!policy.record.empty()) add(zone, owner, "TXT", quoted_text(policy.record));
    for (const std::string& record : policy.more_records) add(zone, owner, "TXT", quoted_text(record));
    if (policy.behaviour == "absent") return;
    add(zone, "mta-sts." + absolute(policy.domain), "A", plan_.addresses.of_policy_host(policy.domain).to_string());
  }

  std::expected<void, std::string> add_records(const ZoneSpec& spec) {
    ZoneFile& zone = zones_.at(spec.name);
    const LineContext context{spec.name, plan_.credentials, plan_.smtp_port};
    const auto read = [&](const std::vector<std::string>& lines, auto use) -> std::expected<void, std::string> {
      for (const std::string& line : lines) {
        const auto records = read_zone_line(line, context);
        if (!records) return std::unexpected(fmt::format("zone {}: {}", absolute(spec.name), records.error()));
        for (const ZoneLine& record : *records) use(record);
      }
      return {};
    };
    auto plain = read(spec.records, [&](const ZoneLine& r) { add(zone, r.owner, r.type, r.rdata); });
    if (!plain) return plain;
    return read(spec.forged,
                [&](const ZoneLine& r) { zone.forged.push_back(fmt::format("{} {} {}", r.owner, r.type, r.rdata)); });
  }

  const ZonePlan& plan_;
  std::map<Domain, ZoneFile> zones_;
};

}  // namespace

std::expected<std::vector<ZoneFile>, std::string> write_zones(const ZonePlan& plan) { return ZoneWriter(plan).write(); }

std::string with_port(std::string_view name, std::uint16_t port) {
  constexpr std::string_view kSymbolic = "_25._tcp";
  const std::string_view rest = name.substr(std::min(name.size(), kSymbolic.size()));
  if (!name.starts_with(kSymbolic) || (!rest.empty() && rest.front() != '.')) return std::string(name);
  return fmt::format("_{}._tcp{}", port, rest);
}

}  // namespace postseal::lab
