// SPDX-License-Identifier: Apache-2.0
// postseal serve: the mail server.
#include <CLI/CLI.hpp>

#include "face/cli/cli.h"
#include "face/cli/options.h"
#include "face/cli/run.h"
#include "face/daemon/daemon.h"

namespace postseal::cli {

namespace {

int code_of(daemon::Failure::Kind kind) {
  switch (kind) {
    case daemon::Failure::Kind::Config:
      return kConfig;
    case daemon::Failure::Kind::Permission:
      return kNoPermission;
    case daemon::Failure::Kind::Unavailable:
      return kUnavailable;
  }
  return kSoftware;
}

int serve(const CommonOptions& options) {
  auto settings = settings_from(options);
  if (!settings) return fail(kConfig, settings.error().to_string());
  daemon::Start start;
  start.settings = std::move(*settings);
  start.load_again = [options] { return settings_from(options); };
  const auto served = daemon::run_daemon(std::move(start));
  return served ? kOk : fail(code_of(served.error().kind), served.error().what);
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("serve", "Run the mail server");
  command->footer(
      "Reads the settings (--config, else /etc/postseal/postseal.toml; `postseal init` writes them) and runs until\n"
      "SIGTERM: then new mail is refused, what is under way ends, and everything accepted stays queued. SIGHUP reads\n"
      "the settings, accounts and certificate again. Started as root it binds its ports and becomes server.user.\n"
      "Log lines go to standard error. Exit codes: 0 ended as told, 69 something is in the way, 77 it may not, 78 a\n"
      "setting is wrong.");
  auto options = std::make_shared<CommonOptions>();
  add_common_options(*command, *options);
  command->callback([options, &exit_code] { exit_code = serve(*options); });
}

}  // namespace postseal::cli
