// SPDX-License-Identifier: Apache-2.0
#include "lab/names.h"

#include <fmt/core.h>

#include <fstream>

#include "lab/signing.h"

namespace postseal::lab {

std::expected<Names, std::string> Names::start(const NamesSetup& setup, boost::asio::any_io_executor executor,
                                               Deadline deadline) {
  const auto zones = write_zones({setup.world, setup.addresses, setup.credentials, setup.smtp_port});
  if (!zones) return std::unexpected(zones.error());
  const auto directory = std::filesystem::absolute(setup.directory);
  if (auto written = sign_zones(*zones, directory); !written) return std::unexpected(std::move(written.error()));
  const std::string anchor = (directory / "root.key").string();
  std::ofstream out(anchor, std::ios::trunc);
  out << fmt::format(". IN DNSKEY {}\n", zones->front().key.dnskey());
  out.close();
  if (!out) return std::unexpected(fmt::format("{} cannot be written", anchor));

  auto server = NameServer::start(*zones, directory, Addresses::name_server(), deadline);
  if (!server) return std::unexpected(std::move(server.error()));
  auto front = NameFront::start({.address = Addresses::name_front(),
                                 .port = setup.dns_port,
                                 .server = Addresses::name_server(),
                                 .server_port = server->port(),
                                 .faults = setup.world.faults,
                                 .smtp_port = setup.smtp_port},
                                std::move(executor));
  if (!front) return std::unexpected(std::move(front.error()));
  return Names(std::move(*server), std::move(*front), anchor);
}

void Names::apply(settings::Settings& settings) const {
  settings.resolver.mode = settings::ResolverMode::Iterate;
  settings.resolver.server.reset();
  settings.resolver.root = root();
  settings.resolver.trust_anchor = trust_anchor_;
}

}  // namespace postseal::lab
