// SPDX-License-Identifier: Apache-2.0
#include "edge/store/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

namespace postseal::store {
namespace {

/// A file descriptor that closes itself.
class Handle {
 public:
  explicit Handle(int fd) : fd_(fd) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::unexpected<std::string> system_error(const std::string& what) {
  return std::unexpected(what + ": " + std::generic_category().message(errno));
}

bool write_all(int fd, const std::string& content) {
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t wrote = ::write(fd, content.data() + done, content.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

}  // namespace

std::expected<std::optional<std::string>, std::string> read_file(const std::string& path, std::size_t most) {
  // Non-blocking, so that a pipe put there by mistake does not stop us; it is no regular file and is refused.
  const Handle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.open()) {
    if (errno == ENOENT) return std::optional<std::string>();
    return system_error("cannot open");
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return system_error("cannot look at");
  if (!S_ISREG(status.st_mode)) return std::unexpected("not a regular file");
  std::string content;
  std::array<char, 16384> buffer;
  while (content.size() <= most) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read");
    if (got == 0) break;
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return content;
}

std::expected<void, std::string> replace_file(const std::string& directory, const std::string& name,
                                              const std::string& content) {
  std::string temporary = directory + "/.new-XXXXXX";
  const Handle file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!file.open()) return system_error("cannot create a file in " + directory);
  const std::string target = directory + "/" + name;
  if (!write_all(file.get(), content) || ::fsync(file.get()) != 0 || ::rename(temporary.c_str(), target.c_str()) != 0) {
    auto error = system_error("cannot write " + target);
    ::unlink(temporary.c_str());
    return error;
  }
  const Handle folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open() || ::fsync(folder.get()) != 0) return system_error("cannot sync " + directory);
  return {};
}

std::expected<void, std::string> make_directory(const std::string& directory) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = directory.find('/', end + 1);
    const std::string part = directory.substr(0, end);
    if (part.empty() || ::mkdir(part.c_str(), 0700) == 0 || errno == EEXIST) continue;
    // A parent that may not be written to is fine as long as it is there.
    struct stat status{};
    const int reason = errno;
    if (::stat(part.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
    errno = reason;
    return system_error("cannot make the directory " + part);
  }
  return {};
}

}  // namespace postseal::store
