// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/log_spool.h"

#include <algorithm>
#include <utility>

#include "edge/journal/body_source.h"
#include "edge/journal/cleaner.h"
#include "edge/journal/draft.h"
#include "edge/journal/session_write.h"

namespace postseal::journal {

using spool::StoreError;
using spool::StoreErrorCode;
using spool::StoreResult;

namespace {

constexpr std::size_t kManyChanges = 20000;

std::unexpected<StoreError> not_found() {
  return std::unexpected(StoreError{StoreErrorCode::NotFound, "there is no such letter"});
}

StoreError unreadable(spool::LetterId id) {
  return {StoreErrorCode::Corrupt, "the index has no sense for letter " + id.to_string() +
                                       ": stop, delete the directory index, and start; it is made again from the log"};
}

/// Whether nobody waits any more afterwards.
bool finishes(const spool::LetterChange& change, const KeptLetter& letter) {
  std::vector<bool> waiting;
  for (const auto& state : letter.states) waiting.push_back(state.status == spool::RecipientStatus::Waiting);
  for (const auto& [index, state] : change.states) {
    if (index < waiting.size()) waiting[index] = state.status == spool::RecipientStatus::Waiting;
  }
  return std::ranges::none_of(waiting, [](bool one) { return one; });
}

}  // namespace

LogSpool::LogSpool(SpoolParts parts)
    : settings_(std::move(parts.settings)),
      lock_(std::move(parts.lock)),
      disk_(std::move(parts.disk)),
      catalog_(std::move(parts.catalog)),
      index_(std::move(parts.recovered.index)),
      chronicle_(std::move(parts.chronicle)),
      ballast_(settings_.directory + "/ballast", settings_.segment_size / 8),
      clock_(settings_.now, parts.recovered.last_id),
      letters_(std::move(parts.recovered.letters)),
      checkpointed_at_(std::chrono::steady_clock::now()) {
  log_ = std::make_unique<Log>(
      *disk_, *catalog_,
      LogSettings{settings_.segment_size, settings_.sync_changes_after, settings_.gather_for, settings_.warn,
                  settings_.on_sync, [this] { return clock_.last(); }},
      [this](Writes& letters, Position applied) { on_synced(letters, applied); },
      [this](std::uint64_t segment, const std::vector<std::uint64_t>& homes) {
        const std::lock_guard lock(letters_mutex_);
        letters_->note_homes(segment, homes);
      });
  ballast_.take();
  log_->start(parts.recovered.end, parts.recovered.next, std::move(parts.recovered.spares));
  if (settings_.tidies_itself) tidier_ = std::thread([this] { run_tidier(); });
}

LogSpool::~LogSpool() {
  {
    const std::lock_guard lock(wake_mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (tidier_.joinable()) tidier_.join();
  log_->stop();
  if (settings_.tidies_itself) (void)checkpoint();
}

std::unique_ptr<spool::Draft> LogSpool::begin() {
  return std::make_unique<LogDraft>(*log_, clock_.next(), settings_.small_letter);
}

Awaitable<StoreResult<spool::QueuedLetter>> LogSpool::commit(std::unique_ptr<spool::Draft> draft,
                                                             spool::Envelope envelope) {
  auto& given = static_cast<LogDraft&>(*draft);
  if (given.failure()) co_return std::unexpected(*given.failure());
  spool::QueuedLetter letter;
  letter.id = given.id();
  envelope.size = given.size();
  letter.states.resize(envelope.recipients.size());
  letter.envelope = std::move(envelope);

  auto write = std::make_unique<LetterWrite>();
  given.move_to(*write);
  write->kept.envelope = format_envelope(letter.envelope);
  write->kept.states = letter.states;
  write->head = format_kept(write->kept);
  draft.reset();
  auto kept = co_await submit_and_wait(*log_, std::move(write));
  if (!kept) co_return std::unexpected(kept.error());
  co_return letter;
}

void LogSpool::on_synced(Writes& letters, Position applied) {
  bool many = false;
  {
    const std::lock_guard lock(letters_mutex_);
    for (auto& write : letters) {
      auto& letter = static_cast<LetterWrite&>(*write);
      letter.kept.home = letter.at_segment->number;
      if (letter.body_size() > 0) {
        letter.kept.pieces.push_back({letter.kept.home,
                                      static_cast<std::uint32_t>(letter.at_offset + kHeaderSize + letter.head.size()),
                                      static_cast<std::uint32_t>(letter.body_size()), letter.body_crc});
      }
      letters_->insert(letter.id, std::move(letter.kept));
    }
    letters_->set_applied(applied);
    many = letters_->waiting() >= kManyChanges;
  }
  if (many) wake_.notify_one();
}

StoreResult<void> LogSpool::change(const spool::LetterChange& change) {
  const std::lock_guard lock(letters_mutex_);
  const auto known = letters_->edit(change.id.value);
  if (!known) return std::unexpected(known.error());
  if (!*known) return not_found();
  KeptLetter& letter = **known;
  std::erase_if(letter.older, [this](auto home) { return !catalog_->has(home); });
  auto homes = letter.homes();
  const bool last = finishes(change, letter);
  auto head = last ? format_gone(homes) : format_change(change, homes);
  const auto segment =
      log_->append_change(last ? RecordType::Gone : RecordType::Change, change.id.value, std::move(head), homes);
  if (!segment) return std::unexpected(segment.error());
  letters_->note_homes(*segment, homes);
  if (last) {
    letters_->erase(change.id.value);
  } else {
    apply(change, letter);
  }
  return {};
}

Awaitable<StoreResult<void>> LogSpool::change_durably(spool::LetterChange change) {
  if (auto changed = this->change(change); !changed) co_return changed;
  co_return co_await submit_and_wait(*log_, std::make_unique<SessionWrite>(Write::Kind::Barrier));
}

template <class Use>
StoreResult<void> LogSpool::with_letter(spool::LetterId id, Use use) {
  std::optional<KeptLetter> indexed;
  for (bool asked = false;; asked = true) {
    {
      const std::lock_guard lock(letters_mutex_);
      const auto seen = letters_->look(id.value);
      if (seen.where == Letters::Where::Gone) return not_found();
      if (seen.where == Letters::Where::Here) return use(*seen.letter);
      // Asked without the lock, and nothing has come to memory meanwhile: what the index said holds.
      if (asked && indexed) return use(*indexed);
      if (asked) return not_found();
    }
    auto known = index_->find(id.value);
    if (!known) return std::unexpected(known.error());
    indexed = std::move(*known);
  }
}

StoreResult<spool::QueuedLetter> LogSpool::load(spool::LetterId id) {
  std::optional<KeptLetter> copy;
  auto found = with_letter(id, [&](const KeptLetter& letter) {
    copy = letter;
    return StoreResult<void>();
  });
  if (!found) return std::unexpected(found.error());
  auto letter = to_queued(id, *copy);
  if (!letter) return std::unexpected(unreadable(id));
  return std::move(*letter);
}

message::OpenSource LogSpool::open(spool::LetterId id) {
  std::shared_ptr<const Body> body;
  const auto look = [&](const KeptLetter& letter) {
    if (auto found = find_body(*catalog_, letter)) body = std::make_shared<const Body>(std::move(*found));
    return StoreResult<void>();
  };
  // Twice: what the index said may be from before the letter moved and its old segment went.
  (void)with_letter(id, look);
  if (!body) (void)with_letter(id, look);
  return [body]() -> std::unique_ptr<message::Source> { return body ? open_body(body) : nullptr; };
}

StoreResult<void> LogSpool::for_each(std::function<bool(const spool::QueuedLetter&)> visit) {
  std::vector<std::pair<std::uint64_t, std::optional<KeptLetter>>> recent;
  std::unique_ptr<LetterIndex::Walk> walk;
  {
    const std::lock_guard lock(letters_mutex_);
    recent = letters_->recent();
    walk = index_->walk();
  }
  auto next = recent.begin();
  for (;;) {
    if (auto status = walk->status(); !status) return status;
    const bool from_memory = next != recent.end() && (walk->at_end() || next->first <= walk->id());
    if (!from_memory && walk->at_end()) return {};
    std::optional<KeptLetter> kept;
    std::uint64_t id = 0;
    if (from_memory) {
      id = next->first;
      kept = std::move(next->second);
      if (!walk->at_end() && walk->id() == id) walk->next();
      ++next;
      if (!kept) continue;
    } else {
      id = walk->id();
      kept = parse_kept(walk->bytes());
      walk->next();
    }
    const auto letter = kept ? to_queued({id}, *kept) : std::nullopt;
    if (!letter) return std::unexpected(unreadable({id}));
    if (!visit(*letter)) return {};
  }
}

void LogSpool::add_trace(spool::LetterId id, WallTime at, std::string_view json) {
  if (chronicle_->add_trace(id, at, json)) wake_.notify_one();
}
StoreResult<std::vector<std::string>> LogSpool::trace(spool::LetterId id) { return chronicle_->trace(id); }
void LogSpool::forget_traces_before(WallTime when) { chronicle_->forget_traces_before(when); }
StoreResult<void> LogSpool::put_note(std::string_view name, std::string_view value) {
  return chronicle_->put_note(name, value);
}
StoreResult<std::optional<std::string>> LogSpool::note(std::string_view name) { return chronicle_->note(name); }

spool::Store::Size LogSpool::size() {
  Size size;
  for (const auto& segment : catalog_->all()) {
    const std::uint64_t end = segment->end;
    size.bytes_on_disk += end != 0 ? end : segment->size;  // the one that is written to is there as a whole
  }
  size.bytes_on_disk += log_->spare_bytes();
  const std::lock_guard lock(letters_mutex_);
  size.letters = letters_->count();
  size.bytes_live = letters_->live_bytes();
  return size;
}

StoreResult<void> LogSpool::checkpoint() {
  for (;;) {
    std::shared_ptr<const Letters::Frozen> frozen;
    bool old = false;
    {
      const std::lock_guard lock(letters_mutex_);
      old = letters_->is_frozen();
      frozen = letters_->freeze(clock_.last());
    }
    auto written = index_->write(frozen->slots, frozen->checkpoint);
    if (!written && written.error().code == StoreErrorCode::NoSpace) {
      ballast_.drop();
      written = index_->write(frozen->slots, frozen->checkpoint);
    }
    if (!written) return written;
    {
      const std::lock_guard lock(letters_mutex_);
      letters_->thaw();
    }
    checkpointed_ = frozen->checkpoint.applied;
    checkpointed_at_ = std::chrono::steady_clock::now();
    if (!old) return {};
  }
}

/// Pieces alone sync nothing. Whoever sends letters and gives them up would fill segments that count as still being
/// written to until somebody else's letter comes, and on a full disk none can.
bool LogSpool::unsettled() {
  const std::uint64_t written_to = log_->segment();
  const std::lock_guard lock(letters_mutex_);
  return written_to > letters_->applied().segment;
}

StoreResult<void> LogSpool::tidy() {
  const std::lock_guard lock(tidy_mutex_);
  // Where this fails the log says so, and what could not be settled stays.
  if (unsettled()) (void)wait_for_sync(*log_, {}, false);
  auto flushed = chronicle_->flush();
  if (auto written = checkpoint(); !written) return written;
  const auto checkpoint_durably = [this]() -> StoreResult<void> {
    if (auto written = checkpoint(); !written) return written;
    return index_->sync();
  };
  auto cleaned = Cleaner({letters_mutex_, *letters_, *log_, *catalog_, checkpoint_durably, settings_.segment_size,
                          settings_.small_letter})
                     .clean();
  if (!cleaned) return cleaned;
  ballast_.take();
  // Without one, later segments are merely slower: no trouble of its own.
  (void)log_->fill_spare();
  return flushed;
}

bool LogSpool::tidy_is_due() {
  if (unsettled()) return true;
  const std::lock_guard lock(tidy_mutex_);
  const bool old = std::chrono::steady_clock::now() - checkpointed_at_ >= settings_.checkpoint_after;
  const std::lock_guard letters(letters_mutex_);
  const Position applied = letters_->applied();
  return (old && (applied != checkpointed_ || letters_->waiting() > 0)) || letters_->waiting() >= kManyChanges ||
         applied.segment != checkpointed_.segment;
}

void LogSpool::run_tidier() {
  std::string said;
  std::unique_lock lock(wake_mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, settings_.checkpoint_after / 5);
    if (stopping_) return;
    lock.unlock();
    const bool due = tidy_is_due();
    auto done = due ? tidy() : chronicle_->flush();
    {
      const std::lock_guard tidying(tidy_mutex_);
      (void)log_->fill_spare();
    }
    // Once for each trouble: it is tried again every second.
    if (!done && done.error().what != said && settings_.warn) settings_.warn("spool: " + done.error().what);
    said = done ? "" : done.error().what;
    lock.lock();
  }
}

}  // namespace postseal::journal
