// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/in_force.h"

#include <fmt/format.h>

#include <algorithm>

#include "edge/privileges/file_modes.h"
#include "edge/store/atomic_file.h"

namespace postseal::daemon {

namespace {

constexpr std::size_t kMostPem = 1024 * 1024;

std::expected<std::string, std::string> read_pem(const std::string& path, std::string_view what) {
  auto text = store::read_file(path, kMostPem);
  if (!text) return std::unexpected(fmt::format("{}: {}", path, text.error()));
  if (!*text) {
    return std::unexpected(fmt::format(
        "{}: there is no such {}; `postseal init` makes one, or set server.{} in the settings", path, what, what));
  }
  return std::move(**text);
}

}  // namespace

addressing::Directory build_directory(const settings::Settings& settings,
                                      const std::vector<accounts::AccountInfo>& accounts,
                                      std::vector<std::string>& complaints) {
  auto domains = settings.domains;
  auto aliases = settings.aliases;
  for (const auto& account : accounts) {
    const auto* domain = std::get_if<Domain>(&account.address.destination());
    const auto home = domain ? std::ranges::find(domains, *domain, &addressing::LocalDomain::name) : domains.end();
    if (home == domains.end()) {
      complaints.push_back(fmt::format("the account {} is in none of our domains: it can log in, and gets no mail",
                                       account.address.to_string()));
      continue;
    }
    home->users.push_back(account.address.local_part());
    if (account.forward_to.empty()) continue;
    aliases.push_back({.match = account.address.to_string(), .to = account.forward_to, .keep = account.keep_copy});
  }
  auto hostname = Domain::parse(settings.delivery.hostname);
  addressing::Directory directory(std::move(domains), std::move(aliases),
                                  hostname ? std::optional(*hostname) : std::nullopt);
  std::ranges::copy(directory.mistakes(), std::back_inserter(complaints));
  return directory;
}

std::expected<std::shared_ptr<const tls::ServerContext>, std::string> load_certificate(
    const settings::ServerSettings& settings, std::shared_ptr<tls::TicketKeys> tickets) {
  if (settings.certificate.empty() && settings.key.empty()) return nullptr;
  auto chain = read_pem(settings.certificate, "certificate");
  if (!chain) return std::unexpected(chain.error());
  if (auto safe = privileges::check_secret_file(settings.key); !safe) return std::unexpected(safe.error());
  auto key = read_pem(settings.key, "key");
  if (!key) return std::unexpected(key.error());
  auto server = tls::ServerSettings::for_mail({std::move(*chain), std::move(*key)});
  server.tickets = std::move(tickets);
  auto context = tls::ServerContext::create(server);
  if (!context) {
    return std::unexpected(
        fmt::format("the certificate {} with the key {}: {}", settings.certificate, settings.key, context.error()));
  }
  return std::make_shared<const tls::ServerContext>(std::move(*context));
}

inbound::Rules rules_of(const settings::Settings& settings) {
  inbound::Rules rules;
  rules.hostname = settings.delivery.hostname;
  rules.server = settings.server;
  rules.limits = settings.limits;
  rules.authserv_id = settings.authentication.authserv_id;
  if (settings.authentication.enabled) {
    rules.authentication = std::make_shared<const authenticate::Rules>(
        authenticate::Rules{settings.authentication, settings.delivery.hostname});
  }
  rules.signing = settings.signing;
  return rules;
}

}  // namespace postseal::daemon
