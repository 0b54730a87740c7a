#pragma once
// SPDX-License-Identifier: Apache-2.0
// How this room uses RocksDB: small memory, few files, LZ4, keys that sort as numbers do.
#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/spool/store.h"

namespace postseal::journal {

spool::StoreError to_store_error(const rocksdb::Status& status, const std::string& directory);

/// A database and its column families, closed in the right order.
class Database {
 public:
  static spool::StoreResult<std::unique_ptr<Database>> open(const std::string& directory,
                                                            const std::vector<std::string>& families);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() { return *db_; }
  /// In the order of open(); "default" is not among them.
  rocksdb::ColumnFamilyHandle* family(std::size_t index) { return families_[index + 1]; }
  spool::StoreResult<void> write(const rocksdb::WriteOptions& options, rocksdb::WriteBatch& batch);
  spool::StoreError error(const rocksdb::Status& status) const { return to_store_error(status, directory_); }

 private:
  Database() = default;
  std::string directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

rocksdb::Options database_options();
/// Big-endian: sorts as the number does.
void append_key(std::string& key, std::uint64_t number);
std::uint64_t read_key(std::string_view key);

}  // namespace postseal::journal
