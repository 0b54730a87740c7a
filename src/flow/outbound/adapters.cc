// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/adapters.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "edge/store/policy_cache.h"

namespace postseal::outbound {

namespace {

std::string machine_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  // RFC 5321 §4.1.4: the name in EHLO must be a host name; a machine whose name is none says localhost.
  const auto domain = Domain::parse(name.data());
  return domain && domain->is_hostname() ? domain->ascii() : "localhost";
}

/// The XDG base directories, or the system's place for root. Never a folder that others may write to: what is trusted
/// (the anchor, policies) is remembered there. Empty if there is no home.
std::string default_cache_dir() {
  if (::getuid() == 0) return "/var/cache/postseal";
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache) return std::string(cache) + "/postseal";
  const char* home = std::getenv("HOME");
  return home && *home ? std::string(home) + "/.cache/postseal" : "";
}

resolver::ResolverConfig resolver_config(const settings::Settings& settings) {
  const auto& from = settings.resolver;
  resolver::ResolverConfig config;
  switch (from.mode) {
    case settings::ResolverMode::Iterate:
      config.mode = resolver::Mode::Iterate;
      break;
    case settings::ResolverMode::Forward:
      config.mode = resolver::Mode::Forward;
      break;
    case settings::ResolverMode::TrustAd:
      config.mode = resolver::Mode::TrustAd;
      break;
  }
  if (from.server) config.server = {from.server->address, from.server->port};
  if (from.root) config.root = {from.root->address, from.root->port};
  config.lab = from.root.has_value();
  config.trust_anchor = from.trust_anchor;
  config.state_dir = from.state_dir.empty() ? settings.cache_dir : from.state_dir;
  return config;
}

http::PolicyFetchSettings fetch_settings(const settings::Settings& settings) {
  http::PolicyFetchSettings fetch;
  fetch.https_port = settings.mta_sts.https_port;
  fetch.allow_private = settings.mta_sts.private_addresses;
  fetch.ca_file = settings.ca_file;
  fetch.timeout = settings.mta_sts.timeout;
  return fetch;
}

}  // namespace

std::expected<std::unique_ptr<resolver::UnboundResolver>, std::string> make_resolver(
    const settings::Settings& settings, boost::asio::any_io_executor executor, std::string_view place) {
  auto config = resolver_config(settings);
  if (!place.empty()) config.state_dir += "/" + std::string(place);
  return resolver::UnboundResolver::create(std::move(config), executor);
}

Adapters::Adapters(settings::Settings settings, tls::TrustStore trust)
    : settings_(std::move(settings)), trust_(std::move(trust)), tls_(trust_, clock_) {}

Adapters::~Adapters() = default;

std::expected<std::unique_ptr<Adapters>, std::string> Adapters::create(settings::Settings settings,
                                                                       boost::asio::any_io_executor executor,
                                                                       std::function<void(const std::string&)> warn) {
  if (settings.delivery.hostname.empty()) settings.delivery.hostname = machine_name();
  if (settings.cache_dir.empty()) settings.cache_dir = default_cache_dir();
  if (settings.cache_dir.empty())
    return std::unexpected("no place for the cache: HOME is not set; give --cache-dir DIR");

  auto trust = settings.ca_file.empty() ? std::expected<tls::TrustStore, std::string>(tls::TrustStore::system())
                                        : tls::TrustStore::from_file(settings.ca_file);
  if (!trust) return std::unexpected(trust.error());
  auto resolver = make_resolver(settings, executor);
  if (!resolver) return std::unexpected(resolver.error());

  std::unique_ptr<Adapters> adapters(new Adapters(std::move(settings), std::move(*trust)));
  adapters->resolver_ = std::move(*resolver);
  adapters->fetcher_ = std::make_unique<http::PolicyFetch>(*adapters->resolver_, fetch_settings(adapters->settings_));
  adapters->cache_ =
      std::make_unique<store::DiskPolicyCache>(adapters->settings_.cache_dir + "/mta-sts", std::move(warn));
  return adapters;
}

void Adapters::reload(settings::Settings settings) {
  if (settings.delivery.hostname.empty()) settings.delivery.hostname = settings_.delivery.hostname;
  settings.resolver = settings_.resolver;
  settings.mta_sts = settings_.mta_sts;
  settings.ca_file = settings_.ca_file;
  settings.cache_dir = settings_.cache_dir;
  settings_ = std::move(settings);
}

Services Adapters::services() { return {*resolver_, *fetcher_, *cache_, trust_, tls_, clock_}; }

}  // namespace postseal::outbound
