#pragma once
// SPDX-License-Identifier: Apache-2.0
// Traces of attempts and notes, in a RocksDB of their own: the index may be thrown away, these not.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/spool/store.h"

namespace postseal::journal {

/// Safe to use from several threads.
class Chronicle {
 public:
  static spool::StoreResult<std::unique_ptr<Chronicle>> open(const std::string& directory);
  ~Chronicle();

  /// Waits in memory for flush(). true: so much waits that it is worth one.
  bool add_trace(spool::LetterId id, WallTime at, std::string_view json);
  spool::StoreResult<std::vector<std::string>> trace(spool::LetterId id);
  /// Not seen from now on, deleted at the next flush().
  void forget_traces_before(WallTime when);
  /// Survives the end of this process.
  spool::StoreResult<void> flush();

  /// On stable storage when it returns.
  spool::StoreResult<void> put_note(std::string_view name, std::string_view value);
  spool::StoreResult<std::optional<std::string>> note(std::string_view name);

 private:
  struct Impl;
  explicit Chronicle(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::journal
