// SPDX-License-Identifier: Apache-2.0
#include "edge/privileges/service_manager.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace postseal::privileges {
namespace {

/// A service manager's end, at a path or, with '@', in the abstract namespace.
class Manager {
 public:
  explicit Manager(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
              0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }
  std::string heard() const {
    char buffer[512];
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
    return count < 0 ? "" : std::string(buffer, static_cast<std::size_t>(count));
  }

 private:
  int socket_ = -1;
};

TEST(ServiceManager, is_told_how_we_are) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("postseal-notify-" + std::to_string(::getpid()))).string();
  {
    const Manager manager(path);
    notify("READY=1");
    EXPECT_EQ(manager.heard(), "READY=1");
    notify_reloading();
    EXPECT_THAT(manager.heard(), testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  }
  std::filesystem::remove(path);
  const Manager abstract("@postseal-notify-" + std::to_string(::getpid()));
  notify("STOPPING=1\nSTATUS=bye");
  EXPECT_EQ(abstract.heard(), "STOPPING=1\nSTATUS=bye");
}

TEST(ServiceManager, without_one_nothing_happens) {
  ::unsetenv("NOTIFY_SOCKET");
  notify("READY=1");
  for (const char* bad : {"", "@", "relative", "/nonexistent/socket"}) {
    ::setenv("NOTIFY_SOCKET", bad, 1);
    notify("READY=1");
  }
  ::unsetenv("NOTIFY_SOCKET");
}

TEST(ServiceManager, hands_over_sockets_by_their_names_once) {
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "3", 1);
  ::setenv("LISTEN_FDNAMES", "relay:submission", 1);
  auto sockets = take_handed_sockets();
  ASSERT_EQ(sockets.size(), 3u);
  EXPECT_EQ(sockets[0].descriptor, 3);
  EXPECT_EQ(sockets[0].name, "relay");
  EXPECT_EQ(sockets[1].name, "submission");
  EXPECT_EQ(sockets[2].descriptor, 5);
  EXPECT_EQ(sockets[2].name, "");
  EXPECT_TRUE(take_handed_sockets().empty());
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr) << "no child takes them for its own";
}

TEST(ServiceManager, sockets_for_another_process_are_not_ours) {
  struct Case {
    std::string pid, count;
  };
  for (const Case& c : {Case{"1", "2"}, Case{"", "2"}, Case{std::to_string(::getpid()), "-1"},
                        Case{std::to_string(::getpid()), "x"}, Case{std::to_string(::getpid()), "1000000"}}) {
    ::setenv("LISTEN_PID", c.pid.c_str(), 1);
    ::setenv("LISTEN_FDS", c.count.c_str(), 1);
    EXPECT_TRUE(take_handed_sockets().empty()) << c.pid << " " << c.count;
  }
}

}  // namespace
}  // namespace postseal::privileges
