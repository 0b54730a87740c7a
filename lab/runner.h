#pragma once
// SPDX-License-Identifier: Apache-2.0
// Runs the cases of a world that is up, several at a time, and compares what happened with what was expected.
#include <string>
#include <vector>

#include "lab/compare.h"
#include "lab/standing_world.h"

namespace postseal::lab {

struct RunSettings {
  std::vector<CaseSpec> cases;
  unsigned at_once = 12;  ///< most of a hostile world is waiting
};

struct RunResult {
  std::vector<CaseResult> cases;    ///< in the order given
  std::vector<std::string> traces;  ///< of each case, for --verbose
};

/// Every case has its own resolver, TLS sessions and policy cache.
RunResult run_cases(StandingWorld& world, const RunSettings& settings);

/// The cases with these names, or below them ("S31" is also "S31-expired"); all for none. The error names one that is
/// not there.
std::expected<std::vector<CaseSpec>, std::string> select_cases(const World& world,
                                                               const std::vector<std::string>& names);

}  // namespace postseal::lab
