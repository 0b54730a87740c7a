// SPDX-License-Identifier: Apache-2.0
#include "face/cli/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>

namespace postseal::cli {

namespace {

/// A word that is no command, said as such: CLI11 would only say that a command is required.
bool is_unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return false;
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return std::ranges::none_of(commands, [&](const CLI::App* command) { return command->get_name() == argv[1]; });
}

}  // namespace

std::vector<std::string> with_empty_values(std::vector<std::string> arguments) {
  std::vector<std::string> result;
  bool options = true;
  for (std::string& argument : arguments) {
    options = options && argument != "--";
    if (options && argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
      argument.pop_back();
      result.push_back(std::move(argument));
      result.emplace_back();
    } else {
      result.push_back(std::move(argument));
    }
  }
  return result;
}

void parse_arguments(CLI::App& app, std::vector<std::string> arguments) {
  arguments = with_empty_values(std::move(arguments));
  std::ranges::reverse(arguments);  // as CLI11 wants a vector
  app.parse(std::move(arguments));
}

int run(int argc, char** argv) {
  // A peer that goes away is an error of that write, not of the program.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app("Postseal sends mail to servers that prove who they are, and says why when it does not.", "postseal");
  app.set_version_flag("--version", "postseal " POSTSEAL_VERSION);
  app.require_subcommand(1);
  app.footer("Each command has its own --help. Start with: postseal explain example.org");
  int exit_code = kOk;
  try {
    add_send(app, exit_code);
    add_explain(app, exit_code);
    add_dane(app, exit_code);
    add_mta_sts(app, exit_code);
    add_lab(app, exit_code);
    add_serve(app, exit_code);
    add_init(app, exit_code);
    add_config(app, exit_code);
    add_account(app, exit_code);
    add_queue(app, exit_code);
    add_trace(app, exit_code);
    add_spf(app, exit_code);
    add_dmarc(app, exit_code);
    add_dkim(app, exit_code);
    add_arc(app, exit_code);
    add_authenticate(app, exit_code);
    if (is_unknown_command(app, argc, argv)) {
      fmt::print(stderr, "postseal: {} is no command; postseal --help lists them\n", argv[1]);
      return kUsage;
    }
    parse_arguments(app, {argv + std::min(argc, 1), argv + argc});
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  } catch (const std::exception& bug) {
    fmt::print(stderr, "postseal: internal error: {}; please report it with the command that caused it\n", bug.what());
    return kSoftware;
  }
  return exit_code;
}

}  // namespace postseal::cli
