#pragma once
// SPDX-License-Identifier: Apache-2.0
// For tests: the names of a world brought up for real (ldns-signzone, knotd, the name front), and libunbound as the one
// who asks.
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "edge/resolver/resolver.h"
#include "lab/names.h"

namespace postseal::lab {

/// A folder of its own for each test; gone with it.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "postseal-lab-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// REQUIRES: a world that is right; throws if it cannot be brought up.
class LiveNames {
 public:
  explicit LiveNames(std::string_view toml) : world_(parse_world(toml, "w.toml")), authority_(Authority::create()) {
    if (!world_) throw std::runtime_error(to_string(world_.error()));
    addresses_.emplace(*world_);
    credentials_ = issue_credentials(*authority_, *world_).value();
    auto names = Names::start({*world_, *addresses_, credentials_, folder_.path() / "names", 2525, 0},
                              io_.get_executor(), Deadline::in(std::chrono::seconds(20)));
    if (!names) throw std::runtime_error(names.error());
    names_.emplace(std::move(*names));
    use(config());
  }

  /// Somebody who lives in this world.
  resolver::ResolverConfig config() const {
    resolver::ResolverConfig config;
    config.root = resolver::ServerAddress{names_->root().address, names_->root().port};
    config.trust_anchor = names_->trust_anchor();
    config.lab = true;
    return config;
  }
  void use(resolver::ResolverConfig config) {
    auto resolver = resolver::UnboundResolver::create(std::move(config), io_.get_executor());
    if (!resolver) throw std::runtime_error(resolver.error());
    resolver_ = std::move(*resolver);
  }

  template <class T>
  T run(Awaitable<T> work) {
    std::optional<T> result;
    boost::asio::co_spawn(io_, std::move(work), [&](std::exception_ptr, T got) { result = std::move(got); });
    io_.restart();
    while (!result) io_.run_one();
    return std::move(*result);
  }
  dns::RawAnswer ask(const std::string& name, dns::RecordType type,
                     std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    return run(resolver_->lookup(*Domain::parse_dns(name), type, Deadline::in(patience)));
  }
  /// "found secure", "nxdomain", "bogus", ...
  std::string state(const std::string& name, dns::RecordType type) {
    const auto answer = ask(name, type);
    return std::string(to_string(answer.state)) + (answer.secure ? " secure" : "");
  }
  resolver::UnboundResolver& resolver() { return *resolver_; }
  const Names& names() const { return *names_; }

 private:
  Folder folder_;
  std::expected<World, WorldError> world_;
  std::expected<Authority, std::string> authority_;
  std::optional<Addresses> addresses_;
  Credentials credentials_;
  boost::asio::io_context io_;
  std::optional<Names> names_;
  std::unique_ptr<resolver::UnboundResolver> resolver_;
};

}  // namespace postseal::lab
