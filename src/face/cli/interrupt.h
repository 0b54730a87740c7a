#pragma once
// SPDX-License-Identifier: Apache-2.0
// Ctrl-C (or SIGTERM) during work that leaves files behind: they are removed, then the program ends as if by the
// signal.
#include <array>
#include <filesystem>
#include <thread>

namespace postseal::cli {

class Interrupt {
 public:
  /// While this lives, a signal removes the folder (none for an empty path) and ends the program with 128 + its number.
  /// One at a time. Started after the program has settled in its namespaces, since it has a thread.
  explicit Interrupt(std::filesystem::path folder);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

 private:
  std::array<int, 2> bell_{-1, -1};
  std::jthread waiter_;
};

}  // namespace postseal::cli
