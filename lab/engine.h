#pragma once
// SPDX-License-Identifier: Apache-2.0
// Postseal as a sender in a world: the ordinary adapters and the ordinary delivery, set up afresh for every case.
#include <expected>
#include <string>
#include <vector>

#include "edge/settings/settings.h"
#include "flow/outbound/record.h"
#include "lab/world.h"

namespace postseal::lab {

struct Sent {
  std::vector<outbound::DeliveryRecord> records;
  std::string wire;   ///< the letter with CRLF line ends
  std::string trace;  ///< steps and SMTP lines, for --verbose
};

/// Sends the letter to the case's recipients as the case asks, and waits for the end of it. The error says why nothing
/// could be sent. Blocks; uses no thread but the caller's and the adapters' own.
std::expected<Sent, std::string> send_case(const CaseSpec& spec, std::string letter, settings::Settings settings);

/// The settings of one case over those of its world.
std::expected<void, std::string> apply_case(const CaseSpec& spec, settings::Settings& settings);

/// Puts the policies that a world's cached tables describe into a cache folder.
std::expected<void, std::string> seed_policy_cache(const World& world, const std::string& cache_dir);

}  // namespace postseal::lab
