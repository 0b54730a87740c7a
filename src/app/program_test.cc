// SPDX-License-Identifier: Apache-2.0
// The program as a user runs it: bad input gives a one-line cause, the place and the remedy, and an exit code by kind.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace postseal {
namespace {

namespace fs = std::filesystem;

struct Ended {
  int exit_code = -1;
  std::string out, err;
  long max_rss_kib = 0;
};

/// A folder that goes away with the test.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "postseal-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string file(const std::string& name, const std::string& content) const {
    const fs::path at = path_ / name;
    std::ofstream(at, std::ios::binary) << content;
    return at.string();
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

struct Child {
  pid_t pid = -1;
  int out = -1, err = -1;
};

Child start(const std::vector<std::string>& arguments) {
  std::array<int, 2> out{}, err{};
  if (::pipe(out.data()) != 0 || ::pipe(err.data()) != 0) return {};
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    for (const int descriptor : {out[0], out[1], err[0], err[1]}) ::close(descriptor);
    std::vector<char*> argv{const_cast<char*>(POSTSEAL_PROGRAM)};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(POSTSEAL_PROGRAM, argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  return {pid, out[0], err[0]};
}

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(descriptor);
  return text;
}

Ended run(const std::vector<std::string>& arguments) {
  const Child child = start(arguments);
  Ended ended;
  ended.out = read_all(child.out);
  ended.err = read_all(child.err);
  int status = 0;
  rusage usage{};
  ::wait4(child.pid, &status, 0, &usage);
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  ended.max_rss_kib = usage.ru_maxrss;
  return ended;
}

const std::string kLetter = "From: a@example.test\r\nTo: b@example.test\r\n\r\nhello\r\n";

TEST(Program, bad_input_is_named_with_its_place_and_remedy) {
  const Scratch scratch;
  const std::string good = scratch.file("good.eml", kLetter);
  const std::string cache = scratch / "cache";
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    std::vector<std::string> says;
  };
  const Case cases[] = {
      {{}, 64, {"subcommand"}},
      {{"sned"}, 64, {"sned"}},
      {{"send", good}, 64, {"--to"}},
      {{"send", "--to", "nobody", good, "--trust-anchor", "none", "--cache-dir", cache}, 64, {"--to nobody"}},
      {{"send", "--to", "a@b..test", good, "--trust-anchor", "none", "--cache-dir", cache}, 64, {"--to a@b..test"}},
      {{"send", "--to", "a@b.test", scratch / "absent.eml"}, 66, {"absent.eml", "No such file"}},
      {{"send", "--to", "a@b.test", "/tmp"}, 66, {"/tmp", "folder"}},
      {{"send", "--to", "a@b.test", scratch.file("empty.eml", "")}, 65, {"empty.eml"}},
      {{"send", "--to", "a@b.test", scratch.file("lf.eml", "From: a@b.test\r\n\r\nbare\nhere\r\n")},
       65,
       {"lf.eml:3", "LF"}},
      {{"send", "--to", "a@b.test", scratch.file("cr.eml", "From: a@b.test\r\n\r\nbare\rhere\r\n")},
       65,
       {"cr.eml:3", "CR"}},
      {{"send", "--to", "a@b.test", scratch.file("nul.eml", std::string("From: a@b.test\r\n\r\nx\0y\r\n", 23))},
       65,
       {"nul.eml:3", "NUL"}},
      {{"send", "--to", "a@b.test",
        scratch.file("long.eml", "From: a@b.test\r\n\r\n" + std::string(999, 'x') + "\r\n")},
       65,
       {"long.eml:3", "998"}},
      {{"send", "--to", "a@b.test", good, "--config", scratch / "absent.toml"}, 78, {"absent.toml"}},
      {{"send", "--to", "a@b.test", good, "--config", scratch.file("unknown.toml", "[delivery]\nprot = 25\n")},
       78,
       {"unknown.toml:2", "prot", "port"}},
      {{"send", "--to", "a@b.test", good, "--config", scratch.file("value.toml", "[delivery]\nport = 123456\n")},
       78,
       {"value.toml:2", "delivery.port", "65535"}},
      {{"send", "--to", "a@b.test", good, "--config", scratch.file("broken.toml", "[delivery\n")},
       78,
       {"broken.toml:"}},
      {{"explain", "b.test", "--trust-anchor", scratch / "absent.key", "--cache-dir", cache}, 78, {"absent.key"}},
      {{"explain", "b.test", "--trust-anchor", scratch.file("bad.key", "no anchor\n"), "--cache-dir", cache},
       78,
       {"bad.key"}},
      {{"explain", "b.test", "--resolver", "trust-ad:192.0.2.1:53"}, 64, {"forge the AD bit"}},  // D46, A08
      {{"explain", "b.test", "--ca-file", scratch.file("bad.pem", "no certificate\n"), "--cache-dir", cache},
       78,
       {"bad.pem"}},
      {{"explain", "a@@b"}, 64, {"a@@b"}},
      {{"lab", "run", scratch / "absent.toml"}, 66, {"absent.toml"}},
      {{"lab", "check", scratch.file("world.toml", "nonsense = 1\n")}, 65, {"world.toml:1", "nonsense"}},
      {{"dane", "verify", "--tlsa", "3 1 1 zz", "--chain", good, "--name", "mx.b.test"}, 64, {"zz"}},
      {{"mta-sts", "parse", scratch / "absent.txt"}, 66, {"absent.txt"}},
  };
  for (const Case& test : cases) {
    const Ended ended = run(test.arguments);
    std::string line;
    for (const auto& argument : test.arguments) line += argument + ' ';
    EXPECT_EQ(ended.exit_code, test.exit_code) << line << "\n" << ended.err;
    for (const std::string& word : test.says)
      EXPECT_NE(ended.err.find(word), std::string::npos) << line << "\n" << ended.err;
    if (test.exit_code != 64) EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << line << "\n" << ended.err;
  }
}

