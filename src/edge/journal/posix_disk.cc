// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace postseal::journal {

namespace {

std::unexpected<DiskError> failed(const std::string& what, int number = errno) {
  return std::unexpected(DiskError{number, what + ": " + std::generic_category().message(number)});
}

class PosixFile final : public File {
 public:
  PosixFile(Handle handle, std::string path) : handle_(std::move(handle)), path_(std::move(path)) {}

  DiskResult<void> write(std::span<const ::iovec> pieces, std::uint64_t offset) override {
    constexpr std::size_t kAtOnce = 512;  // below IOV_MAX
    std::vector<::iovec> rest(pieces.begin(), pieces.end());
    for (std::size_t next = 0; next < rest.size();) {
      const int count = static_cast<int>(std::min(kAtOnce, rest.size() - next));
      const ssize_t wrote = ::pwritev(handle_.get(), &rest[next], count, static_cast<off_t>(offset));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return failed("cannot write " + path_);
      offset += static_cast<std::uint64_t>(wrote);
      std::size_t left = static_cast<std::size_t>(wrote);
      while (next < rest.size() && left >= rest[next].iov_len) left -= rest[next++].iov_len;
      if (wrote == 0 && next < rest.size()) return failed("cannot write " + path_, ENOSPC);
      if (left > 0) {
        rest[next].iov_base = static_cast<char*>(rest[next].iov_base) + left;
        rest[next].iov_len -= left;
      }
    }
    return {};
  }

  DiskResult<std::size_t> read(std::span<char> buffer, std::uint64_t offset) override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t got =
          ::pread(handle_.get(), buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("cannot read " + path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  DiskResult<void> sync() override {
    if (::fdatasync(handle_.get()) != 0) return failed("cannot sync " + path_);
    return {};
  }

  DiskResult<void> allocate(std::uint64_t size) override {
    if (::fallocate(handle_.get(), 0, 0, static_cast<off_t>(size)) == 0) return {};
    // A file system without preallocation has no promise to give; the error then comes when space ends.
    if (errno == EOPNOTSUPP) return {};
    return failed("cannot allocate " + path_);
  }

  DiskResult<void> truncate(std::uint64_t size) override {
    if (::ftruncate(handle_.get(), static_cast<off_t>(size)) != 0) return failed("cannot truncate " + path_);
    return {};
  }

  DiskResult<std::uint64_t> size() override {
    struct stat status{};
    if (::fstat(handle_.get(), &status) != 0) return failed("cannot look at " + path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  Handle handle_;
  std::string path_;
};

class PosixDisk final : public Disk {
 public:
  PosixDisk(Handle handle, std::string path) : handle_(std::move(handle)), path_(std::move(path)) {}

  DiskResult<std::unique_ptr<File>> open(const std::string& name) override { return open_with(name, O_RDWR); }
  DiskResult<std::unique_ptr<File>> create(const std::string& name) override {
    return open_with(name, O_RDWR | O_CREAT);
  }
  DiskResult<void> rename(const std::string& from, const std::string& to) override {
    if (::renameat(handle_.get(), from.c_str(), handle_.get(), to.c_str()) != 0)
      return failed("cannot rename " + path_ + "/" + from);
    return {};
  }
  DiskResult<void> remove(const std::string& name) override {
    if (::unlinkat(handle_.get(), name.c_str(), 0) != 0 && errno != ENOENT)
      return failed("cannot remove " + path_ + "/" + name);
    return {};
  }
  DiskResult<std::vector<std::string>> list() override {
    std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path_.c_str()), &::closedir);
    if (!folder) return failed("cannot list " + path_);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(folder.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
  }
  DiskResult<void> sync_directory() override {
    if (::fsync(handle_.get()) != 0) return failed("cannot sync " + path_);
    return {};
  }

 private:
  DiskResult<std::unique_ptr<File>> open_with(const std::string& name, int flags) {
    Handle file(::openat(handle_.get(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) return failed("cannot open " + path_ + "/" + name);
    return std::make_unique<PosixFile>(std::move(file), path_ + "/" + name);
  }

  Handle handle_;
  std::string path_;
};

}  // namespace

spool::StoreError to_store_error(const DiskError& error) {
  const bool full = error.number == ENOSPC || error.number == EDQUOT;
  const auto code = full                    ? spool::StoreErrorCode::NoSpace
                    : error.number == EROFS ? spool::StoreErrorCode::ReadOnly
                                            : spool::StoreErrorCode::Io;
  return {code, error.what};
}

Handle& Handle::operator=(Handle&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Handle::~Handle() {
  if (fd_ >= 0) ::close(fd_);
}

DiskResult<void> make_directory(const std::string& directory) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = directory.find('/', end + 1);
    const std::string part = directory.substr(0, end);
    if (part.empty() || ::mkdir(part.c_str(), 0700) == 0 || errno == EEXIST) continue;
    const int reason = errno;
    struct stat status{};
    if (::stat(part.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
    return failed("cannot make the directory " + part, reason);
  }
  return {};
}

DiskResult<std::shared_ptr<Disk>> open_directory(const std::string& directory) {
  Handle handle(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.get() < 0) return failed("cannot open the directory " + directory);
  return std::make_shared<PosixDisk>(std::move(handle), directory);
}

DiskResult<Handle> lock_directory(const std::string& directory) {
  const std::string path = directory + "/lock";
  Handle handle(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (handle.get() < 0) return failed("cannot open " + path);
  if (::flock(handle.get(), LOCK_EX | LOCK_NB) == 0) return handle;
  if (errno != EWOULDBLOCK) return failed("cannot lock " + path);
  return std::unexpected(
      DiskError{EWOULDBLOCK, "another process has the spool open (it holds the lock on " + path + ")"});
}

}  // namespace postseal::journal
