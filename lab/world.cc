// SPDX-License-Identifier: Apache-2.0
#include "lab/world.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "lab/case_reader.h"
#include "lab/world_parts.h"

namespace postseal::lab {
namespace {

constexpr std::size_t kMaxPieces = 2000;  ///< zones, hosts, policies, faults, cases: of each

bool contains_zone(const std::vector<ZoneSpec>& zones, const Domain& name) {
  return std::ranges::any_of(zones, [&](const ZoneSpec& zone) { return zone.name == name; });
}

/// The deepest zone that the name is in, top-level domains and the root only if they are spelled out and fit exactly.
ZoneSpec* zone_above(std::vector<ZoneSpec>& zones, const Domain& name) {
  ZoneSpec* best = nullptr;
  for (ZoneSpec& zone : zones) {
    if (!name.is_within(zone.name) || (zone.name.label_count() < 2 && zone.name != name)) continue;
    if (!best || zone.name.label_count() > best->name.label_count()) best = &zone;
  }
  return best;
}

/// A name that has no zone gets a signed one for its last two labels.
ZoneSpec& zone_for(World& world, const Domain& name) {
  if (ZoneSpec* zone = zone_above(world.zones, name)) return *zone;
  Domain registered = name;
  while (registered.label_count() > 2) registered = *registered.parent();
  return world.zones.emplace_back(ZoneSpec{.name = registered, .records = {}, .forged = {}});
}

class WorldReader {
 public:
  WorldReader(std::string_view file, Trouble& trouble) : file_(file), trouble_(trouble) {}

  World read(const TomlNode& root) {
    TableReader reader(root, "the world", trouble_);
    world_.name = std::string(file_.substr(file_.rfind('/') + 1));
    reader.text("name", world_.name);
    reader.text("about", world_.about);
    const Place top{std::nullopt, "", &trouble_};
    for (const TomlNode* node : list(reader, "zone")) add_zone(read_zone(*node, top), node->line);
    for (const TomlNode* node : list(reader, "host")) add_host(read_host(*node, top, std::nullopt), node->line);
    for (const TomlNode* node : list(reader, "fault")) world_.faults.push_back(read_fault(*node, top));
    for (const TomlNode* node : list(reader, "policy")) add_policy(read_policy(*node, top), {});
    for (const TomlNode* node : list(reader, "case")) add_case(*node);
    reader.finish();
    finish();
    return std::move(world_);
  }

 private:
  std::vector<const TomlNode*> list(TableReader& reader, std::string_view key) {
    auto nodes = reader.tables(key);
    if (nodes.size() > kMaxPieces) {
      reader.fail(key, fmt::format("appears more than {} times", kMaxPieces));
      nodes.resize(kMaxPieces);
    }
    return nodes;
  }

  void add_zone(ZoneSpec zone, int line) {
    if (contains_zone(world_.zones, zone.name)) {
      trouble_.report(line, fmt::format("zone {} is there twice", zone.name.ascii()));
    }
    world_.zones.push_back(std::move(zone));
  }

  void add_host(ReadHost read, int line) {
    if (read.preference) trouble_.report(line, "'preference' belongs to the hosts of a case; here write MX records");
    add_host(std::move(read.host), line);
  }

  void add_host(HostSpec host, int line) {
    if (host.name.is_root() || !host_names_.insert(host.name).second) {
      trouble_.report(line, fmt::format("host {} is there twice: name it once, the other cases can refer to it in mx",
                                        host.name.ascii()));
    }
    for (const IpAddress& address : host.addresses) {
      if (!addresses_.insert(address).second) {
        trouble_.report(line, fmt::format("address {} is given to two hosts", address.to_string()));
      }
    }
    world_.hosts.push_back(std::move(host));
  }

