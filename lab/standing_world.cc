// SPDX-License-Identifier: Apache-2.0
#include "lab/standing_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include "lab/launch.h"
#include "lab/mail_server.h"
#include "lab/names.h"
#include "lab/policy_server.h"
#include "lab/real_server.h"

namespace postseal::lab {

namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr seconds kStartLimit{60};

std::expected<void, std::string> write_text(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) return std::unexpected(fmt::format("cannot write {}", path.string()));
  return {};
}

/// A program in a folder is meant relative to the world's file; a bare name is looked up in PATH.
std::vector<std::string> resolved(std::vector<std::string> command, const fs::path& world_file) {
  const fs::path program = command.front();
  if (program.is_relative() && program.has_parent_path()) {
    command.front() = fs::weakly_canonical(fs::absolute(world_file.parent_path() / program)).string();
  }
  return command;
}

/// A server of the lab shows whatever certificate it was given, MD5 and short keys too.
tls::ServerSettings as_weak_as_told(const Issued& identity) {
  tls::ServerSettings settings;
  settings.chain_pem = identity.chain_pem;
  settings.key_pem = identity.key_pem;
  settings.security_level = 0;
  return settings;
}

}  // namespace

struct StandingWorld::Impl {
  Impl(World given, Premises where) : world(std::move(given)), premises(std::move(where)), addresses(world) {}

  World world;
  Premises premises;
  Addresses addresses;
  RawLog log;
  std::optional<Credentials> credentials;
  settings::Settings as_inhabitant;  ///< what Names::apply() set

  std::vector<std::unique_ptr<MailServer>> mail_servers;
  std::vector<std::unique_ptr<PolicyServer>> policy_servers;
  std::vector<std::unique_ptr<RealServer>> real_servers;
  std::optional<Names> names;
  // Destroyed before everything above: sessions that hang and listeners refer to their servers.
  std::unique_ptr<boost::asio::io_context> io;
  std::thread thread;

  using Done = std::expected<void, std::string>;

  Done issue() {
    auto authority = Authority::create();
    if (!authority) return std::unexpected(authority.error());
    auto issued = issue_credentials(*authority, world);
    if (!issued) return std::unexpected(issued.error());
    credentials = std::move(*issued);
    return write_text(premises.directory / "ca.pem", authority->root_pem());
  }

  Done start_names() {
    const NamesSetup setup{
        world, addresses, *credentials, premises.directory / "names", premises.ports.smtp, premises.ports.dns};
    auto started = Names::start(setup, io->get_executor(), Deadline::in(kStartLimit));
    if (!started) return std::unexpected(started.error());
    names.emplace(std::move(*started));
    names->apply(as_inhabitant);
    return {};
  }

  Done start_real_servers() {
    for (const HostSpec& host : world.hosts) {
      if (host.server.command.empty() || !host.listens) continue;
      const Issued& identity = credentials->hosts.at(host.name);
      auto server = RealServer::start({.host = host.name,
                                       .command = resolved(host.server.command, premises.world_file),
                                       .address = addresses.of_host(host.name).front(),
                                       .port = premises.ports.smtp,
                                       .chain_pem = identity.chain_pem,
                                       .key_pem = identity.key_pem,
                                       .directory = premises.directory / host.name.ascii()},
                                      Deadline::in(kStartLimit));
      if (!server) return std::unexpected(server.error());
      real_servers.push_back(std::move(*server));
    }
    return {};
  }

  Awaitable<Done> open_mail_servers() {
    for (const HostSpec& host : world.hosts) {
      if (!host.server.command.empty() || !host.listens) continue;
      const Issued& identity = credentials->hosts.at(host.name);
      const tls::ServerSettings settings = as_weak_as_told(identity);
      auto server = MailServer::create(host.name, host.server, settings, log);
      if (!server) co_return std::unexpected(server.error());
      mail_servers.push_back(std::move(*server));
      for (const IpAddress& address : addresses.of_host(host.name)) {
        auto listener = co_await net::listen_tcp(address, premises.ports.smtp);
        if (!listener) co_return std::unexpected(host.name.ascii() + ": " + listener.error().context);
        launch(io->get_executor(), mail_servers.back()->serve(std::move(*listener)));
      }
    }
    co_return Done{};
  }

