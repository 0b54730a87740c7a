// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/letter_index.h"

#include <rocksdb/write_batch.h>

#include "edge/journal/bytes.h"
#include "edge/journal/database.h"

namespace postseal::journal {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr const char* kCheckpointKey = "checkpoint";

std::string key_of(std::uint64_t id) {
  std::string key;
  append_key(key, id);
  return key;
}

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

spool::StoreError unreadable(const std::string& what) {
  return {spool::StoreErrorCode::Corrupt, "the index cannot be read: " + what};
}

class IndexWalk final : public LetterIndex::Walk {
 public:
  IndexWalk(std::shared_ptr<const OpenDatabase> open, std::unique_ptr<rocksdb::Iterator> iterator)
      : open_(std::move(open)), iterator_(std::move(iterator)) {
    iterator_->SeekToFirst();
  }
  bool at_end() const override { return !iterator_->Valid(); }
  std::uint64_t id() const override { return read_key(view(iterator_->key())); }
  std::string_view bytes() const override { return view(iterator_->value()); }
  void next() override { iterator_->Next(); }
  spool::StoreResult<void> status() const override {
    if (!iterator_->status().ok()) return std::unexpected(to_store_error(iterator_->status(), "index"));
    return {};
  }

 private:
  std::shared_ptr<const OpenDatabase> open_;  ///< outlives the iterator
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

/// The index cannot be read now.
class NoWalk final : public LetterIndex::Walk {
 public:
  explicit NoWalk(spool::StoreError error) : error_(std::move(error)) {}
  bool at_end() const override { return true; }
  std::uint64_t id() const override { return 0; }
  std::string_view bytes() const override { return {}; }
  void next() override {}
  spool::StoreResult<void> status() const override { return std::unexpected(error_); }

 private:
  spool::StoreError error_;
};

}  // namespace

std::string format_checkpoint(const Checkpoint& checkpoint) {
  std::string bytes;
  ByteWriter out(bytes);
  out.number(kVersion);
  out.number(checkpoint.applied.segment);
  out.number(checkpoint.applied.offset);
  out.number(checkpoint.last_id);
  out.number(checkpoint.letters);
  out.number(static_cast<std::uint32_t>(checkpoint.use.size()));
  for (const auto& [number, use] : checkpoint.use) {
    out.number(number);
    out.number(use.live_bytes);
    out.number(use.references);
    out.number(static_cast<std::uint32_t>(use.homes.size()));
    for (const auto home : use.homes) out.number(home);
  }
  return bytes;
}

std::optional<Checkpoint> parse_checkpoint(std::string_view bytes) {
  constexpr std::size_t kLeastUse = 28;
  ByteReader in(bytes);
  if (in.number<std::uint8_t>() != kVersion) return std::nullopt;
  Checkpoint checkpoint;
  checkpoint.applied.segment = in.number<std::uint64_t>();
  checkpoint.applied.offset = in.number<std::uint64_t>();
  checkpoint.last_id = in.number<std::uint64_t>();
  checkpoint.letters = in.number<std::uint64_t>();
  const auto segments = in.count(kLeastUse);
  for (std::uint32_t i = 0; i < segments && in.ok(); ++i) {
    const auto number = in.number<std::uint64_t>();
    auto& use = checkpoint.use[number];
    use.live_bytes = in.number<std::uint64_t>();
    use.references = in.number<std::uint64_t>();
    const auto homes = in.count(sizeof(std::uint64_t));
    for (std::uint32_t j = 0; j < homes; ++j) use.homes.insert(in.number<std::uint64_t>());
  }
  return in.finished() ? std::optional(std::move(checkpoint)) : std::nullopt;
}

struct LetterIndex::Impl {
  std::unique_ptr<Database> database;
};

LetterIndex::LetterIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LetterIndex::~LetterIndex() = default;

spool::StoreResult<std::unique_ptr<LetterIndex>> LetterIndex::open(const std::string& directory) {
  auto database = Database::open(directory, {"letters"});
  if (!database) return std::unexpected(database.error());
  return std::unique_ptr<LetterIndex>(new LetterIndex(std::make_unique<Impl>(std::move(*database))));
}

spool::StoreResult<void> LetterIndex::destroy(const std::string& directory) {
  const auto status = rocksdb::DestroyDB(directory, database_options(), {{"letters", database_options()}});
  if (!status.ok()) return std::unexpected(to_store_error(status, directory));
  return {};
}

spool::StoreResult<std::optional<Checkpoint>> LetterIndex::checkpoint() {
  const auto open = impl_->database->hold();
  if (!open) return std::unexpected(impl_->database->unavailable());
  std::string bytes;
  const auto status = open->db->Get(rocksdb::ReadOptions(), kCheckpointKey, &bytes);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(impl_->database->error(status));
  auto checkpoint = parse_checkpoint(bytes);
  if (!checkpoint) return std::unexpected(unreadable("its checkpoint"));
  return checkpoint;
}

spool::StoreResult<std::optional<KeptLetter>> LetterIndex::find(std::uint64_t id) {
  const auto open = impl_->database->hold();
  if (!open) return std::unexpected(impl_->database->unavailable());
  rocksdb::PinnableSlice bytes;
  const auto status = open->db->Get(rocksdb::ReadOptions(), open->family(0), key_of(id), &bytes);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(impl_->database->error(status));
  auto letter = parse_kept(view(bytes));
  if (!letter) return std::unexpected(unreadable("letter " + spool::LetterId{id}.to_string()));
  return letter;
}

spool::StoreResult<void> LetterIndex::write(const Slots& slots, const Checkpoint& checkpoint) {
  rocksdb::WriteBatch batch;
  {
    const auto open = impl_->database->hold();
    if (!open) return std::unexpected(impl_->database->unavailable());
    for (const auto& [id, slot] : slots) {
      if (slot.letter) {
        batch.Put(open->family(0), key_of(id), format_kept(*slot.letter));
      } else {
        batch.Delete(open->family(0), key_of(id));
      }
    }
  }
  batch.Put(kCheckpointKey, format_checkpoint(checkpoint));
  return impl_->database->write(rocksdb::WriteOptions(), batch);
}

spool::StoreResult<void> LetterIndex::sync() {
  const auto open = impl_->database->hold();
  if (!open) return std::unexpected(impl_->database->unavailable());
  const auto status = open->db->SyncWAL();
  if (!status.ok()) return std::unexpected(impl_->database->error(status));
  return {};
}

std::unique_ptr<LetterIndex::Walk> LetterIndex::walk() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 1024 * 1024;
  auto open = impl_->database->hold();
  if (!open) return std::make_unique<NoWalk>(impl_->database->unavailable());
  std::unique_ptr<rocksdb::Iterator> iterator(open->db->NewIterator(options, open->family(0)));
  return std::make_unique<IndexWalk>(std::move(open), std::move(iterator));
}

}  // namespace postseal::journal
