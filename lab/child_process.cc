// SPDX-License-Identifier: Apache-2.0
#include "lab/child_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fstream>
#include <utility>

namespace postseal::lab {
namespace {

/// Debian keeps daemons in sbin folders that are not in a user's PATH.
std::string find_program(const std::string& name) {
  if (name.contains('/')) return name;
  const char* path = ::getenv("PATH");
  std::string folders = std::string(path ? path : "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
  for (std::size_t at = 0; at <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', at), folders.size());
    const std::string candidate = folders.substr(at, end - at) + "/" + name;
    if (end > at && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    at = end + 1;
  }
  return {};
}

/// In the child, between fork and exec: system calls only.
[[noreturn]] void become(const char* program, char* const* arguments, const char* output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int in = ::open("/dev/null", O_RDONLY);
  const int out = ::open(output, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  // The lab's sockets are not the child's business: an inherited one would keep its port busy.
  ::close_range(3, ~0U, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(program, arguments);
  ::_exit(127);
}

int decoded(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

std::expected<ChildProcess, std::string> ChildProcess::start(const Command& command) {
  const std::string program = find_program(command.arguments.front());
  if (program.empty()) {
    return std::unexpected(fmt::format("{} is not installed: run ./dev setup", command.arguments.front()));
  }
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const std::string output = command.output.empty() ? "/dev/null" : command.output;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(program.c_str(), arguments.data(), output.c_str(), parent);
  if (pid < 0) return std::unexpected(fmt::format("{} cannot be started: error {}", program, errno));
  return ChildProcess(pid);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)), code_(other.code_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(code_, other.code_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0 || code_) return;
  ::kill(pid_, SIGKILL);
  wait();
}

int ChildProcess::wait() {
  int status = 0;
  while (!code_) {
    const pid_t ended = ::waitpid(pid_, &status, 0);
    if (ended == pid_) code_ = decoded(status);
    // Somebody else waited for it: it is gone all the same.
    if (ended < 0 && errno != EINTR) code_ = 127;
  }
  return *code_;
}

std::optional<int> ChildProcess::ended() {
  int status = 0;
  if (!code_ && ::waitpid(pid_, &status, WNOHANG) == pid_) code_ = decoded(status);
  return code_;
}

std::expected<void, std::string> run_all(std::span<const Command> commands, std::size_t at_once) {
  std::deque<std::pair<ChildProcess, const Command*>> running;
  const auto finish_first = [&]() -> std::expected<void, std::string> {
    auto [process, command] = std::move(running.front());
    running.pop_front();
    const int code = process.wait();
    if (code == 0) return {};
    return std::unexpected(
        fmt::format("{} failed with code {}: {}", command->arguments.front(), code, end_of_output(command->output)));
  };
  for (const Command& command : commands) {
    if (running.size() >= at_once) {
      if (auto finished = finish_first(); !finished) return finished;
    }
    auto process = ChildProcess::start(command);
    if (!process) return std::unexpected(std::move(process.error()));
    running.emplace_back(std::move(*process), &command);
  }
  while (!running.empty()) {
    if (auto finished = finish_first(); !finished) return finished;
  }
  return {};
}

std::string end_of_output(const std::string& file) {
  constexpr std::streamoff kShown = 400;
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return "it wrote nothing";
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kShown));
  std::string text(static_cast<std::size_t>(std::min(size, kShown)), ' ');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  while (text.ends_with('\n')) text.pop_back();
  std::ranges::replace(text, '\n', '|');
  return text.empty() ? "it wrote nothing" : text;
}

}  // namespace postseal::lab
