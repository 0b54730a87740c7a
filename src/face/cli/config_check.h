#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the server would stumble over, found before it starts: the files, users and addresses that settings name.
#include <string>
#include <vector>

#include "edge/settings/settings.h"
#include "vocab/clock.h"

namespace postseal::cli {

struct ConfigFindings {
  std::vector<std::string> errors;    ///< the server would not run
  std::vector<std::string> warnings;  ///< it would, and mail would suffer
};

/// Reads files; changes nothing.
ConfigFindings check_config(const settings::Settings& settings, WallTime now);

}  // namespace postseal::cli