  void add_policy(ReadPolicy read, const std::vector<std::string>& mx_of_case) {
    if (!policy_domains_.insert(read.policy.domain).second) {
      trouble_.report(read.line, fmt::format("policy of {} is there twice", read.policy.domain.ascii()));
    }
    if (!read.has_mx) read.policy.mx = mx_of_case;
    if (read.policy.cached && !read.has_cached_mx) read.policy.cached->mx = read.policy.mx;
    if (!mx_of_case.empty() || read.has_mx || read.policy.body) {
      world_.policies.push_back(std::move(read.policy));
    } else {
      policies_without_mx_.push_back(std::move(read));
    }
  }

  void add_case(const TomlNode& node) {
    ReadCase read = read_case(node, trouble_);
    if (!case_names_.insert(read.spec.name).second) {
      trouble_.report(node.line, fmt::format("case {} is there twice", read.spec.name));
    }
    for (auto& zone : read.zones) add_zone(std::move(zone), node.line);
    // A case may live in a zone that stands at the top of the file; else it brings its own, or wants none.
    if (read.own_zone && read.spec.domain && !contains_zone(world_.zones, *read.spec.domain)) {
      add_zone(ZoneSpec{.name = *read.spec.domain, .records = {}, .forged = {}}, node.line);
    }
    for (auto& host : read.hosts) add_host(std::move(host), node.line);
    for (auto& fault : read.faults) world_.faults.push_back(std::move(fault));
    if (read.spec.domain) mx_names_[*read.spec.domain] = read.mx_names;
    if (read.policy) add_policy(std::move(*read.policy), read.mx_names);
    for (auto& record : read.mx_records) mx_records_.emplace_back(*read.spec.domain, std::move(record));
    world_.cases.push_back(std::move(read.spec));
  }

  /// What needs the whole file: policies that leave mx to a case, records that go to the deepest zone, missing zones.
  void finish() {
    if (trouble_.first()) return;
    for (ReadPolicy& read : policies_without_mx_) {
      const auto names = mx_names_.find(read.policy.domain);
      if (names != mx_names_.end()) read.policy.mx = names->second;
      if (read.policy.cached && !read.has_cached_mx) read.policy.cached->mx = read.policy.mx;
      world_.policies.push_back(std::move(read.policy));
    }
    for (auto& [owner, record] : mx_records_) zone_for(world_, owner).records.push_back(std::move(record));
    for (const HostSpec& host : world_.hosts) {
      if (host.publish_address || !host.tlsa.empty()) zone_for(world_, host.name);
    }
    for (const PolicySpec& policy : world_.policies) zone_for(world_, policy.domain);
    if (world_.zones.size() > kMaxPieces || world_.hosts.size() > kMaxPieces) {
      trouble_.report(0, fmt::format("more than {} zones or hosts", kMaxPieces));
    }
  }

  std::string_view file_;
  Trouble& trouble_;
  World world_;
  std::set<Domain> host_names_, policy_domains_;
  std::set<IpAddress> addresses_;
  std::set<std::string> case_names_;
  std::map<Domain, std::vector<std::string>> mx_names_;
  std::vector<ReadPolicy> policies_without_mx_;
  std::vector<std::pair<Domain, std::string>> mx_records_;
};

}  // namespace

std::string to_string(const WorldError& error) {
  return error.line > 0 ? fmt::format("{}:{}: {}", error.file, error.line, error.what)
                        : fmt::format("{}: {}", error.file, error.what);
}

std::expected<World, WorldError> parse_world(std::string_view toml, std::string_view file) {
  if (toml.size() > kMaxWorldBytes) {
    return std::unexpected(WorldError{std::string(file), 0, fmt::format("is larger than {} octets", kMaxWorldBytes)});
  }
  const auto root = parse_toml(toml, file);
  if (!root) return std::unexpected(root.error());
  Trouble trouble(file);
  World world = WorldReader(file, trouble).read(*root);
  if (trouble.first()) return std::unexpected(*trouble.first());
  return world;
}

std::expected<World, WorldError> load_world(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxWorldBytes + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A folder opens but does not read.
  if (!in.is_open() || in.bad() || (in.gcount() == 0 && !in.eof())) {
    return std::unexpected(WorldError{path, 0, "cannot be read"});
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  return parse_world(text, path);
}

}  // namespace postseal::lab
