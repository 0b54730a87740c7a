// SPDX-License-Identifier: Apache-2.0
#include "face/cli/password.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace postseal::cli {

namespace {

constexpr std::size_t kShortest = 8, kLongest = 1024;

/// The terminal echoes again whatever happens.
class Silence {
 public:
  Silence() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Silence() {
    if (!changed_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    fmt::print(stderr, "\n");
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

std::string ask(const std::string& prompt) {
  fmt::print(stderr, "{}", prompt);
  std::string answer;
  {
    const Silence silence;
    std::getline(std::cin, answer);
  }
  return answer;
}

std::expected<NewPassword, std::string> check(std::string text) {
  if (text.ends_with('\r')) text.pop_back();
  if (text.size() < kShortest)
    return std::unexpected(fmt::format("the password is shorter than {} characters", kShortest));
  if (text.size() > kLongest) return std::unexpected(fmt::format("the password is longer than {} octets", kLongest));
  return NewPassword{std::move(text)};
}

std::expected<NewPassword, std::string> first_line(const std::string& file) {
  std::string line;
  if (file == "-") {
    std::getline(std::cin, line);
    return check(std::move(line));
  }
  errno = 0;
  std::ifstream input(file);
  if (!input || !(std::getline(input, line) || input.eof()))
    return std::unexpected(fmt::format("{}: {}", file, std::strerror(errno == 0 ? EIO : errno)));
  auto password = check(std::move(line));
  if (!password) return std::unexpected(fmt::format("{}: {}", file, password.error()));
  return password;
}

}  // namespace

std::string generate_password() {
  constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyz23456789";  // 32, without l, o, 0 and 1
  static_assert(kLetters.size() == 32);
  std::array<unsigned char, 20> chance{};
  if (::getrandom(chance.data(), chance.size(), 0) != static_cast<ssize_t>(chance.size()))
    throw std::runtime_error("the system gives no random numbers");
  std::string password;
  for (unsigned char octet : chance) password += kLetters[octet % kLetters.size()];
  return password;
}

std::expected<NewPassword, std::string> new_password(const std::string& file, const std::string& user) {
  if (!file.empty()) return first_line(file);
  if (::isatty(STDIN_FILENO) == 0) return NewPassword{generate_password(), true};
  const std::string first = ask(fmt::format("Password for {} (empty: one is made): ", user));
  if (first.empty()) return NewPassword{generate_password(), true};
  if (ask("Once more: ") != first) return std::unexpected("the two passwords differ");
  return check(first);
}

}  // namespace postseal::cli
