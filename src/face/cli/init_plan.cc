// SPDX-License-Identifier: Apache-2.0
#include "face/cli/init_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "edge/accounts/accounts.h"
#include "edge/settings/server_values.h"

namespace postseal::cli {

namespace {

constexpr std::uint16_t kUnprivilegedBase = 10000;
constexpr std::uint16_t kLargestBase = 64000;

/// Settings files name absolute paths: the server may be started from anywhere.
std::string absolute(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::expected<void, std::string> place_files(const InitWish& wish, InitPlan& plan) {
  settings::Settings& settings = plan.settings;
  if (!wish.directory.empty()) {
    const std::string root = without_slash(absolute(wish.directory));
    plan.config = wish.config.empty() ? root + "/postseal.toml" : absolute(wish.config);
    settings.store.directory = root + "/store";
    settings.admin.socket = root + "/run/admin.sock";
    plan.socket_directory = root + "/run";
    settings.server.certificate = root + "/tls/cert.pem";
    settings.server.key = root + "/tls/key.pem";
  } else if (wish.root) {
    plan.config = wish.config.empty() ? "/etc/postseal/postseal.toml" : absolute(wish.config);
    const std::string beside = std::filesystem::path(plan.config).parent_path().string();
    settings.server.certificate = beside + "/tls/cert.pem";
    settings.server.key = beside + "/tls/key.pem";
  } else {
    return std::unexpected("you are not root: name a directory of yours with --directory, and everything goes there");
  }
  if (wish.certificate.empty() != wish.key.empty()) return std::unexpected("--certificate and --key go together");
  plan.makes_certificate = wish.certificate.empty();
  if (!plan.makes_certificate) {
    settings.server.certificate = absolute(wish.certificate);
    settings.server.key = absolute(wish.key);
  }
  settings.cache_dir = settings.store.directory + "/cache";
  if (settings.admin.socket.size() > 107)
    return std::unexpected(fmt::format("--directory: {} is too long for a socket (107 octets); choose a shorter one",
                                       settings.admin.socket));
  return {};
}

std::expected<void, std::string> choose_ports(const InitWish& wish, settings::Settings& settings) {
  const std::uint16_t base =
      wish.port_base.value_or(wish.root && wish.directory.empty() ? std::uint16_t{0} : kUnprivilegedBase);
  if (base > kLargestBase) return std::unexpected(fmt::format("--port-base is 0..{}", kLargestBase));
  settings.listeners = settings::listeners_of({});
  for (settings::Listener& listener : settings.listeners)
    listener.port = static_cast<std::uint16_t>(listener.port + base);
  return {};
}

std::expected<void, std::string> choose_names(const InitWish& wish, InitPlan& plan) {
  settings::Settings& settings = plan.settings;
  const auto host = Domain::parse(wish.hostname);
  if (!host) return std::unexpected("--hostname: " + host.error().context);
  settings.delivery.hostname = host->ascii();
  const auto transport = settings::parse_transport(wish.delivery);
  if (!transport) return std::unexpected("--delivery: " + transport.error());
  for (const std::string& text : wish.domains) {
    const auto domain = Domain::parse(text);
    if (!domain) return std::unexpected("--domain: " + domain.error().context);
    settings.domains.push_back({.name = *domain, .transport = *transport, .catch_all = {}});
  }
  const bool with_domain = wish.user.contains('@');
  const auto user =
      accounts::Accounts::canonical(with_domain ? wish.user : wish.user + "@" + settings.domains.front().name.ascii());
  if (!user)
    return std::unexpected(
        fmt::format("--user: \"{}\" is no name of a user; give alice or alice@example.org", wish.user));
  const auto* domain = std::get_if<Domain>(&user->destination());
  const bool is_ours = domain != nullptr &&
                       std::ranges::any_of(settings.domains, [&](const auto& ours) { return ours.name == *domain; });
  if (!is_ours)
    return std::unexpected(fmt::format("--user: {} is in none of the domains given with --domain", user->to_string()));
  plan.users = {*user};
  // RFC 5321 §4.5.1 wants somebody to read postmaster's mail, RFC 2142 §4 abuse's.
  for (const char* role : {"postmaster", "abuse"})
    if (user->local_part() != role) settings.aliases.push_back({.match = role, .to = {*user}, .to_domain = {}});
  return {};
}

std::string first_user(const InitPlan& plan) { return plan.users.front().to_string(); }

std::uint16_t port_of(const InitPlan& plan, settings::ListenerRole role) {
  for (const settings::Listener& listener : plan.settings.listeners)
    if (listener.role == role) return listener.port;
  return 0;
}

std::string dns_records(const InitPlan& plan, const std::string& key_digest, const std::vector<IpAddress>& addresses,
                        const std::vector<std::string>& signing_records) {
  const std::string& host = plan.settings.delivery.hostname;
  std::string text;
  for (const auto& domain : plan.settings.domains)
    text += fmt::format("    {}. MX 10 {}.\n", domain.name.ascii(), host);
  for (const IpAddress& address : addresses)
    text += fmt::format("    {}. {} {}\n", host, address.is_v4() ? "A" : "AAAA", address.to_string());
  if (addresses.empty())
    text += fmt::format("    {}. A (the address at which the internet reaches this machine)\n", host);
  for (const auto& domain : plan.settings.domains)
    text += fmt::format("    {}. TXT \"v=spf1 mx -all\"\n", domain.name.ascii());
  for (const std::string& record : signing_records) text += fmt::format("    {}\n", record);
  for (const auto& domain : plan.settings.domains) {
    if (!signing_records.empty())
      text += fmt::format("    _dmarc.{}. TXT \"v=DMARC1; p=quarantine\"\n", domain.name.ascii());
  }
  if (!key_digest.empty()) text += fmt::format("    _25._tcp.{}. TLSA 3 1 1 {}\n", host, key_digest);
  return text;
}

}  // namespace

std::expected<InitPlan, std::string> plan_init(const InitWish& wish) {
  InitPlan plan;
  if (wish.domains.empty()) return std::unexpected("--domain is missing");
  if (auto done = choose_names(wish, plan); !done) return std::unexpected(done.error());
  if (auto done = place_files(wish, plan); !done) return std::unexpected(done.error());
  if (auto done = choose_ports(wish, plan.settings); !done) return std::unexpected(done.error());
  if (!wish.run_as.empty()) {
    plan.settings.server.user = wish.run_as;
  } else if (!wish.root) {
    plan.settings.server.user = wish.own_name;
  }
  return plan;
}

std::string config_text(const InitPlan& plan) {
  std::string text =
      "# Settings of the mail server, written by `postseal init`. Every key there is stands here; those that begin "
      "with\n"
      "# \"# \" have the value that is shown, unless you change it. After a change:\n"
      "#   postseal config check" +
      (plan.config == "/etc/postseal/postseal.toml" ? std::string() : " --config " + plan.config) +
      "\n#   systemctl reload postseal, or SIGHUP to the server\n\n";
  return text + settings::settings_toml(plan.settings, settings::TomlStyle::Commented);
}

std::string next_steps(const InitPlan& plan, const std::string& key_digest, const std::vector<IpAddress>& addresses,
                       const std::vector<std::string>& signing_records) {
  const std::string config = plan.config == "/etc/postseal/postseal.toml" ? "" : " --config " + plan.config;
  std::string text =
      "\nWhat to do next\n\n1. Publish these DNS records, in a zone that is signed with DNSSEC if you can:\n";
  text += dns_records(plan, key_digest, addresses, signing_records);
  if (!signing_records.empty())
    text += "   Letters are signed as soon as the server finds the _domainkey records in DNS.\n";
  text +=
      "   The TLSA record counts only in a signed zone. Before you ever change the key, publish the new one's beside "
      "it.\n";
  const std::uint16_t relay = port_of(plan, settings::ListenerRole::Relay);
  if (relay != 25)
    text += fmt::format(
        "   Other servers deliver to port 25 only: this one listens on {}, so forward 25 to it, or try it locally.\n",
        relay);
  text += fmt::format("2. Start it:\n    {}\n",
                      config.empty() ? "systemctl enable --now postseal" : "postseal serve" + config);
  text +=
      fmt::format("3. Set up a mail program: {}, SMTP server {}, port {} (TLS) or {} (STARTTLS).\n", first_user(plan),
                  plan.settings.delivery.hostname, port_of(plan, settings::ListenerRole::Submissions),
                  port_of(plan, settings::ListenerRole::Submission));
  if (plan.makes_certificate)
    text += fmt::format(
        "   The certificate signed itself, which is right for DANE; mail programs will warn. One from an authority "
        "goes to\n"
        "   {} and {}.\n",
        plan.settings.server.certificate, plan.settings.server.key);
  text += fmt::format("4. Look:\n    postseal queue list{}\n    postseal explain example.org{}\n", config, config);
  return text;
}

}  // namespace postseal::cli
