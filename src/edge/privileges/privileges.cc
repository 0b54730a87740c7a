// SPDX-License-Identifier: Apache-2.0
#include "edge/privileges/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <vector>

namespace postseal::privileges {

namespace {

using Done = std::expected<void, std::string>;

std::unexpected<std::string> fail(std::string_view what, int error) {
  return std::unexpected(fmt::format("cannot {}: {}", what, std::strerror(error)));
}

std::size_t thread_count() {
  std::error_code ignored;
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task", ignored),
                                                std::filesystem::directory_iterator()));
}

/// What a started program could get back. Without CAP_SETPCAP (an ordinary user, a container) this is not ours to
/// empty, and no_new_privs alone has to do.
Done empty_bounding_set() {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability) != 0 && errno != EPERM) return fail("empty the bounding set", errno);
  }
  return {};
}

Done clear_capabilities() {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
    return fail("clear the ambient capabilities", errno);
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) return fail("drop the capabilities", errno);
  return {};
}

}  // namespace

bool is_root() { return ::geteuid() == 0; }

std::expected<User, std::string> find_user(const std::string& name) {
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (error != 0) return fail(fmt::format("look up the user {}", name), error);
  if (found == nullptr)
    return std::unexpected(
        fmt::format("there is no user {}; `systemd-sysusers` makes it, or: useradd --system {}", name, name));
  return User{name, entry.pw_uid, entry.pw_gid};
}

Done become(const User& user) {
  if (user.uid == 0) return std::unexpected(fmt::format("{} is root; server.user must be somebody else", user.name));
  if (thread_count() != 1) return std::unexpected("cannot become another user while there are threads");
  if (auto done = empty_bounding_set(); !done) return done;
  // The groups of the user, so that an operator can let it into others, such as that of an LMTP socket.
  if (::initgroups(user.name.c_str(), user.gid) != 0) return fail("take the groups of " + user.name, errno);
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return fail("take the group of " + user.name, errno);
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return fail("become " + user.name, errno);
  // Belief is not enough here.
  if (::setuid(0) == 0 || ::setgid(0) == 0) return std::unexpected("root can be got back; the server does not run so");
  return give_up();
}

Done give_up() {
  if (auto done = empty_bounding_set(); !done) return done;
  if (auto done = clear_capabilities(); !done) return done;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail("set no_new_privs", errno);
  const rlimit no_core{};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return fail("forbid core files", errno);
  ::umask(0077);
  return {};
}

}  // namespace postseal::privileges
