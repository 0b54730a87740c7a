#pragma once
// SPDX-License-Identifier: Apache-2.0
// Subcommands. Each file cli_NAME.cc defines one and registers its options; app/main.cc calls run().
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace postseal::cli {

/// sysexits.h, as far as we use them, and the verdict codes of the offline commands.
enum ExitCode : int {
  kOk = 0,
  kNo = 1,
  kUnusable = 3,
  kUsage = 64,
  kDataError = 65,
  kNoInput = 66,
  kNoHost = 68,
  kUnavailable = 69,
  kSoftware = 70,
  kOsError = 71,
  kCannotCreate = 73,
  kIoError = 74,
  kTemporary = 75,
  kNoPermission = 77,
  kConfig = 78,
};

/// A subcommand adds itself to the app; its callback stores the exit code.
void add_send(CLI::App& app, int& exit_code);
void add_explain(CLI::App& app, int& exit_code);
void add_dane(CLI::App& app, int& exit_code);
void add_mta_sts(CLI::App& app, int& exit_code);
void add_lab(CLI::App& app, int& exit_code);
void add_serve(CLI::App& app, int& exit_code);
void add_init(CLI::App& app, int& exit_code);
void add_config(CLI::App& app, int& exit_code);
void add_account(CLI::App& app, int& exit_code);
void add_queue(CLI::App& app, int& exit_code);
void add_trace(CLI::App& app, int& exit_code);
void add_spf(CLI::App& app, int& exit_code);
void add_dmarc(CLI::App& app, int& exit_code);
void add_dkim(CLI::App& app, int& exit_code);
void add_arc(CLI::App& app, int& exit_code);
void add_authenticate(CLI::App& app, int& exit_code);

/// "--name=" becomes "--name" and "": CLI11 would take the next argument for its value.
std::vector<std::string> with_empty_values(std::vector<std::string> arguments);
/// The arguments without the program's name. Throws CLI::ParseError.
void parse_arguments(CLI::App& app, std::vector<std::string> arguments);

int run(int argc, char** argv);

}  // namespace postseal::cli
