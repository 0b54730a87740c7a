#pragma once
// SPDX-License-Identifier: Apache-2.0
// How commands reach the running server: over its Unix socket, as docs/operator/queue.md has it for other programs.
#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "face/cli/options.h"

namespace postseal::cli {

struct ServerOptions {
  CommonOptions common;
  std::string socket;  ///< empty: as the settings say
};

/// --config, --socket, --json. REQUIRES: options outlives the app.
void add_server_options(CLI::App& app, ServerOptions& options);
/// --config alone, for commands that need no other setting.
void add_config_option(CLI::App& app, CommonOptions& options);

using Query = std::vector<std::pair<std::string, std::string>>;

/// The answer; else the exit code, after one line on standard error that says what to do.
std::expected<boost::json::object, int> ask_server(const ServerOptions& options, std::string method, std::string path,
                                                   Query query);

}  // namespace postseal::cli
