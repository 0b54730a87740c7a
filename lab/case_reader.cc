// SPDX-License-Identifier: Apache-2.0
#include "lab/case_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "vocab/mailbox.h"

namespace postseal::lab {
namespace {

struct MxEntry {
  int preference = 0;
  Domain target;
};

class CaseReader {
 public:
  CaseReader(const TomlNode& node, Trouble& trouble)
      : reader_(node, "[[case]]", trouble), place_{std::nullopt, "", &trouble} {}

  ReadCase read() {
    read_what_it_is();
    read_zones();
    read_hosts();
    read_mx();
    for (const TomlNode* fault : either("fault", "faults")) out_.faults.push_back(read_fault(*fault, place_));
    if (const TomlNode* sts = reader_.table("sts")) out_.policy = read_policy(*sts, place_);
    read_message();
    read_expectations();
    reader_.finish();
    return std::move(out_);
  }

 private:
  void read_what_it_is() {
    CaseSpec& spec = out_.spec;
    reader_.text("name", spec.name);
    if (spec.name.empty()) reader_.fail("name", "is missing");
    place_.of = " of case " + spec.name.substr(0, 40);
    if (!spec.name.empty()) reader_.call("case " + spec.name.substr(0, 40));
    reader_.text("about", spec.about);
    read_name(reader_, "domain", place_, spec.domain);
    if (spec.domain && spec.domain->label_count() < 2) reader_.fail("domain", "needs two labels: \"d01.test\"");
    place_.origin = spec.domain;
  }

  /// "host" and "hosts" are the same key, for the case that there is one or many.
  std::vector<const TomlNode*> either(std::string_view one, std::string_view many) {
    if (reader_.has(one) && reader_.has(many)) reader_.fail(one, fmt::format("and '{}' are the same: use one", many));
    auto nodes = reader_.tables(one);
    const auto more = reader_.tables(many);
    nodes.insert(nodes.end(), more.begin(), more.end());
    return nodes;
  }

  void read_zones() {
    if (const TomlNode* zone = reader_.node("zone")) {
      if (zone->kind == TomlNode::Kind::Flag && !zone->flag) {
        out_.own_zone = false;
      } else if (zone->kind == TomlNode::Kind::Table) {
        out_.zones.push_back(read_zone(*zone, place_));
      } else {
        reader_.fail("zone", "must be a table, or false for no zone of its own");
      }
    }
    for (const TomlNode* zone : reader_.tables("zones")) {
      out_.zones.push_back(read_zone(*zone, place_));
      if (out_.zones.back().name == out_.spec.domain) {
        reader_.fail("zones", "is for further zones; the domain's own goes into 'zone'");
      }
    }
  }

  std::optional<Domain> default_host_name(std::size_t index) const {
    return resolve_name(index == 0 ? "mx" : fmt::format("mx{}", index + 1), place_.origin);
  }

  void read_hosts() {
    const auto nodes = either("host", "hosts");
    const bool said = reader_.has("host") || reader_.has("hosts");
    const bool shorthand = reader_.has("tlsa") || reader_.has("certificate") || reader_.has("server");
    std::vector<ReadHost> hosts;
    for (const TomlNode* node : nodes) {
      hosts.push_back(read_host(*node, place_, out_.spec.domain ? default_host_name(hosts.size()) : std::nullopt));
    }
    // The happy path: a domain has one honest host, unless hosts or MX records are spelled out.
    if (!said && out_.spec.domain && (shorthand || !reader_.has("mx"))) {
      hosts.emplace_back().host.name = default_host_name(0).value_or(Domain());
    }
    read_first_host(hosts);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      const auto fallback = static_cast<std::int64_t>(10 * (i + 1));
      mx_.push_back({static_cast<int>(hosts[i].preference.value_or(fallback)), hosts[i].host.name});
      out_.spec.hosts.push_back(hosts[i].host.name);
      out_.hosts.push_back(std::move(hosts[i].host));
    }
  }

  /// tlsa, certificate and server of the case itself are those of its first host.
  void read_first_host(std::vector<ReadHost>& hosts) {
    ReadHost* first = hosts.empty() ? nullptr : &hosts.front();
    const auto claim = [&](std::string_view key, bool taken) {
      const TomlNode* node = reader_.node(key);
      if (node && !first) reader_.fail(key, "needs a host to belong to");
      if (node && taken) reader_.fail(key, "is said by the first host as well: say it once");
      return first && !taken ? node : nullptr;
    };
    if (claim("tlsa", first && first->has_tlsa)) read_tlsa(reader_, "tlsa", place_, first->host.tlsa);
    if (const TomlNode* node = claim("certificate", first && first->has_certificate)) {
      first->host.certificate = read_certificate(*node, place_);
    }
    if (const TomlNode* node = claim("server", first && first->has_server)) {
      first->host.server = read_server(*node, place_);
    }
  }

