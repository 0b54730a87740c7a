// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/database.h"

#include <rocksdb/env.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>
#include <memory>

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

spool::StoreResult<std::unique_ptr<Database>> Database::open(const std::string& directory,
                                                             const std::vector<std::string>& families) {
  const rocksdb::Options options = database_options();
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors{{rocksdb::kDefaultColumnFamilyName, options}};
  for (const auto& name : families) descriptors.emplace_back(name, options);
  std::unique_ptr<Database> database(new Database());
  database->directory_ = directory;
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(options, directory, descriptors, &database->families_, &db);
  if (!status.ok()) return std::unexpected(to_store_error(status, directory));
  database->db_.reset(db);
  return database;
}

Database::~Database() {
  if (!db_) return;
  for (auto* family : families_) db_->DestroyColumnFamilyHandle(family);
  (void)db_->Close();
}

spool::StoreResult<void> Database::write(const rocksdb::WriteOptions& options, rocksdb::WriteBatch& batch) {
  auto status = db_->Write(options, &batch);
  // After an error of the disk RocksDB takes nothing more until it is asked to go on.
  if (!status.ok() && db_->Resume().ok()) status = db_->Write(options, &batch);
  if (!status.ok()) return std::unexpected(error(status));
  return {};
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
