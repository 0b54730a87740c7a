// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/chronicle.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <mutex>

#include "edge/journal/database.h"
#include "edge/journal/letter_clock.h"

namespace postseal::journal {

namespace {

constexpr std::size_t kTraces = 0, kNotes = 1;  // families
// A disk that takes nothing must not fill the memory with traces, whose loss is allowed.
constexpr std::size_t kMostWaiting = std::size_t{64} << 20;
/// Octets that are worth a flush before its time: memory that is used again soon is still in the processor's cache.
constexpr std::size_t kMany = std::size_t{1} << 20;
/// Of lines, that go to the database at once.
constexpr std::size_t kAtOnce = std::size_t{64} << 10;

std::uint64_t seconds(WallTime time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count()));
}

/// Lines that are not in the database yet, one behind the other.
class Lines {
 public:
  struct Line {
    std::array<char, 24> key;  ///< letter, second, number: sorts as it will in the database
    std::size_t offset, length;
  };
  void add(const std::string& key, std::string_view text) {
    Line& line = lines_.emplace_back(Line{{}, text_.size(), text.size()});
    std::ranges::copy(key, line.key.begin());
    text_ += text;
  }
  void clear() {
    lines_.clear();
    text_.clear();
  }
  const std::vector<Line>& all() const { return lines_; }
  static std::string_view key_of(const Line& line) { return {line.key.data(), line.key.size()}; }
  std::string_view text_of(const Line& line) const { return std::string_view(text_).substr(line.offset, line.length); }
  std::size_t octets() const { return text_.size() + lines_.size() * sizeof(Line); }

 private:
  std::vector<Line> lines_;
  std::string text_;
};

}  // namespace

struct Chronicle::Impl {
  std::unique_ptr<Database> database;

  std::mutex flushing;  ///< one flush at a time; taken before the other
  std::mutex mutex;
  Lines waiting;
  Lines on_their_way;         ///< not changed without both
  std::uint64_t counter = 0;  ///< tells apart and sorts what has the same second
  std::uint64_t forgotten_before = 0, deleted_before = 0;

  spool::StoreResult<void> flush();
  spool::StoreResult<void> write(const Lines& lines);
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

bool Chronicle::add_trace(spool::LetterId id, WallTime at, std::string_view json) {
  std::string key;
  append_key(key, id.value);
  append_key(key, seconds(at));
  const std::lock_guard lock(impl_->mutex);
  append_key(key, ++impl_->counter);
  const std::size_t before = impl_->waiting.octets();
  if (before + impl_->on_their_way.octets() + json.size() > kMostWaiting) return false;
  impl_->waiting.add(key, json);
  return before < kMany && impl_->waiting.octets() >= kMany;
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
  for (const Lines* some : {&impl_->on_their_way, &impl_->waiting}) {
    for (const auto& line : some->all()) {
      if (Lines::key_of(line).starts_with(prefix)) keep(Lines::key_of(line), some->text_of(line));
    }
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

spool::StoreResult<void> Chronicle::Impl::write(const Lines& lines) {
  rocksdb::WriteBatch batch;
  for (auto line = lines.all().begin(); line != lines.all().end();) {
    batch.Clear();
    {
      const auto open = database->hold();
      if (!open) return std::unexpected(database->unavailable());
      for (; line != lines.all().end() && batch.GetDataSize() < kAtOnce; ++line)
        batch.Put(open->family(kTraces), Lines::key_of(*line), lines.text_of(*line));
    }
    if (auto written = database->write(rocksdb::WriteOptions(), batch); !written) return written;
  }
  return {};
}

spool::StoreResult<void> Chronicle::Impl::flush() {
  std::uint64_t forget = 0;
  {
    const std::lock_guard lock(mutex);
    if (on_their_way.all().empty()) std::swap(waiting, on_their_way);
    if (forgotten_before > deleted_before) forget = forgotten_before;
  }
  if (auto written = write(on_their_way); !written) return written;
  if (forget != 0) {
    if (auto deleted = delete_old(forget); !deleted) return deleted;
  }
  const std::lock_guard lock(mutex);
  on_their_way.clear();
  deleted_before = std::max(deleted_before, forget);
  return {};
}

spool::StoreResult<void> Chronicle::flush() {
  const std::lock_guard one(impl_->flushing);
  // What a disk did not take the last time goes first, and as a whole: under the same keys.
  const bool left_over = !impl_->on_their_way.all().empty();
  if (auto flushed = impl_->flush(); !flushed || !left_over) return flushed;
  return impl_->flush();
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
