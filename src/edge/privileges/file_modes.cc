// SPDX-License-Identifier: Apache-2.0
#include "edge/privileges/file_modes.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace postseal::privileges {

namespace {

using Done = std::expected<void, std::string>;

std::unexpected<std::string> fail(const std::string& path, std::string_view what) {
  return std::unexpected(fmt::format("{}: {}", path, what));
}

}  // namespace

Done check_secret_file(const std::string& path) {
  struct stat there{};
  if (::stat(path.c_str(), &there) != 0) return fail(path, std::strerror(errno));
  if (!S_ISREG(there.st_mode)) return fail(path, "is no regular file");
  if (there.st_uid != 0 && there.st_uid != ::geteuid())
    return fail(
        path, fmt::format("belongs to user {}, who could change it; mend it with: chown root {}", there.st_uid, path));
  if ((there.st_mode & 0007U) != 0 || (there.st_mode & 0020U) != 0)
    return fail(path, fmt::format("others have access (mode {:04o}); mend it with: chmod 640 {}",
                                  there.st_mode & 07777U, path));
  return {};
}

Done check_private_directory(const std::string& path) {
  struct stat there{};
  if (::stat(path.c_str(), &there) != 0) {
    if (errno == ENOENT) return {};
    return fail(path, std::strerror(errno));
  }
  if (!S_ISDIR(there.st_mode)) return fail(path, "is no directory");
  if (there.st_uid != ::geteuid())
    return fail(path, fmt::format("belongs to user {}, but the server runs as user {}; mend it with: chown -R {} {}",
                                  there.st_uid, ::geteuid(), ::geteuid(), path));
  if ((there.st_mode & 0077U) != 0)
    return fail(path, fmt::format("others have access (mode {:04o}); mend it with: chmod 700 {}",
                                  there.st_mode & 07777U, path));
  return {};
}

Done make_directory_for(const std::string& path, unsigned mode, unsigned uid, unsigned gid) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return fail(path, error.message());
  if (::mkdir(path.c_str(), mode) != 0) {
    if (errno != EEXIST) return fail(path, std::strerror(errno));
    // Somebody else's, or /tmp: root does not give away what it has not made.
    struct stat there{};
    if (::stat(path.c_str(), &there) != 0) return fail(path, std::strerror(errno));
    if (!S_ISDIR(there.st_mode)) return fail(path, "is no directory");
    return {};
  }
  if (::lchown(path.c_str(), uid, gid) != 0 || ::chmod(path.c_str(), mode) != 0)
    return fail(path, std::strerror(errno));
  return {};
}

}  // namespace postseal::privileges
