#pragma once
// SPDX-License-Identifier: Apache-2.0
// One command's work with the adapters of its settings: sets them up, runs the coroutine, tears down.
#include <functional>

#include "face/cli/options.h"
#include "flow/outbound/adapters.h"
#include "vocab/awaitable.h"

namespace postseal::cli {

/// What the work gets; lives until it has ended.
struct Workplace {
  outbound::Adapters& adapters;
  const CommonOptions& options;
};

/// The exit code that the work returns, or kConfig with one line on standard error.
int run_with_adapters(const CommonOptions& options, std::function<Awaitable<int>(Workplace)> work);

/// Progress (unless json) and, with verbose, the wire, on standard error.
outbound::Observer observer_for(const CommonOptions& options, bool progress);

/// "postseal: WHAT" on standard error; returns the code.
int fail(int exit_code, const std::string& what);

}  // namespace postseal::cli
