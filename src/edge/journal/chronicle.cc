// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/chronicle.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

#include "edge/journal/database.h"
#include "edge/journal/letter_clock.h"

namespace postseal::journal {

namespace {

constexpr std::size_t kTraces = 0, kNotes = 1;  // families
// A disk that takes nothing must not fill the memory with traces, whose loss is allowed.
constexpr std::size_t kMostWaiting = 100000;

std::uint64_t seconds(WallTime time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count()));
}

}  // namespace

struct Chronicle::Impl {
  std::unique_ptr<Database> database;

  std::mutex mutex;
  std::map<std::string, std::string> waiting;  ///< key, line: as they will be in the database
  std::uint64_t counter = 0;                   ///< tells apart and sorts what has the same second
  std::uint64_t forgotten_before = 0, deleted_before = 0;

  spool::StoreResult<void> delete_old(std::uint64_t before);
};

Chronicle::Chronicle(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->counter = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
}
Chronicle::~Chronicle() { (void)flush(); }

spool::StoreResult<std::unique_ptr<Chronicle>> Chronicle::open(const std::string& directory) {
  auto database = Database::open(directory, {"traces", "notes"});
  if (!database) {
    auto error = database.error();
    if (error.code == spool::StoreErrorCode::Corrupt) {
      error.what +=
          "; traces and notes cannot be read. Restore the directory from a backup, or move it away: letters "
          "are not in it, what is remembered of other domains is";
    }
    return std::unexpected(error);
  }
  auto impl = std::make_unique<Impl>();
  impl->database = std::move(*database);
  return std::unique_ptr<Chronicle>(new Chronicle(std::move(impl)));
}

void Chronicle::add_trace(spool::LetterId id, WallTime at, std::string_view json) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->waiting.size() >= kMostWaiting) return;
  std::string key;
  append_key(key, id.value);
  append_key(key, seconds(at));
  append_key(key, ++impl_->counter);
  impl_->waiting.emplace(std::move(key), json);
}

spool::StoreResult<std::vector<std::string>> Chronicle::trace(spool::LetterId id) {
  std::string prefix;
  append_key(prefix, id.value);
  const std::lock_guard lock(impl_->mutex);
  std::map<std::string, std::string> lines;
  const auto keep = [&](std::string_view key, std::string_view line) {
    if (read_key(key.substr(8)) >= impl_->forgotten_before) lines.emplace(key, line);
  };
  const auto open = impl_->database->hold();
  if (!open) return std::unexpected(impl_->database->unavailable());
  const std::unique_ptr<rocksdb::Iterator> at(open->db->NewIterator(rocksdb::ReadOptions(), open->family(kTraces)));
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    keep(at->key().ToStringView(), at->value().ToStringView());
  }
  if (!at->status().ok()) return std::unexpected(impl_->database->error(at->status()));
  for (auto found = impl_->waiting.lower_bound(prefix);
       found != impl_->waiting.end() && found->first.starts_with(prefix); ++found) {
    keep(found->first, found->second);
  }
  std::vector<std::string> result;
  for (auto& [key, line] : lines) result.push_back(std::move(line));
  return result;
}

void Chronicle::forget_traces_before(WallTime when) {
  const std::lock_guard lock(impl_->mutex);
  impl_->forgotten_before = std::max(impl_->forgotten_before, seconds(when));
}

spool::StoreResult<void> Chronicle::Impl::delete_old(std::uint64_t before) {
  // A trace is not older than its letter: behind the first letter of that second there is nothing to forget.
  std::string end;
  append_key(end, first_id_at(before));
  rocksdb::WriteBatch batch;
  {
    const auto open = database->hold();
    if (!open) return std::unexpected(database->unavailable());
    auto* const traces = open->family(kTraces);
    const std::unique_ptr<rocksdb::Iterator> at(open->db->NewIterator(rocksdb::ReadOptions(), traces));
    for (at->SeekToFirst(); at->Valid() && at->key().ToStringView() < end; at->Next()) {
      if (read_key(at->key().ToStringView().substr(8)) < before) batch.Delete(traces, at->key());
    }
    if (!at->status().ok()) return std::unexpected(database->error(at->status()));
  }
  return database->write(rocksdb::WriteOptions(), batch);
}

spool::StoreResult<void> Chronicle::flush() {
  std::map<std::string, std::string> lines;
  std::uint64_t forget = 0;
  rocksdb::WriteBatch batch;
  {
    const std::lock_guard lock(impl_->mutex);
    lines = impl_->waiting;
    if (impl_->forgotten_before > impl_->deleted_before) forget = impl_->forgotten_before;
  }
  if (!lines.empty()) {
    auto open = impl_->database->hold();
    if (!open) return std::unexpected(impl_->database->unavailable());
    for (const auto& [key, line] : lines) batch.Put(open->family(kTraces), key, line);
    open.reset();
    if (auto written = impl_->database->write(rocksdb::WriteOptions(), batch); !written) return written;
  }
  if (forget != 0) {
    if (auto deleted = impl_->delete_old(forget); !deleted) return deleted;
  }
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [key, line] : lines) impl_->waiting.erase(key);
  impl_->deleted_before = std::max(impl_->deleted_before, forget);
  return {};
}

spool::StoreResult<void> Chronicle::put_note(std::string_view name, std::string_view value) {
  auto open = impl_->database->hold();
  if (!open) return std::unexpected(impl_->database->unavailable());
  rocksdb::WriteBatch batch;
  batch.Put(open->family(kNotes), rocksdb::Slice(name.data(), name.size()), rocksdb::Slice(value.data(), value.size()));
  open.reset();
  rocksdb::WriteOptions options;
  options.sync = true;
  return impl_->database->write(options, batch);
}

spool::StoreResult<std::optional<std::string>> Chronicle::note(std::string_view name) {
  std::string value;
  const auto open = impl_->database->hold();
  if (!open) return std::unexpected(impl_->database->unavailable());
  const auto status =
      open->db->Get(rocksdb::ReadOptions(), open->family(kNotes), rocksdb::Slice(name.data(), name.size()), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(impl_->database->error(status));
  return value;
}

}  // namespace postseal::journal
