#pragma once
// SPDX-License-Identifier: Apache-2.0
// A directory of the real file system, and the lock that keeps a second process out of it.
#include <memory>
#include <string>

#include "edge/journal/disk.h"

namespace postseal::journal {

/// A file descriptor that closes itself.
class Handle {
 public:
  explicit Handle(int fd = -1) : fd_(fd) {}
  Handle(Handle&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Handle& operator=(Handle&& other) noexcept;
  ~Handle();
  int get() const { return fd_; }

 private:
  int fd_;
};

/// With its parents, mode 0700 for what is made.
DiskResult<void> make_directory(const std::string& directory);
DiskResult<std::shared_ptr<Disk>> open_directory(const std::string& directory);
/// Held until the handle goes. A second process is refused at once.
DiskResult<Handle> lock_directory(const std::string& directory);

}  // namespace postseal::journal