  void read_mx() {
    std::vector<std::string> texts;
    reader_.texts("mx", texts);
    if (!out_.spec.domain) {
      if (reader_.has("mx")) reader_.fail("mx", "needs 'domain'");
      return;
    }
    if (reader_.has("mx")) mx_.clear();
    for (const std::string& text : texts) {
      MxEntry entry{static_cast<int>(10 * (mx_.size() + 1)), Domain()};
      std::string_view name = text;
      if (const auto blank = text.find(' '); blank != std::string::npos) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + blank, entry.preference);
        if (error != std::errc() || end != text.data() + blank || entry.preference < 0 || entry.preference > 65535) {
          reader_.fail("mx", "must be like \"10 mx\", \"mx.other.test\" or \"0 .\"");
        }
        name.remove_prefix(blank + 1);
      }
      const auto target = resolve_name(name, place_.origin);
      if (!target) reader_.fail("mx", fmt::format("has \"{}\", which is no domain name", text.substr(0, 80)));
      entry.target = target.value_or(Domain());
      mx_.push_back(std::move(entry));
    }
    // A host that is the domain itself and nothing else is an implicit MX: there is no record to write.
    const bool implicit = !reader_.has("mx") && mx_.size() == 1 && mx_[0].target == *out_.spec.domain;
    for (const MxEntry& entry : mx_) {
      if (!entry.target.is_root()) out_.mx_names.push_back(entry.target.ascii());
      if (implicit) continue;
      out_.mx_records.push_back(
          fmt::format("{}. MX {} {}.", out_.spec.domain->ascii(), entry.preference, entry.target.ascii()));
    }
  }

  void read_message() {
    CaseSpec& spec = out_.spec;
    reader_.texts("recipients", spec.recipients);
    if (spec.recipients.empty() && spec.domain) spec.recipients.push_back("user@" + spec.domain->ascii());
    if (spec.recipients.empty()) reader_.fail("recipients", "is missing, and there is no 'domain' to guess them from");
    for (const std::string& recipient : spec.recipients) check_mailbox("recipients", recipient);
    reader_.flag("requiretls", spec.requiretls);
    reader_.flag("notification", spec.notification);
    reader_.flag("tls_required_no", spec.tls_required_no);
    if (reader_.has("local_rule")) {
      reader_.choice("local_rule", spec.local_rule, {"none", "may", "encrypt", "secure", "dane", "dane-only"});
    }
    reader_.text("message", spec.message);
    if (const TomlNode* settings = reader_.table("settings")) read_settings(*settings);
  }

  void check_mailbox(std::string_view key, const std::string& text) {
    if (const auto mailbox = Mailbox::parse(text); !mailbox) {
      reader_.fail(key, fmt::format("has \"{}\": {}", text.substr(0, 80), mailbox.error().context));
    }
  }

  void read_settings(const TomlNode& node) {
    for (const auto& [key, value] : node.members) {
      if (value.kind == TomlNode::Kind::Text) {
        out_.spec.settings[key] = value.text;
      } else if (value.kind == TomlNode::Kind::Number) {
        out_.spec.settings[key] = std::to_string(value.number);
      } else if (value.kind == TomlNode::Kind::Flag) {
        out_.spec.settings[key] = value.flag ? "true" : "false";
      } else {
        reader_.fail("settings", "has plain values only, with the whole key in quotes: \"delivery.chunking\" = false");
      }
    }
  }

  void read_expectations() {
    CaseSpec& spec = out_.spec;
    const TomlNode* expect = reader_.table("expect");
    if (expect) spec.expect = read_expectation(*expect, place_);
    if (const TomlNode* each = reader_.table("expect_for")) {
      for (const auto& [recipient, expectation] : each->members) {
        check_mailbox("expect_for", recipient);
        if (std::ranges::find(spec.recipients, recipient) == spec.recipients.end()) {
          reader_.fail("expect_for", fmt::format("has {}, who is not among the recipients", recipient.substr(0, 80)));
        }
        spec.expect_for.emplace(recipient, read_expectation(expectation, place_));
      }
    }
    std::vector<std::string> names;
    reader_.texts("no_body_at", names);
    for (const std::string& text : names) {
      const auto name = resolve_name(text, place_.origin);
      if (!name) reader_.fail("no_body_at", fmt::format("has \"{}\", which is no domain name", text.substr(0, 80)));
      if (name) spec.no_body_at.push_back(name->ascii());
    }
    if (!reader_.has("no_body_at") && !expects_delivery(spec)) {
      for (const Domain& host : spec.hosts) spec.no_body_at.push_back(host.ascii());
    }
  }

  static bool expects_delivery(const CaseSpec& spec) {
    return std::ranges::any_of(spec.recipients, [&](const std::string& recipient) {
      const auto own = spec.expect_for.find(recipient);
      return (own == spec.expect_for.end() ? spec.expect : own->second).outcome == "delivered";
    });
  }

  TableReader reader_;
  Place place_;
  ReadCase out_;
  std::vector<MxEntry> mx_;
};

}  // namespace

ReadCase read_case(const TomlNode& node, Trouble& trouble) { return CaseReader(node, trouble).read(); }

}  // namespace postseal::lab
