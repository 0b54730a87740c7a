#pragma once
// SPDX-License-Identifier: Apache-2.0
// For tests: a disk in memory that knows what was synced and what was not. At a given operation the power goes, or the
// operation fails; after a power cut what was not synced is gone, or there in part, sector by sector.
#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "edge/journal/disk.h"

namespace postseal::journal {

enum class Operation { Write, Sync, Allocate, Truncate, Create, Rename, Remove, SyncDirectory };

class FaultyDisk final : public Disk, public std::enable_shared_from_this<FaultyDisk> {
 public:
  enum class Cut {
    DropUnsynced,  ///< only what was synced is there
    KeepWritten,   ///< the process died, not the machine
    Scramble,      ///< of what was not synced, some sectors are there
  };

  /// The power goes in the middle of the operation of this number, counted from 0.
  void cut_at(std::uint64_t operation) { cut_at_ = operation; }
  /// Operations of this kind fail until nullopt is given.
  void fail(Operation kind, std::optional<int> number) {
    const std::lock_guard lock(mutex_);
    failing_.erase(kind);
    if (number) failing_[kind] = *number;
  }
  /// Room for so many octets in all; what is allocated counts.
  void set_capacity(std::uint64_t octets) {
    const std::lock_guard lock(mutex_);
    capacity_ = octets;
  }
  std::uint64_t operations() const { return operations_; }
  bool is_cut() const { return cut_; }

  /// What a machine finds that starts again.
  std::shared_ptr<FaultyDisk> after(Cut cut, unsigned seed) {
    const std::lock_guard lock(mutex_);
    std::mt19937 random(seed);
    auto next = std::make_shared<FaultyDisk>();
    const auto& names = cut == Cut::KeepWritten || (cut == Cut::Scramble && random() % 2 == 0) ? now_ : durable_;
    for (const auto& [name, inode] : names) {
      auto copy = std::make_shared<Inode>();
      copy->now = cut == Cut::DropUnsynced ? inode->durable : inode->now;
      if (cut == Cut::Scramble) scramble(*inode, copy->now, random);
      copy->durable = copy->now;
      next->now_[name] = next->durable_[name] = copy;
    }
    return next;
  }

