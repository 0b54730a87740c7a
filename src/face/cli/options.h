#pragma once
// SPDX-License-Identifier: Apache-2.0
// The options that send, explain and mta-sts lookup share: those of the settings table, --config, --json, --verbose.
#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "edge/settings/settings.h"

namespace CLI {
class App;
}

namespace postseal::cli {

struct CommonOptions {
  std::string config;
  std::vector<std::pair<std::string, std::string>> given;  ///< settings key, value; in the order given
  bool json = false;
  bool verbose = false;
};

/// Adds them to the subcommand. REQUIRES: options outlives the app.
void add_common_options(CLI::App& app, CommonOptions& options);

/// The file (--config, else /etc/postseal/postseal.toml where that exists), then the command line over it.
std::expected<settings::Settings, settings::SettingsError> settings_from(const CommonOptions& options);

}  // namespace postseal::cli
