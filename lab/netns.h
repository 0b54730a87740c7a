#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where the lab lives: in a network namespace of its own, where every port of every 127.x.y.z is free and nothing can
// leave; or, for those who are not root, on high ports of the machine's loopback.
#include <cstdint>
#include <expected>
#include <string>

namespace postseal::lab {

struct Ports {
  std::uint16_t smtp = 25;
  std::uint16_t https = 443;
  std::uint16_t dns = 53;
};

/// Whether this process may make itself a network namespace.
bool may_have_namespace();

/// Moves the calling thread into a new network namespace with a loopback that is up. REQUIRES: no other threads yet
/// (they would stay behind).
std::expected<void, std::string> enter_namespace();

/// Three ports that nobody on this machine listens on, for TCP on any address, and for UDP.
std::expected<Ports, std::string> free_high_ports();

}  // namespace postseal::lab
