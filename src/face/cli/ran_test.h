#pragma once
// SPDX-License-Identifier: Apache-2.0
// A subcommand, run in the test's own process.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "face/cli/cli.h"

namespace postseal::cli {

struct Ran {
  int exit_code = kSoftware;
  std::string out, err;
};

/// add: the subcommands to choose from, as in add_queue().
template <class... Add>
Ran run_command(std::vector<std::string> arguments, Add... add) {
  CLI::App app("test", "postseal");
  Ran ran;
  (add(app, ran.exit_code), ...);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  try {
    parse_arguments(app, std::move(arguments));
  } catch (const CLI::ParseError& error) {
    ran.exit_code = kUsage;
    ran.err = error.what();
  }
  std::fflush(stdout);
  ran.out = testing::internal::GetCapturedStdout();
  ran.err += testing::internal::GetCapturedStderr();
  return ran;
}

}  // namespace postseal::cli
