#pragma once
// SPDX-License-Identifier: Apache-2.0
// A world that is up: names, mail servers and policy hosts running on a thread of their own until this is destroyed.
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "edge/settings/settings.h"
#include "lab/netns.h"
#include "lab/raw_log.h"
#include "lab/world.h"

namespace postseal::lab {

struct Premises {
  std::filesystem::path directory;   ///< zones, keys, logs, what real servers receive; exists and is empty
  std::filesystem::path world_file;  ///< commands and messages are relative to it
  Ports ports;
};

class StandingWorld {
 public:
  /// Everything listens when this returns. The error is one line: what could not be brought up, and why.
  static std::expected<std::unique_ptr<StandingWorld>, std::string> bring_up(World world, Premises premises);
  ~StandingWorld();

  const World& world() const;
  const Premises& premises() const;
  /// What somebody who lives in this world must have set: resolver, trust anchor, CA, ports; and short timeouts.
  void apply(settings::Settings& settings) const;

  RawLog& log();
  /// What the name servers were asked so far, and a guarantee that the servers' thread has read what had arrived.
  std::vector<std::string> asked();
  /// What the real servers have on disk.
  std::map<Domain, std::vector<std::string>> real_letters() const;
  bool is_real(const Domain& host) const;

 private:
  struct Impl;
  explicit StandingWorld(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::lab
