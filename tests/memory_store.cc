// SPDX-License-Identifier: Apache-2.0
#include "tests/memory_store.h"

#include <algorithm>

namespace postseal::tests {

namespace {

class MemoryDraft final : public spool::Draft {
 public:
  MemoryDraft(spool::LetterId id, std::optional<spool::StoreError> failure) : id_(id), failure_(std::move(failure)) {}
  spool::LetterId id() const override { return id_; }
  Awaitable<spool::StoreResult<void>> append(std::string_view piece) override {
    if (failure_) co_return std::unexpected(*failure_);
    bytes.append(piece);
    co_return spool::StoreResult<void>();
  }
  Awaitable<spool::StoreResult<void>> put_in_front(std::string octets) override {
    if (failure_) co_return std::unexpected(*failure_);
    bytes.insert(0, octets);
    co_return spool::StoreResult<void>();
  }
  std::string bytes;

 private:
  spool::LetterId id_;
  std::optional<spool::StoreError> failure_;
};

class StringSource final : public message::Source {
 public:
  explicit StringSource(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}
  std::ptrdiff_t read(std::span<char> buffer) override {
    const std::size_t length = std::min(buffer.size(), bytes_->size() - begin_);
    std::copy_n(bytes_->data() + begin_, length, buffer.data());
    begin_ += length;
    return static_cast<std::ptrdiff_t>(length);
  }

 private:
  std::shared_ptr<const std::string> bytes_;
  std::size_t begin_ = 0;
};

std::unexpected<spool::StoreError> not_found() {
  return std::unexpected(spool::StoreError{spool::StoreErrorCode::NotFound, "there is no such letter"});
}

}  // namespace

std::unique_ptr<spool::Draft> MemoryStore::begin() {
  const std::lock_guard lock(mutex_);
  return std::make_unique<MemoryDraft>(spool::LetterId{++last_id_}, failure_);
}

Awaitable<spool::StoreResult<spool::QueuedLetter>> MemoryStore::commit(std::unique_ptr<spool::Draft> draft,
                                                                       spool::Envelope envelope) {
  const std::lock_guard lock(mutex_);
  if (failure_) co_return std::unexpected(*failure_);
  auto& given = static_cast<MemoryDraft&>(*draft);
  Kept kept;
  kept.letter.id = given.id();
  envelope.size = given.bytes.size();
  kept.letter.states.resize(envelope.recipients.size());
  kept.letter.envelope = std::move(envelope);
  kept.bytes = std::make_shared<std::string>(std::move(given.bytes));
  const auto result = kept.letter;
  letters_.emplace(given.id(), std::move(kept));
  co_return result;
}

spool::StoreResult<void> MemoryStore::change(const spool::LetterChange& change) {
  const std::lock_guard lock(mutex_);
  const auto found = letters_.find(change.id);
  if (found == letters_.end()) return not_found();
  auto& letter = found->second.letter;
  for (const auto& [index, state] : change.states) letter.states.at(index) = state;
  if (change.held) letter.held = *change.held;
  if (change.rerouted) letter.rerouted = *change.rerouted;
  return {};
}

Awaitable<spool::StoreResult<void>> MemoryStore::change_durably(spool::LetterChange change) {
  co_return this->change(change);
}

spool::StoreResult<spool::QueuedLetter> MemoryStore::load(spool::LetterId id) {
  const std::lock_guard lock(mutex_);
  const auto found = letters_.find(id);
  if (found == letters_.end() || found->second.letter.finished()) return not_found();
  return found->second.letter;
}

message::OpenSource MemoryStore::open(spool::LetterId id) {
  const std::lock_guard lock(mutex_);
  const auto found = letters_.find(id);
  auto bytes = found == letters_.end() ? nullptr : found->second.bytes;
  return [bytes]() -> std::unique_ptr<message::Source> {
    if (!bytes) return nullptr;
    return std::make_unique<StringSource>(bytes);
  };
}

spool::StoreResult<void> MemoryStore::for_each(std::function<bool(const spool::QueuedLetter&)> visit) {
  for (const auto& letter : all()) {
    if (!letter.finished() && !visit(letter)) break;
  }
  return {};
}

void MemoryStore::add_trace(spool::LetterId id, WallTime at, std::string_view json) {
  const std::lock_guard lock(mutex_);
  traces_[id].emplace_back(at, json);
}

spool::StoreResult<std::vector<std::string>> MemoryStore::trace(spool::LetterId id) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const auto& [at, json] : traces_[id]) lines.push_back(json);
  return lines;
}

void MemoryStore::forget_traces_before(WallTime when) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, lines] : traces_) std::erase_if(lines, [when](const auto& line) { return line.first < when; });
}

spool::StoreResult<void> MemoryStore::put_note(std::string_view name, std::string_view value) {
  const std::lock_guard lock(mutex_);
  notes_.insert_or_assign(std::string(name), std::string(value));
  return {};
}

spool::StoreResult<std::optional<std::string>> MemoryStore::note(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = notes_.find(name);
  if (found == notes_.end()) return std::nullopt;
  return found->second;
}

spool::Store::Size MemoryStore::size() {
  const std::lock_guard lock(mutex_);
  Size size;
  for (const auto& [id, kept] : letters_) {
    if (kept.letter.finished()) continue;
    ++size.letters;
    size.bytes_live += kept.bytes->size();
  }
  size.bytes_on_disk = size.bytes_live;
  return size;
}

void MemoryStore::fail_with(std::optional<spool::StoreError> error) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(error);
}

std::string MemoryStore::bytes(spool::LetterId id) {
  const std::lock_guard lock(mutex_);
  return *letters_.at(id).bytes;
}

std::vector<spool::QueuedLetter> MemoryStore::all() {
  const std::lock_guard lock(mutex_);
  std::vector<spool::QueuedLetter> letters;
  for (const auto& [id, kept] : letters_) letters.push_back(kept.letter);
  return letters;
}

}  // namespace postseal::tests
