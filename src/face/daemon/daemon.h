#pragma once
// SPDX-License-Identifier: Apache-2.0
// `postseal serve`: starts everything, runs until it is told to end, ends everything in order. Threads: one for the
// queue and the way out, which also has the signals and the operators' door; one or more for sessions of clients; the
// store's own; a few for passwords and Maildirs.
#include <expected>
#include <functional>
#include <string>

#include "edge/settings/settings.h"

namespace postseal::daemon {

struct Failure {
  enum class Kind { Config, Permission, Unavailable };
  Kind kind = Kind::Unavailable;
  std::string what;  ///< cause, place, remedy: one line
};

struct Start {
  settings::Settings settings;
  /// For SIGHUP: the settings as they are in the file now.
  std::function<std::expected<settings::Settings, settings::SettingsError>()> load_again;
};

/// Returns when the server has ended: by SIGTERM or SIGINT (after what was under way has ended), or because it could
/// not start.
std::expected<void, Failure> run_daemon(Start start);

}  // namespace postseal::daemon
