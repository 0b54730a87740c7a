#pragma once
// SPDX-License-Identifier: Apache-2.0
// World to zone files: the root, the top-level domains and every zone of the world, delegated from above with glue and
// DS, with the records that hosts and policies need. All zones live on one server address. Text only; signing.h signs.
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "lab/addresses.h"
#include "lab/credentials.h"
#include "lab/world.h"
#include "lab/zone_key.h"

namespace postseal::lab {

struct ZoneFile {
  Domain name;
  Signing signing = Signing::Signed;
  bool nsec3 = false;
  int nsec3_iterations = 0;
  ZoneKey key;
  std::string text;  ///< unsigned, without DNSKEY
  /// Records that take the place of those of the same owner and type after signing; owner absolute, "OWNER TYPE RDATA".
  std::vector<std::string> forged;
};

struct ZonePlan {
  const World& world;
  const Addresses& addresses;
  const Credentials& credentials;
  std::uint16_t smtp_port = 25;
};

/// The root first. The error names the zone and the record that is wrong.
std::expected<std::vector<ZoneFile>, std::string> write_zones(const ZonePlan& plan);

/// "_25._tcp" at the beginning of a name becomes "_PORT._tcp".
std::string with_port(std::string_view name, std::uint16_t port);

}  // namespace postseal::lab
