#pragma once
// SPDX-License-Identifier: Apache-2.0
// The few things that the log asks of a file system, behind an interface: tests have a disk that lies, fills up or dies
// at a given operation (faulty_disk.h).
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/spool/store.h"

namespace postseal::journal {

struct DiskError {
  int number = 0;    ///< errno
  std::string what;  ///< one clause with the system's own words
};

template <class T>
using DiskResult = std::expected<T, DiskError>;

/// No space and quota, read-only, everything else.
spool::StoreError to_store_error(const DiskError& error);

/// Writes and reads at given places; safe from several threads.
class File {
 public:
  virtual ~File() = default;
  /// All of it, or an error; then some of it may be there.
  virtual DiskResult<void> write(std::span<const ::iovec> pieces, std::uint64_t offset) = 0;
  /// Fewer octets than asked for only at the end of the file.
  virtual DiskResult<std::size_t> read(std::span<char> buffer, std::uint64_t offset) = 0;
  /// What was written is on stable storage. After an error nothing is known of what was written since the last success.
  virtual DiskResult<void> sync() = 0;
  /// From now on writes below this size need no further space.
  virtual DiskResult<void> allocate(std::uint64_t size) = 0;
  virtual DiskResult<void> truncate(std::uint64_t size) = 0;
  virtual DiskResult<std::uint64_t> size() = 0;
};

/// One directory. Names are durable after sync_directory().
class Disk {
 public:
  virtual ~Disk() = default;
  virtual DiskResult<std::unique_ptr<File>> open(const std::string& name) = 0;
  /// Mode 0600. What is already there by that name is kept.
  virtual DiskResult<std::unique_ptr<File>> create(const std::string& name) = 0;
  virtual DiskResult<void> rename(const std::string& from, const std::string& to) = 0;
  virtual DiskResult<void> remove(const std::string& name) = 0;
  virtual DiskResult<std::vector<std::string>> list() = 0;
  virtual DiskResult<void> sync_directory() = 0;
};

}  // namespace postseal::journal