  Awaitable<Done> open_policy_servers() {
    for (const PolicySpec& policy : world.policies) {
      if (policy.behaviour == "refused" || policy.behaviour == "absent") continue;
      const Issued& identity = credentials->policies.at(policy.domain);
      const tls::ServerSettings settings = as_weak_as_told(identity);
      auto server = PolicyServer::create(policy, settings, log);
      if (!server) co_return std::unexpected(server.error());
      policy_servers.push_back(std::move(*server));
      auto listener = co_await net::listen_tcp(addresses.of_policy_host(policy.domain), premises.ports.https);
      if (!listener) co_return std::unexpected("mta-sts." + policy.domain.ascii() + ": " + listener.error().context);
      launch(io->get_executor(), policy_servers.back()->serve(std::move(*listener)));
    }
    co_return Done{};
  }

  Awaitable<void> open_all(std::promise<Done>* ready) {
    Done opened = co_await open_mail_servers();
    if (opened) opened = co_await open_policy_servers();
    ready->set_value(opened);
  }

  /// The servers' thread: child processes belong to it, since they die with the thread that started them.
  void run(std::promise<Done>* ready) {
    Done started = start_names();
    if (started) started = start_real_servers();
    if (started) {
      launch(io->get_executor(), open_all(ready));
      const auto guard = boost::asio::make_work_guard(*io);
      io->run();
    }
    names.reset();
    real_servers.clear();
    if (!started) ready->set_value(started);
  }

  Done bring_up() {
    if (auto issued = issue(); !issued) return issued;
    io = std::make_unique<boost::asio::io_context>(1);
    std::promise<Done> ready;
    auto result = ready.get_future();
    thread = std::thread([this, &ready] { run(&ready); });
    return result.get();
  }

  ~Impl() {
    if (!thread.joinable()) return;
    boost::asio::post(*io, [this] { io->stop(); });
    thread.join();
  }
};

StandingWorld::StandingWorld(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StandingWorld::~StandingWorld() = default;

std::expected<std::unique_ptr<StandingWorld>, std::string> StandingWorld::bring_up(World world, Premises premises) {
  auto impl = std::make_unique<Impl>(std::move(world), std::move(premises));
  if (auto up = impl->bring_up(); !up) return std::unexpected(up.error());
  return std::unique_ptr<StandingWorld>(new StandingWorld(std::move(impl)));
}

const World& StandingWorld::world() const { return impl_->world; }
const Premises& StandingWorld::premises() const { return impl_->premises; }
RawLog& StandingWorld::log() { return impl_->log; }

void StandingWorld::apply(settings::Settings& settings) const {
  // Short: what is dead in a world stays dead.
  constexpr seconds kShort{2}, kWhole{8};
  const settings::ResolverSettings& names = impl_->as_inhabitant.resolver;
  settings.resolver.mode = names.mode;
  settings.resolver.server = names.server;
  settings.resolver.root = names.root;
  settings.resolver.trust_anchor = names.trust_anchor;
  settings.resolver.timeout = kShort;
  settings.delivery.hostname = "sender.lab.test";
  settings.delivery.port = impl_->premises.ports.smtp;
  settings.delivery.timeout = kWhole;
  settings.delivery.connect_timeout = kShort;
  settings.mta_sts.timeout = kShort;
  settings.mta_sts.https_port = impl_->premises.ports.https;
  settings.mta_sts.private_addresses = true;
  settings.ca_file = (impl_->premises.directory / "ca.pem").string();
  settings.cache_dir = (impl_->premises.directory / "cache").string();
}

std::vector<std::string> StandingWorld::asked() {
  std::promise<std::vector<std::string>> answer;
  auto result = answer.get_future();
  // Behind everything that is ready now, and once more behind what that makes ready.
  boost::asio::post(*impl_->io, [this, &answer] {
    boost::asio::post(*impl_->io, [this, &answer] { answer.set_value(impl_->names->asked()); });
  });
  return result.get();
}

std::map<Domain, std::vector<std::string>> StandingWorld::real_letters() const {
  std::map<Domain, std::vector<std::string>> letters;
  for (const auto& server : impl_->real_servers) letters[server->setup().host] = server->received();
  return letters;
}

bool StandingWorld::is_real(const Domain& host) const {
  return std::ranges::any_of(impl_->real_servers, [&](const auto& server) { return server->setup().host == host; });
}

}  // namespace postseal::lab
