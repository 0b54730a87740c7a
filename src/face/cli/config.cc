// SPDX-License-Identifier: Apache-2.0
// postseal config: is this a configuration that the server would run with, and what does it mean?
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "edge/privileges/privileges.h"
#include "face/cli/ask_server.h"
#include "face/cli/cli.h"
#include "face/cli/config_check.h"
#include "face/cli/run.h"

namespace postseal::cli {

namespace {

struct ConfigOptions {
  CommonOptions common;
  bool all = false;
};

/// With the eyes of the server: what root may read says nothing about what server.user may.
std::expected<void, std::string> see_as_server(const settings::Settings& settings) {
  if (!privileges::is_root()) return {};
  const auto user = privileges::find_user(settings.server.user);
  // An unknown user, and root, are findings of their own.
  return user && user->uid != 0 ? privileges::become(*user) : std::expected<void, std::string>();
}

int check(const ConfigOptions& options) {
  const auto settings = settings_from(options.common);
  if (!settings) return fail(kConfig, settings.error().to_string());
  if (auto seen = see_as_server(*settings); !seen) return fail(kNoPermission, seen.error());
  const ConfigFindings findings = check_config(*settings, SystemClock().now());
  for (const std::string& warning : findings.warnings) fmt::print(stderr, "warning: {}\n", warning);
  for (const std::string& error : findings.errors) fmt::print(stderr, "postseal: {}\n", error);
  if (!findings.errors.empty()) return kConfig;
  fmt::print("{}: the server would run with this\n",
             options.common.config.empty() ? "/etc/postseal/postseal.toml" : options.common.config);
  return kOk;
}

int show(const ConfigOptions& options) {
  const auto settings = settings_from(options.common);
  if (!settings) return fail(kConfig, settings.error().to_string());
  fmt::print("{}", settings::settings_toml(*settings,
                                           options.all ? settings::TomlStyle::Commented : settings::TomlStyle::Brief));
  return kOk;
}

}  // namespace

void add_config(CLI::App& app, int& exit_code) {
  CLI::App* config = app.add_subcommand("config", "Look at the settings before the server does");
  config->require_subcommand(1);
  const auto options = std::make_shared<ConfigOptions>();
  CLI::App* checking = config->add_subcommand("check", "Read the file, and look at what it names");
  add_config_option(*checking, options->common);
  checking->footer(
      "Looks at every key and value, at certificate and key, at users, directories and file modes; changes nothing.\n"
      "Root looks as server.user would. Exit codes: 0 the server would run with this (warnings are possible), 77 root\n"
      "cannot become server.user, 78 the server would not.");
  checking->callback([options, &exit_code] { exit_code = check(*options); });
  CLI::App* showing = config->add_subcommand("show", "Print what differs from the defaults, in canonical form");
  add_config_option(*showing, options->common);
  showing->add_flag("--all", options->all, "Every key, with its explanation");
  showing->callback([options, &exit_code] { exit_code = show(*options); });
}

}  // namespace postseal::cli
