// SPDX-License-Identifier: Apache-2.0
// Each case lives in a process of its own, because nothing of it can be taken back. As root the whole way is tested, as
// anybody else what anybody can do.
#include "edge/privileges/privileges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>
#include <thread>

#include "edge/privileges/file_modes.h"
#include "edge/privileges/service_manager.h"

namespace postseal::privileges {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// What the child says; "" when it is content.
std::string in_child(const std::function<std::string()>& work) {
  int pipe[2];
  EXPECT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string said = work();
    (void)!::write(pipe[1], said.data(), said.size());
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(pipe[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(count));
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return text;
}

/// /proc/self/status by its keys, blanks as single spaces.
std::map<std::string, std::string> own_status() {
  std::map<std::string, std::string> result;
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(line.find(':') + 1));
    std::string value;
    for (std::string word; words >> word;) value += (value.empty() ? "" : " ") + word;
    result[line.substr(0, line.find(':'))] = value;
  }
  return result;
}

std::string complaint(bool bounding_set_too) {
  auto status = own_status();
  std::string said;
  for (const char* key : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
    if (status[key] != "0000000000000000") said += std::string(key) + " is " + status[key] + "; ";
  if (bounding_set_too && status["CapBnd"] != "0000000000000000") said += "CapBnd is " + status["CapBnd"] + "; ";
  if (status["NoNewPrivs"] != "1") said += "no_new_privs is not set; ";
  if (status["Umask"] != "0077") said += "umask is " + status["Umask"] + "; ";
  return said;
}

TEST(Privileges, what_is_given_up_is_gone) {
  const bool root = is_root();
  EXPECT_EQ(in_child([&]() -> std::string {
              if (auto done = give_up(); !done) return done.error();
              return complaint(root);
            }),
            "");
}

std::string become_nobody() {
  const auto nobody = find_user("nobody");
  if (!nobody) return nobody.error();
  auto done = become(*nobody);
  if (!is_root() && !done) return "not root: " + done.error();
  if (!done) return done.error();
  const std::string id = std::to_string(nobody->uid);
  auto status = own_status();
  std::string said = complaint(true);
  if (status["Uid"] != id + " " + id + " " + id + " " + id) said += "Uid is " + status["Uid"];
  if (status["Groups"] != std::to_string(nobody->gid)) said += "Groups is " + status["Groups"];
  if (::setuid(0) == 0) said += "root came back; ";
  if (std::ifstream("/etc/shadow")) said += "/etc/shadow can be read; ";
  return said;
}

TEST(Privileges, root_becomes_somebody_else_for_good_and_nobody_else_can) {
  const std::string said = in_child(become_nobody);
  if (is_root()) {
    EXPECT_EQ(said, "");
  } else {
    EXPECT_THAT(said, HasSubstr("cannot"));
  }
}

TEST(Privileges, nobody_becomes_root) {
  EXPECT_THAT(in_child([]() -> std::string { return become({"root", 0, 0}).error(); }), HasSubstr("somebody else"));
}

TEST(Privileges, there_must_be_no_thread_yet_because_it_would_keep_its_capabilities) {
  EXPECT_THAT(in_child([]() -> std::string {
                std::jthread thread([](const std::stop_token& stop) {
                  while (!stop.stop_requested()) std::this_thread::yield();
                });
                return become({"nobody", 65534, 65534}).error();
              }),
              HasSubstr("threads"));
}

TEST(Privileges, an_unknown_user_is_named_with_what_to_do) {
  auto user = find_user("no-such-user-here");
  ASSERT_FALSE(user);
  EXPECT_THAT(user.error(), HasSubstr("useradd --system no-such-user-here"));
}

class FileModes : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "postseal-modes-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string file(unsigned mode) {
    const std::string path = folder_ / "secret";
    std::ofstream(path) << "x";
    ::chmod(path.c_str(), mode);
    return path;
  }
  fs::path folder_;
};

TEST_F(FileModes, a_secret_is_for_its_owner_and_a_reading_group) {
  for (unsigned mode : {0600U, 0400U, 0640U, 0440U}) EXPECT_TRUE(check_secret_file(file(mode))) << std::oct << mode;
  for (unsigned mode : {0644U, 0604U, 0602U, 0601U, 0660U, 0620U, 0777U}) {
    auto checked = check_secret_file(file(mode));
    ASSERT_FALSE(checked) << std::oct << mode;
    EXPECT_THAT(checked.error(), HasSubstr("chmod 640 " + (folder_ / "secret").string()));
  }
  EXPECT_THAT(check_secret_file(folder_ / "absent").error(), HasSubstr("No such file"));
  EXPECT_THAT(check_secret_file(folder_).error(), HasSubstr("no regular file"));
  fs::create_symlink(file(0644), folder_ / "link");
  EXPECT_FALSE(check_secret_file(folder_ / "link")) << "the mode of what it points to counts";
}

TEST_F(FileModes, the_store_is_for_its_owner_alone) {
  const std::string store = folder_ / "store";
  EXPECT_TRUE(check_private_directory(store)) << "absent: it will be made";
  fs::create_directory(store);
  for (unsigned mode : {0755U, 0750U, 0701U, 0777U}) {
    ::chmod(store.c_str(), mode);
    auto checked = check_private_directory(store);
    ASSERT_FALSE(checked) << std::oct << mode;
    EXPECT_THAT(checked.error(), HasSubstr("chmod 700"));
  }
  ::chmod(store.c_str(), 0700);
  EXPECT_TRUE(check_private_directory(store));
  EXPECT_FALSE(check_private_directory(file(0600)));
}

TEST_F(FileModes, somebody_elses_files_are_not_ours) {
  if (is_root()) {
    const std::string path = file(0600);
    ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
    EXPECT_THAT(check_secret_file(path).error(), HasSubstr("chown root"));
    ASSERT_EQ(::chown(folder_.c_str(), 65534, 65534), 0);
    EXPECT_THAT(check_private_directory(folder_).error(), HasSubstr("runs as user 0"));
  } else {
    EXPECT_THAT(check_private_directory("/root").error(),
                testing::AnyOf(HasSubstr("belongs to user 0"), HasSubstr("denied")));
  }
}

TEST_F(FileModes, a_directory_is_made_with_mode_and_owner) {
  const std::string path = folder_ / "a/b";
  const unsigned uid = is_root() ? 65534 : ::getuid(), gid = is_root() ? 65534 : ::getgid();
  for (int again = 0; again < 2; ++again) {
    auto made = make_directory_for(path, 0750, uid, gid);
    ASSERT_TRUE(made) << made.error();
    struct stat there{};
    ASSERT_EQ(::stat(path.c_str(), &there), 0);
    EXPECT_EQ(there.st_mode & 07777U, 0750U);
    EXPECT_EQ(there.st_uid, uid);
  }
  EXPECT_FALSE(make_directory_for(file(0600), 0750, uid, gid)) << "no directory";
}

TEST_F(FileModes, a_directory_that_is_there_keeps_its_owner_and_mode) {
  const std::string path = folder_ / "theirs";
  ASSERT_EQ(::mkdir(path.c_str(), 0711), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0711), 0);
  ASSERT_TRUE(make_directory_for(path, 0700, 65534, 65534));
  struct stat there{};
  ASSERT_EQ(::stat(path.c_str(), &there), 0);
  EXPECT_EQ(there.st_mode & 07777U, 0711U);
  EXPECT_EQ(there.st_uid, ::getuid());
}

}  // namespace
}  // namespace postseal::privileges
