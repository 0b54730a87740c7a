// SPDX-License-Identifier: Apache-2.0
// A37: kill -9 at random moments, on a real file system, with many sessions at work on several threads.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <random>
#include <thread>

#include "edge/journal/spool.h"
#include "edge/journal/spool_fixture.h"

namespace postseal::journal {
namespace {

/// What the child tells through the pipe, whole or not at all: what it was promised.
enum class Stage : std::uint64_t { Kept, Leaving, Left };
struct Promise {
  std::uint64_t id = 0, seed = 0, size = 0;
  Stage stage = Stage::Kept;
};

SpoolSettings busy_spool(const std::string& folder) {
  auto settings = settings_in(folder);
  settings.tidies_itself = true;
  settings.checkpoint_after = std::chrono::milliseconds(20);
  settings.sync_changes_after = std::chrono::milliseconds(5);
  return settings;
}

Awaitable<void> session(spool::Store* store, int pipe, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (;;) {
    Promise promise{0, random(), random() % (random() % 8 == 0 ? 60000 : 3000), Stage::Kept};
    const auto tell = [&] {
      if (::write(pipe, &promise, sizeof promise) != sizeof promise) ::_exit(4);
    };
    const auto kept = co_await keep(store, body_of(promise.seed, promise.size), 1);
    if (!kept) ::_exit(3);
    promise.id = kept->id.value;
    tell();
    if (random() % 3 == 0) continue;  // stays
    promise.stage = Stage::Leaving;
    tell();
    if (!store->change(delivered(kept->id))) ::_exit(5);
    promise.stage = Stage::Left;
    tell();
  }
}

[[noreturn]] void be_the_child(const std::string& folder, int pipe, std::uint64_t seed) {
  const auto spool = open_spool(busy_spool(folder));
  if (!spool) ::_exit(2);
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      boost::asio::io_context io{1};
      for (std::uint64_t i = 0; i < 10; ++i) {
        boost::asio::co_spawn(io, session(spool->get(), pipe, seed * 100 + thread * 10 + i), boost::asio::detached);
      }
      io.run();
    });
  }
  for (auto& thread : threads) thread.join();
  ::_exit(7);
}

// The child is this program begun anew, not a fork of it: threads that earlier tests have left would be missing there.
constexpr const char* kFolder = "POSTSEAL_KILL_TEST_FOLDER";
constexpr const char* kSeed = "POSTSEAL_KILL_TEST_SEED";
constexpr int kPipe = 3;
[[maybe_unused]] const bool kIsParent = [] {
  if (const char* folder = std::getenv(kFolder))
    be_the_child(folder, kPipe, std::strtoull(std::getenv(kSeed), nullptr, 10));
  return true;
}();

pid_t start_child(const std::string& folder, int pipe, std::uint64_t seed) {
  const std::string variables[] = {std::string(kFolder) + "=" + folder,
                                   std::string(kSeed) + "=" + std::to_string(seed)};
  char* const environment[] = {const_cast<char*>(variables[0].c_str()), const_cast<char*>(variables[1].c_str()),
                               nullptr};
  char program[] = "/proc/self/exe";
  char* const arguments[] = {program, nullptr};
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe, kPipe);
    ::execve(program, arguments, environment);
    ::_exit(8);
  }
  return child;
}

TEST(Kill, nothing_acknowledged_is_lost_when_the_process_is_killed_A37) {
  const Folder folder;
  std::map<std::uint64_t, Promise> promised;
  std::mt19937 random(1);
  for (unsigned round = 0; round < 8; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = start_child(folder.path(), ends[1], round + 1);
    ASSERT_GE(child, 0);
    ::close(ends[1]);
    Promise promise;
    // The moment is counted in promises, not in time: the child is in the middle of its work then.
    for (auto left = 50 + random() % 1000; left > 0; --left) {
      if (::read(ends[0], &promise, sizeof promise) != sizeof promise) break;
      promised[promise.id] = promise;
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << WEXITSTATUS(status);
    while (::read(ends[0], &promise, sizeof promise) == sizeof promise) promised[promise.id] = promise;
    ::close(ends[0]);

    const auto spool = open_or_die(busy_spool(folder.path()));
    const auto found = all_of(*spool);
    for (const auto& [id, one] : promised) {
      if (one.stage == Stage::Left) {
        EXPECT_FALSE(found.contains(id)) << "it would be sent twice";
      } else if (one.stage == Stage::Kept || found.contains(id)) {
        EXPECT_EQ(read_all(spool->open({id})), body_of(one.seed, one.size));
      }
    }
    for (const auto& [id, letter] : found) ASSERT_TRUE(spool->change(delivered({id})));
    promised.clear();
  }
}

}  // namespace
}  // namespace postseal::journal
