// SPDX-License-Identifier: Apache-2.0
#include "face/cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace postseal::cli {

namespace {

constexpr char kEnough = 0;  ///< no signal: the work is done

/// The handler may only write; the thread on the other end of the pipe does the rest.
std::atomic<int> ring_into = -1;

void ring(int signal) {
  const char number = static_cast<char>(signal);
  [[maybe_unused]] const auto written = ::write(ring_into.load(), &number, 1);
}

}  // namespace

Interrupt::Interrupt(std::filesystem::path folder) {
  if (::pipe(bell_.data()) != 0) return;
  ring_into = bell_[1];
  std::signal(SIGINT, ring);
  std::signal(SIGTERM, ring);
  waiter_ = std::jthread([listen = bell_[0], folder = std::move(folder)] {
    char number = kEnough;
    if (::read(listen, &number, 1) != 1 || number == kEnough) return;
    std::error_code ignored;
    if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
    ::_exit(128 + number);
  });
}

Interrupt::~Interrupt() {
  if (bell_[0] < 0) return;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  [[maybe_unused]] const auto written = ::write(bell_[1], &kEnough, 1);
  waiter_.join();
  ::close(bell_[0]);
  ::close(bell_[1]);
}

}  // namespace postseal::cli
