#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads one [[case]] with the little world that it carries inline, and spells its shorthand out.
#include <optional>
#include <string>
#include <vector>

#include "lab/world_parts.h"

namespace postseal::lab {

struct ReadCase {
  CaseSpec spec;
  bool own_zone = true;         ///< false: "zone = false", the domain's records go to the zone above
  std::vector<ZoneSpec> zones;  ///< those that are spelled out
  std::vector<HostSpec> hosts;
  std::vector<FaultSpec> faults;
  std::optional<ReadPolicy> policy;
  std::vector<std::string> mx_records;  ///< zone file lines with absolute owner
  std::vector<std::string> mx_names;    ///< the targets, for the policy
};

ReadCase read_case(const TomlNode& node, Trouble& trouble);

}  // namespace postseal::lab
