// SPDX-License-Identifier: Apache-2.0
// `postseal explain --self-test`, as a user runs it, in worlds that `postseal lab up` holds up: an Internet in order
// has the names that the self-test asks for; one that is not says what is wrong and exits with 75.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace postseal {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// A program under way, its standard output in a pipe; told to end, and waited for, at the latest with this object.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), POSTSEAL_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::array<int, 2> out{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    if (::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    out_ = ::fdopen(out[0], "r");
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGTERM);
      ::waitpid(pid_, nullptr, 0);
    }
    if (out_) std::fclose(out_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Empty at the end.
  std::string line() {
    std::array<char, 4096> buffer{};
    return out_ && std::fgets(buffer.data(), buffer.size(), out_) ? buffer.data() : "";
  }
  std::string rest() {
    std::string all;
    for (std::string next = line(); !next.empty(); next = line()) all += next;
    return all;
  }
  int exit_code() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  std::FILE* out_ = nullptr;
};

struct Tested {
  int exit_code = -1;
  std::string says;
};

Tested self_test_in(const std::string& world) {
  std::string pattern = (fs::temp_directory_path() / "postseal-test-XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  const std::string file = (folder / "world.toml").string();
  std::ofstream(file) << world;
  Tested tested;
  {
    Program up({"lab", "up", "--high-ports", file});
    const std::string first = up.line();
    constexpr std::string_view kBefore = "Its settings: ";
    if (const auto at = first.find(kBefore); at != std::string::npos) {
      std::string settings = first.substr(at + kBefore.size());
      settings.pop_back();
      Program self_test({"explain", "--self-test", "--config", settings});
      tested.says = self_test.rest();
      tested.exit_code = self_test.exit_code();
    }
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return tested;
}

/// How the domain is signed that is broken on purpose, and how many texts the large answer has.
std::string internet(const std::string& signing, int texts) {
  std::string toml = "[[zone]]\nname = 'dnssec-failed.org'\nsigning = '" + signing +
                     "'\nrecords = '@ A 127.9.9.9'\n[[zone]]\nname = 'microsoft.com'\nrecords = [";
  for (int i = 0; i < texts; ++i) toml += "'@ TXT \"" + std::to_string(i) + std::string(120, 'x') + "\"', ";
  return toml + "]\n";
}

TEST(SelfTestOfTheProgram, an_internet_in_order_passes) {
  const Tested tested = self_test_in(internet("bogus", 20));
  EXPECT_EQ(tested.exit_code, 0) << tested.says;
  EXPECT_THAT(tested.says, HasSubstr("ok    root DNSKEY is secure"));
  EXPECT_THAT(tested.says, HasSubstr("ok    dnssec-failed.org is bogus"));
  EXPECT_THAT(tested.says, HasSubstr("ok    large answers arrive over TCP"));
  EXPECT_THAT(tested.says, Not(HasSubstr("FAIL")));
}

TEST(SelfTestOfTheProgram, one_where_forgeries_pass_and_answers_are_cut_does_not) {
  const Tested tested = self_test_in(internet("signed", 1));
  EXPECT_EQ(tested.exit_code, 75) << tested.says;
  EXPECT_THAT(tested.says, HasSubstr("ok    root DNSKEY is secure"));
  EXPECT_THAT(tested.says, HasSubstr("FAIL  dnssec-failed.org is bogus"));
  EXPECT_THAT(tested.says, HasSubstr("FAIL  large answers arrive over TCP"));
}

}  // namespace
}  // namespace postseal