TEST(Program, help_and_version_are_answers) {
  for (const char* command : {"send", "explain", "dane", "mta-sts", "lab"}) {
    const Ended ended = run({command, "--help"});
    EXPECT_EQ(ended.exit_code, 0) << command;
    EXPECT_NE(ended.out.find("Usage"), std::string::npos) << command;
  }
  EXPECT_EQ(run({"--version"}).exit_code, 0);
}

TEST(Program, without_network_mail_is_kept_and_the_cause_is_named) {
  const Scratch scratch;
  const std::string good = scratch.file("good.eml", kLetter);
  // A resolver that nobody runs: the nearest thing to no network that needs no privileges.
  const Ended ended = run({"send", "--to", "a@example.org", good, "--resolver", "forward:127.0.0.9:9", "--cache-dir",
                           scratch / "cache", "--timeout", "2s"});
  EXPECT_EQ(ended.exit_code, 75) << ended.err;
  EXPECT_NE(ended.out.find("MX records of example.org are not known"), std::string::npos) << ended.out;
}

/// `postseal lab up`, with the settings file that it names.
class StandingLab {
 public:
  explicit StandingLab(const std::string& world) : child_(start({"lab", "up", world, "--high-ports"})) {
    std::string line;
    char c = 0;
    while (::read(child_.out, &c, 1) == 1 && c != '\n') line += c;
    const auto at = line.find("settings: ");
    if (at != std::string::npos) config_ = line.substr(at + 10);
  }
  ~StandingLab() {
    ::kill(child_.pid, SIGTERM);
    ::waitpid(child_.pid, nullptr, 0);
    ::close(child_.out);
    ::close(child_.err);
  }
  const std::string& config() const { return config_; }

 private:
  Child child_;
  std::string config_;
};

std::string plain_world(const Scratch& scratch) {
  return scratch.file(
      "world.toml",
      "name = \"one\"\n[[case]]\nname = \"one\"\ndomain = \"one.test\"\ntlsa = [\"3 1 1\"]\n"
      "[[case]]\nname = \"gone\"\ndomain = \"gone.test\"\nmx = \"0 .\"\nexpect = { outcome = \"bounced\" }\n");
}

TEST(Program, a_letter_of_25_mib_needs_less_than_64_mib_of_memory) {
  const Scratch scratch;
  const StandingLab lab(plain_world(scratch));
  ASSERT_FALSE(lab.config().empty());
  std::string letter = kLetter;
  const std::string row = std::string(76, 'x') + "\r\n";
  while (letter.size() < 25u * 1024 * 1024) letter += row;
  const Ended ended = run({"send", "--config", lab.config(), "--to", "user@one.test", scratch.file("big.eml", letter)});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  EXPECT_LT(ended.max_rss_kib, 64 * 1024);
#endif
}

TEST(Program, exit_codes_follow_sysexits) {
  const Scratch scratch;
  const StandingLab lab(plain_world(scratch));
  const std::string letter = scratch.file("good.eml", kLetter);
  EXPECT_EQ(run({"send", "--config", lab.config(), "--to", "user@one.test", letter}).exit_code, 0);
  EXPECT_EQ(run({"send", "--config", lab.config(), "--to", "user@gone.test", letter}).exit_code, 68);
  EXPECT_EQ(run({"explain", "--config", lab.config(), "one.test"}).exit_code, 0);
  EXPECT_EQ(run({"explain", "--config", lab.config(), "gone.test"}).exit_code, 69);
  EXPECT_EQ(run({"explain", "--config", lab.config(), "--connect", "one.test"}).exit_code, 0);
}

// D46: with no trust anchor nothing counts as secure, whatever is signed.
TEST(Program, without_trust_anchor_nothing_is_secure) {
  const Scratch scratch;
  const StandingLab lab(plain_world(scratch));
  const Ended ended = run({"explain", "--config", lab.config(), "--trust-anchor", "none", "--json", "one.test"});
  EXPECT_EQ(ended.out.find("\"secure\":true"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("mx-insecure"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace postseal
