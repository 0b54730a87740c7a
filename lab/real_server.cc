// SPDX-License-Identifier: Apache-2.0
#include "lab/real_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

namespace postseal::lab {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kLook{50};
constexpr milliseconds kGoodbye{5000};

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool write_private(const fs::path& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return ::close(fd) == 0 && written;
}

std::string last_line(const fs::path& path) {
  std::string text = read_file(path);
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

bool answers(const IpAddress& address, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  std::memcpy(&to.sin_addr, address.bytes().data(), sizeof to.sin_addr);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  ::close(fd);
  return connected;
}

std::vector<std::string> environment(const RealServerSetup& setup) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry) result.emplace_back(*entry);
  result.push_back("LAB_NAME=" + setup.host.ascii());
  result.push_back("LAB_ADDRESS=" + setup.address.to_string());
  result.push_back(fmt::format("LAB_PORT={}", setup.port));
  result.push_back("LAB_CHAIN=" + (setup.directory / "chain.pem").string());
  result.push_back("LAB_KEY=" + (setup.directory / "key.pem").string());
  result.push_back("LAB_DIRECTORY=" + setup.directory.string());
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// Between fork and exec only calls that are safe there: everything is prepared before.
int spawn(RealServerSetup& setup, int log) {
  std::vector<std::string> variables = environment(setup);
  const std::vector<char*> environment_pointers = pointers(variables);
  const std::vector<char*> arguments = pointers(setup.command);
  const int pid = ::fork();
  if (pid != 0) return pid;
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execvpe(arguments[0], arguments.data(), environment_pointers.data());
  constexpr std::string_view kFailed = "cannot run this command\n";
  (void)!::write(STDERR_FILENO, kFailed.data(), kFailed.size());
  ::_exit(127);
}

bool ended(int pid) { return ::waitpid(pid, nullptr, WNOHANG) == pid; }

}  // namespace

std::expected<std::unique_ptr<RealServer>, std::string> RealServer::start(RealServerSetup setup, Deadline deadline) {
  const auto failed = [&](std::string_view why) {
    return std::unexpected(fmt::format("{}: {}: {}", setup.host.ascii(), setup.command.front(), why));
  };
  std::error_code error;
  fs::create_directories(setup.directory, error);
  if (!write_private(setup.directory / "chain.pem", setup.chain_pem) ||
      !write_private(setup.directory / "key.pem", setup.key_pem)) {
    return failed(fmt::format("cannot write to {}: {}", setup.directory.string(), std::strerror(errno)));
  }
  const fs::path log_path = setup.directory / "log";
  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) return failed(fmt::format("cannot write {}: {}", log_path.string(), std::strerror(errno)));
  const int pid = spawn(setup, log);
  ::close(log);
  if (pid < 0) return failed(std::strerror(errno));

  const IpAddress address = setup.address;
  const std::uint16_t port = setup.port;
  std::unique_ptr<RealServer> server(new RealServer(setup, pid));
  while (!answers(address, port)) {
    if (ended(pid)) {
      server->pid_ = 0;
      return failed(fmt::format("ended at once: {}", last_line(log_path)));
    }
    if (deadline.passed()) {
      return failed(fmt::format("does not answer on {} port {}: {}", address.to_string(), port, last_line(log_path)));
    }
    std::this_thread::sleep_for(kLook);
  }
  return server;
}

RealServer::~RealServer() {
  if (pid_ <= 0) return;
  // The whole process group: such servers come in several processes.
  ::kill(-pid_, SIGTERM);
  const Deadline patience = Deadline::in(kGoodbye);
  while (!ended(pid_) && !patience.passed()) std::this_thread::sleep_for(kLook);
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, WNOHANG);
}

std::vector<std::string> RealServer::received() const {
  std::vector<std::string> letters;
  std::error_code error;
  for (const char* folder : {"new", "cur"}) {
    for (const auto& entry : fs::directory_iterator(setup_.directory / "received" / folder, error)) {
      letters.push_back(read_file(entry.path()));
    }
  }
  return letters;
}

}  // namespace postseal::lab