  /// Changes one octet of what is there, as decay does.
  void damage(const std::string& name, std::uint64_t offset) {
    auto& inode = *now_.at(name);
    inode.now.at(offset) = static_cast<char>(inode.now.at(offset) ^ 0x40);
    inode.durable = inode.now;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, inode] : now_) names.push_back(name);
    return names;
  }

  DiskResult<std::unique_ptr<File>> open(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    const auto found = now_.find(name);
    if (cut_ || found == now_.end()) return std::unexpected(DiskError{cut_ ? EIO : ENOENT, "cannot open " + name});
    return std::make_unique<Handle>(shared_from_this(), found->second);
  }
  DiskResult<std::unique_ptr<File>> create(const std::string& name) override {
    {
      const std::lock_guard lock(mutex_);
      if (auto may = begin(Operation::Create); !may) return std::unexpected(may.error());
      if (!now_.contains(name)) now_[name] = std::make_shared<Inode>();
    }
    return open(name);
  }
  DiskResult<void> rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    if (auto may = begin(Operation::Rename); !may) return may;
    now_[to] = now_.at(from);
    now_.erase(from);
    return {};
  }
  DiskResult<void> remove(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    if (auto may = begin(Operation::Remove); !may) return may;
    now_.erase(name);
    return {};
  }
  DiskResult<std::vector<std::string>> list() override {
    const std::lock_guard lock(mutex_);
    return names();
  }
  DiskResult<void> sync_directory() override {
    const std::lock_guard lock(mutex_);
    if (auto may = begin(Operation::SyncDirectory); !may) return may;
    durable_ = now_;
    return {};
  }

 private:
  static constexpr std::size_t kSector = 512;
  struct Inode {
    std::vector<char> now, durable;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  class Handle final : public File {
   public:
    Handle(std::shared_ptr<FaultyDisk> disk, std::shared_ptr<Inode> inode)
        : disk_(std::move(disk)), inode_(std::move(inode)) {}
    DiskResult<void> write(std::span<const ::iovec> pieces, std::uint64_t offset) override {
      const std::lock_guard lock(disk_->mutex_);
      std::string bytes;
      for (const auto& piece : pieces) bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      const auto may = disk_->begin(Operation::Write);
      // The power goes when half of it is written; a full disk also takes a part.
      if (!may) bytes.resize(bytes.size() / 2);
      if (!may && !disk_->cut_just_now_ && may.error().number == EROFS) return may;
      if (!may && disk_->cut_ && !disk_->cut_just_now_) return may;
      disk_->cut_just_now_ = false;
      if (inode_->now.size() < offset + bytes.size()) inode_->now.resize(offset + bytes.size());
      std::copy(bytes.begin(), bytes.end(), inode_->now.begin() + static_cast<std::ptrdiff_t>(offset));
      return may;
    }
    DiskResult<std::size_t> read(std::span<char> buffer, std::uint64_t offset) override {
      const std::lock_guard lock(disk_->mutex_);
      if (offset >= inode_->now.size()) return std::size_t{0};
      const auto length = std::min<std::size_t>(buffer.size(), inode_->now.size() - offset);
      std::copy_n(inode_->now.begin() + static_cast<std::ptrdiff_t>(offset), length, buffer.begin());
      return length;
    }
    DiskResult<void> sync() override {
      const std::lock_guard lock(disk_->mutex_);
      const auto may = disk_->begin(Operation::Sync);
      if (may) {
        inode_->durable = inode_->now;
      } else if (!disk_->cut_) {
        inode_->now = inode_->durable;  // Linux forgets what it could not write, and the next sync succeeds
      }
      return may;
    }
    DiskResult<void> allocate(std::uint64_t size) override {
      const std::lock_guard lock(disk_->mutex_);
      if (auto may = disk_->begin(Operation::Allocate); !may) return may;
      std::uint64_t others = 0;
      for (const auto& [name, inode] : disk_->now_) others += inode == inode_ ? 0 : inode->now.size();
      if (disk_->capacity_ && others + size > *disk_->capacity_) {
        return std::unexpected(DiskError{ENOSPC, "cannot allocate: No space left on device"});
      }
      if (inode_->now.size() < size) inode_->now.resize(size);
      return {};
    }
    DiskResult<void> truncate(std::uint64_t size) override {
      const std::lock_guard lock(disk_->mutex_);
      if (auto may = disk_->begin(Operation::Truncate); !may) return may;
      inode_->now.resize(size);
      return {};
    }
    DiskResult<std::uint64_t> size() override {
      const std::lock_guard lock(disk_->mutex_);
      return inode_->now.size();
    }

   private:
    std::shared_ptr<FaultyDisk> disk_;
    std::shared_ptr<Inode> inode_;
  };

  DiskResult<void> begin(Operation kind) {
    cut_just_now_ = false;
    if (!cut_ && operations_ == cut_at_) cut_ = cut_just_now_ = true;
    if (cut_) return std::unexpected(DiskError{EIO, "the power is gone"});
    ++operations_;
    const auto failing = failing_.find(kind);
    if (failing == failing_.end()) return {};
    return std::unexpected(DiskError{failing->second, "told to fail"});
  }

  static void scramble(const Inode& inode, std::vector<char>& bytes, std::mt19937& random) {
    if (random() % 2 == 0) bytes.resize(std::max(inode.durable.size(), bytes.size()));
    for (std::size_t at = 0; at < bytes.size(); at += kSector) {
      const std::size_t end = std::min(at + kSector, bytes.size());
      const bool written = random() % 2 == 0;
      for (std::size_t i = at; i < end; ++i) {
        const char old = i < inode.durable.size() ? inode.durable[i] : '\0';
        if (!written || i >= inode.now.size()) bytes[i] = old;
      }
    }
  }

  std::mutex mutex_;
  Names now_, durable_;
  std::atomic<std::uint64_t> operations_{0};
  std::uint64_t cut_at_ = ~std::uint64_t{0};
  std::atomic<bool> cut_{false};
  bool cut_just_now_ = false;
  std::map<Operation, int> failing_;
  std::optional<std::uint64_t> capacity_;
};

}  // namespace postseal::journal
