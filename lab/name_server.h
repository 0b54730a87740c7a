#pragma once
// SPDX-License-Identifier: Apache-2.0
// Knot DNS as a child process that serves the lab's zones as they are, broken or not.
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "lab/child_process.h"
#include "lab/zones.h"
#include "vocab/clock.h"
#include "vocab/ip_address.h"

namespace postseal::lab {

class NameServer {
 public:
  /// Serves the files that sign_zones() wrote into the directory, on a free port of the address, and waits until every
  /// zone answers. REQUIRES: called from a thread that lives as long as the server: the server dies with it.
  static std::expected<NameServer, std::string> start(std::span<const ZoneFile> zones,
                                                      const std::filesystem::path& directory, IpAddress address,
                                                      Deadline deadline);
  std::uint16_t port() const { return port_; }

 private:
  NameServer(ChildProcess process, std::uint16_t port) : process_(std::move(process)), port_(port) {}
  ChildProcess process_;
  std::uint16_t port_;
};

}  // namespace postseal::lab
