#pragma once
// SPDX-License-Identifier: Apache-2.0
// How this room uses RocksDB: small memory, few files, LZ4, keys that sort as numbers do.
#include <rocksdb/db.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/spool/store.h"

namespace postseal::journal {

spool::StoreError to_store_error(const rocksdb::Status& status, const std::string& directory);

/// A database that is open, and its column families; closed in the right order.
struct OpenDatabase {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;

  OpenDatabase() = default;
  ~OpenDatabase();
  OpenDatabase(const OpenDatabase&) = delete;
  OpenDatabase& operator=(const OpenDatabase&) = delete;
  /// In the order of Database::open(); "default" is not among them.
  rocksdb::ColumnFamilyHandle* family(std::size_t index) const { return families[index + 1]; }
};

/// A database that survives its disk's errors: RocksDB takes nothing more after one, so it is closed and opened again
/// when the disk takes writes, and read as it is until then. Safe from several threads.
class Database {
 public:
  static spool::StoreResult<std::unique_ptr<Database>> open(const std::string& directory,
                                                            const std::vector<std::string>& families);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// For as long as it is used, and no longer: nothing is opened again meanwhile. nullptr: unavailable().
  std::shared_ptr<const OpenDatabase> hold();
  spool::StoreResult<void> write(const rocksdb::WriteOptions& options, rocksdb::WriteBatch& batch);
  spool::StoreError error(const rocksdb::Status& status) const { return to_store_error(status, directory_); }
  spool::StoreError unavailable() const;

 private:
  Database() = default;
  bool open_again();

  std::string directory_;
  std::vector<std::string> names_;
  std::mutex mutex_;
  std::shared_ptr<const OpenDatabase> open_;
};

rocksdb::Options database_options();
/// Big-endian: sorts as the number does.
void append_key(std::string& key, std::uint64_t number);
std::uint64_t read_key(std::string_view key);

}  // namespace postseal::journal
