// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/database.h"

#include <fcntl.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <memory>

#include "edge/journal/posix_disk.h"

namespace postseal::journal {

namespace {

/// For RocksDB's own log file: after a write to it that failed, on a full disk, the next one ends the process in builds
/// with assertions, as Debian's is. What goes wrong reaches us as a Status.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

spool::StoreError to_store_error(const rocksdb::Status& status, const std::string& directory) {
  auto code = spool::StoreErrorCode::Io;
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kNoSpace) {
    code = spool::StoreErrorCode::NoSpace;
  } else if (status.IsCorruption()) {
    code = spool::StoreErrorCode::Corrupt;
  }
  return {code, directory + ": " + status.ToString()};
}

rocksdb::Options database_options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = 16 * 1024 * 1024;
  options.max_write_buffer_number = 3;
  options.max_open_files = 256;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 64 * 1024 * 1024;
  options.level_compaction_dynamic_level_bytes = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.info_log = std::make_shared<NoLog>();
  options.stats_dump_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(16 * 1024 * 1024);
  table.cache_index_and_filter_blocks = true;
  table.block_size = 16 * 1024;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

namespace {

spool::StoreResult<std::shared_ptr<const OpenDatabase>> open_now(const std::string& directory,
                                                                 const std::vector<std::string>& names) {
  const rocksdb::Options options = database_options();
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors{{rocksdb::kDefaultColumnFamilyName, options}};
  for (const auto& name : names) descriptors.emplace_back(name, options);
  auto open = std::make_shared<OpenDatabase>();
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(options, directory, descriptors, &open->families, &db);
  if (!status.ok()) return std::unexpected(to_store_error(status, directory));
  open->db.reset(db);
  return open;
}

/// Before what can be read is closed: whether it could be opened again.
bool takes_writes(const std::string& directory) {
  const std::string path = directory + "/probe";
  const std::string some(64 * 1024, '\0');
  const Handle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  const bool taken = file.get() >= 0 &&
                     ::write(file.get(), some.data(), some.size()) == static_cast<ssize_t>(some.size()) &&
                     ::fdatasync(file.get()) == 0;
  return ::unlink(path.c_str()) == 0 && taken;
}

}  // namespace

OpenDatabase::~OpenDatabase() {
  if (!db) return;
  for (auto* one : families) db->DestroyColumnFamilyHandle(one);
  (void)db->Close();
}

spool::StoreResult<std::unique_ptr<Database>> Database::open(const std::string& directory,
                                                             const std::vector<std::string>& families) {
  auto open = open_now(directory, families);
  if (!open) return std::unexpected(open.error());
  std::unique_ptr<Database> database(new Database());
  database->directory_ = directory;
  database->names_ = families;
  database->open_ = std::move(*open);
  return database;
}

std::shared_ptr<const OpenDatabase> Database::hold() {
  const std::lock_guard lock(mutex_);
  if (!open_) open_ = open_now(directory_, names_).value_or(nullptr);
  return open_;
}

spool::StoreError Database::unavailable() const {
  return {spool::StoreErrorCode::Io,
          directory_ + ": closed after an error of the disk, and cannot be opened again yet"};
}

bool Database::open_again() {
  const std::lock_guard lock(mutex_);
  // Whoever reads goes first: it is tried again with the next write.
  if (!takes_writes(directory_) || open_.use_count() > 1) return false;
  open_.reset();
  open_ = open_now(directory_, names_).value_or(nullptr);
  return open_ != nullptr;
}

spool::StoreResult<void> Database::write(const rocksdb::WriteOptions& options, rocksdb::WriteBatch& batch) {
  rocksdb::Status status;
  for (int tries = 0; tries < 2; ++tries) {
    auto open = hold();
    if (!open) return std::unexpected(unavailable());
    status = open->db->Write(options, &batch);
    if (status.ok()) return {};
    open.reset();
    if (!open_again()) break;
  }
  return std::unexpected(error(status));
}

void append_key(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift & 0xff));
}

std::uint64_t read_key(std::string_view key) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(8, key.size()); ++i)
    number = number << 8 | static_cast<unsigned char>(key[i]);
  return number;
}

}  // namespace postseal::journal
