#pragma once
// SPDX-License-Identifier: Apache-2.0
// Programs that the lab runs: short ones, several at a time, and daemons that must not outlive it.
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vocab/clock.h"

namespace postseal::lab {

struct Command {
  std::vector<std::string> arguments;  ///< the program first; looked up in PATH and the sbin folders
  std::string output;                  ///< file for its output and errors
};

class ChildProcess {
 public:
  /// The child dies with the thread that started it (PR_SET_PDEATHSIG).
  static std::expected<ChildProcess, std::string> start(const Command& command);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  /// Ends it and waits until it is gone.
  ~ChildProcess();

  /// Waits for its end: the exit code, 128 + signal if one killed it.
  int wait();
  /// The exit code if it has ended already.
  std::optional<int> ended();

 private:
  explicit ChildProcess(int pid) : pid_(pid) {}
  int pid_ = -1;
  std::optional<int> code_;
};

/// Runs all, at most `at_once` at the same time. The error is of the first that failed, with the end of its output.
std::expected<void, std::string> run_all(std::span<const Command> commands, std::size_t at_once);

/// What a program wrote, at most its last 400 octets, on one line.
std::string end_of_output(const std::string& file);

}  // namespace postseal::lab
