// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/log.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "edge/journal/pieces.h"

namespace postseal::journal {

namespace {

constexpr std::uint64_t kAtOnce = 1024 * 1024;  ///< written under the lock without letting others in
constexpr std::chrono::microseconds kLeastPatience{100}, kMostPatience{1000};

spool::StoreError lost() {
  return {spool::StoreErrorCode::Io, "a part of the letter was lost when the disk failed to sync"};
}

}  // namespace

/// Records that are placed but not written.
struct Log::Gathered {
  std::vector<Write*> writes;
  std::deque<HeaderBytes> headers;
  Pieces pieces;
  std::uint64_t bytes = 0;
};

Log::Log(Disk& disk, Catalog& catalog, LogSettings settings, OnSynced on_synced, OnRewritten on_rewritten)
    : disk_(disk),
      catalog_(catalog),
      settings_(std::move(settings)),
      on_synced_(std::move(on_synced)),
      on_rewritten_(std::move(on_rewritten)) {}

Log::~Log() { stop(); }

void Log::start(Position previous, std::uint64_t next, std::vector<std::string> spares) {
  {
    const std::lock_guard lock(file_mutex_);
    previous_ = previous;
    next_number_ = next;
    for (auto& name : spares) {
      const std::uint64_t size = size_of_spare(name);
      spares_.push_back({std::move(name), size});
    }
    if (auto begun = roll(0); !begun) report(begun.error().what);
    started_ = true;
  }
  const std::lock_guard lock(queue_mutex_);
  stopped_ = false;
  thread_ = std::thread([this] { run(); });
}

void Log::stop() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Log::submit(std::unique_ptr<Write> write) {
  std::unique_lock lock(queue_mutex_);
  if (!stopped_) {
    waiting_ += write->kind != Write::Kind::Piece ? 1 : 0;
    queue_.push_back(std::move(write));
    at_rest_ = false;
    const bool wake = awaits_ == Awaits::Nothing || is_urgent() || (awaits_ == Awaits::Company && waiting_ >= wanted_);
    // Or the thread would wake up only to wait for the lock.
    lock.unlock();
    if (wake) wake_.notify_one();
    return;
  }
  lock.unlock();
  write->settle(std::unexpected(spool::StoreError{spool::StoreErrorCode::Closing, "the spool is being closed"}));
}

void Log::nobody_else_comes() {
  std::unique_lock lock(queue_mutex_);
  at_rest_ = true;
  const bool wake = awaits_ == Awaits::Rest;
  lock.unlock();
  if (wake) wake_.notify_one();
}

void Log::note_dirty(std::chrono::milliseconds within) {
  const std::lock_guard lock(queue_mutex_);
  if (dirty_) return;
  dirty_ = true;
  sync_at_ = std::chrono::steady_clock::now() + within;
  // While letters come in, the thread wakes up by itself in time: no need to wake it for each change.
  if (idle_) wake_.notify_one();
}

/// A session that streams a large letter stands still until its piece is written.
bool Log::is_urgent() const { return stopping_ || queue_.size() > waiting_; }

/// Sessions that have just been answered are often back at once with their next letter. Without a moment for them they
/// would miss this sync and halve the groups: half of them waiting while the other half is synced. And as long as the
/// sessions' threads are at work, the next letter may be what they work on: a busy server has no time for a sync each.
void Log::gather(std::unique_lock<std::mutex>& lock) {
  if (waiting_ == 0) return;
  using Clock = std::chrono::steady_clock;
  auto now = Clock::now();
  const auto company_until = now + std::clamp<Clock::duration>(last_sync_ / 4, kLeastPatience, kMostPatience);
  const auto rest_until = now + settings_.gather_for;
  for (; !is_urgent(); now = Clock::now()) {
    if (waiting_ < wanted_ && now < company_until) {
      awaits_ = Awaits::Company;
      wake_.wait_until(lock, company_until);
    } else if (!at_rest_ && now < rest_until) {
      awaits_ = Awaits::Rest;
      wake_.wait_until(lock, rest_until);
    } else {
      break;
    }
  }
  awaits_ = Awaits::Nothing;
}

void Log::run() {
  std::unique_lock lock(queue_mutex_);
  for (;;) {
    while (queue_.empty() && !stopping_) {
      if (dirty_) {
        if (std::chrono::steady_clock::now() >= sync_at_) break;
        wake_.wait_until(lock, sync_at_);
      } else if (idle_) {
        wake_.wait(lock);
      } else {
        idle_ = wake_.wait_for(lock, settings_.sync_changes_after) == std::cv_status::timeout && queue_.empty();
      }
    }
    idle_ = false;
    gather(lock);
    const bool last = stopping_ && queue_.empty();
    Writes group;
    group.swap(queue_);
    const std::size_t served = std::exchange(waiting_, 0);
    const bool dirty = std::exchange(dirty_, false);
    if (last) stopped_ = true;
    lock.unlock();
    if (!group.empty() || dirty) write_group(std::move(group), dirty);
    lock.lock();
    if (served > 0) wanted_ = served + waiting_;
    if (last) return;
  }
}

bool Log::is_lost(const Write& write) const {
  if (std::ranges::any_of(write.pieces, [this](const BodyPiece& piece) { return piece_is_lost(piece); })) return true;
  return write.kind == Write::Kind::Letter &&
         piece_is_lost({write.at_segment->number, static_cast<std::uint32_t>(write.at_offset), 1, 0});
}

bool Log::piece_is_lost(const BodyPiece& piece) const {
  const auto found = failed_.find(piece.segment);
  return found != failed_.end() && std::uint64_t{piece.offset} + piece.length > found->second;
}

void Log::write_group(Writes group, bool sync) {
  Gathered gathered;
  Position applied;
  bool complete = true;
  std::unique_lock lock(file_mutex_);
  // Changes alone may have come into the reserve; and a log that could not go on tries again.
  if (!current_ || !orphans_.empty() || end_ > limit_) {
    if (auto rolled = roll(0); !rolled) report(rolled.error().what);
  }
  for (auto& write : group) {
    if (write->kind == Write::Kind::Barrier) {
      if (write->make_room && current_ && end_ + current_->size / 4 > limit_) {
        flush(gathered);
        (void)roll(0);
      }
      continue;
    }
    const std::uint64_t size = record_size(write->head.size(), write->body_size());
    if (auto room = make_room(size, &gathered); !room) {
      write->error = room.error();
      continue;
    }
    write->at_segment = current_;
    write->at_offset = end_ + gathered.bytes;
    const auto type = write->kind == Write::Kind::Letter ? RecordType::Letter : RecordType::Piece;
    const auto header = format_header({type, current_->number, write->id, static_cast<std::uint32_t>(synced_),
                                       static_cast<std::uint32_t>(write->head.size()),
                                       static_cast<std::uint32_t>(write->body_size()), write->body_crc},
                                      write->head);
    gathered.headers.push_back(header);
    add(gathered.pieces, {gathered.headers.back().data(), kHeaderSize});
    add(gathered.pieces, write->head);
    add(gathered.pieces, write->front);
    add(gathered.pieces, write->body);
    add_padding(gathered.pieces, kHeaderSize + write->head.size() + write->body_size());
    gathered.writes.push_back(write.get());
    gathered.bytes += size;
    if (gathered.bytes >= kAtOnce) flush(gathered);
  }
  flush(gathered);
  const SegmentPtr target = current_;
  const std::uint64_t target_end = end_;
  applied = target ? Position{target->number, target_end} : previous_;
  lock.unlock();

  // A session that streams a large letter goes on while others wait for the disk.
  Writes waiting;
  for (auto& write : group) {
    if (write->kind != Write::Kind::Piece) {
      sync |= !write->error;
      waiting.push_back(std::move(write));
    } else if (write->error) {
      write->settle(std::unexpected(*write->error));
    } else {
      write->settle({});
    }
  }
  if (waiting.empty() && !sync) return;

  std::optional<spool::StoreError> failure;
  if (target && sync) {
    const auto started = std::chrono::steady_clock::now();
    const auto synced = target->file->sync();
    last_sync_ = std::chrono::steady_clock::now() - started;
    lock.lock();
    if (synced) {
      ++syncs_;
      synced_ = target_end;
      std::erase_if(unsynced_, [&](const auto& change) { return change.offset < target_end; });
      last_report_.clear();
      if (settings_.on_sync) settings_.on_sync();
    } else {
      failure = to_store_error(synced.error());
      report(failure->what);
      complete = false;
      if (synced_ > 0) applied = {target->number, synced_};
      give_up_segment();
      if (target->end == 0) applied = previous_;
      (void)roll(0);
    }
    lock.unlock();
  }
  if (!target) failure = unavailable_;

  // Whatever a failed sync should have covered has failed, also where it was written before it.
  lock.lock();
  for (auto& write : waiting) {
    if (write->error) continue;
    if (write->kind == Write::Kind::Barrier && (failure || !orphans_.empty())) {
      write->error = failure.value_or(unavailable_);
    } else if (is_lost(*write)) {
      write->error = failure.value_or(lost());
    }
  }
  auto rewritten = std::exchange(rewritten_, {});
  const bool again = !orphans_.empty();
  lock.unlock();
  for (const auto& [segment, homes] : rewritten) on_rewritten_(segment, homes);
  if (again) note_dirty(20 * settings_.sync_changes_after);
  if (!complete && !again) note_dirty(settings_.sync_changes_after);

  Writes letters;
  for (auto& write : waiting) {
    if (write->kind == Write::Kind::Letter && !write->error) letters.push_back(std::move(write));
  }
  if (target && sync) on_synced_(letters, applied);
  for (auto& write : letters) write->settle({});
  for (auto& write : waiting) {
    if (!write) continue;
    if (write->error) {
      write->settle(std::unexpected(*write->error));
    } else {
      write->settle({});
    }
  }
}

void Log::flush(Gathered& gathered) {
  if (gathered.writes.empty()) return;
  const auto written = current_->file->write(gathered.pieces, end_);
  if (written) {
    end_ += gathered.bytes;
  } else {
    const auto error = to_store_error(written.error());
    for (Write* write : gathered.writes) write->error = error;
    report(error.what);
    // A place that cannot be written would be in the way for ever. Space comes back; then the same place is fine.
    if (error.code == spool::StoreErrorCode::Io) {
      give_up_segment();
      unavailable_ = error;
    }
  }
  gathered = Gathered();
}

spool::StoreResult<void> Log::make_room(std::uint64_t size, Gathered* gathered) {
  if (current_ && orphans_.empty() && end_ + gathered->bytes + size <= limit_) return {};
  flush(*gathered);
  return roll(size);
}

spool::StoreResult<std::uint64_t> Log::append_change(RecordType type, std::uint64_t id, std::string head,
                                                     std::vector<std::uint64_t> homes) {
  spool::StoreResult<std::uint64_t> result;
  {
    const std::lock_guard lock(file_mutex_);
    if (!current_) {
      result = std::unexpected(unavailable_);
    } else if (end_ + record_size(head.size(), 0) > current_->size) {
      result = std::unexpected(
          spool::StoreError{spool::StoreErrorCode::NoSpace, "also the space reserved for changes is used up"});
    } else if (const auto offset = write_record(type, id, head, {}, 0); !offset) {
      result = std::unexpected(to_store_error(offset.error()));
    } else {
      result = current_->number;
      unsynced_.push_back({type, id, std::move(head), std::move(homes), *offset});
    }
  }
  note_dirty(settings_.sync_changes_after);
  return result;
}

spool::StoreResult<Log::Place> Log::append_moved(RecordType type, std::uint64_t id, const std::string& head,
                                                 std::string_view body, std::uint32_t body_crc) {
  const std::lock_guard lock(file_mutex_);
  if (!current_) return std::unexpected(unavailable_);
  if (end_ + record_size(head.size(), body.size()) > limit_) {
    return std::unexpected(spool::StoreError{spool::StoreErrorCode::NoSpace, "the segment is nearly full"});
  }
  const auto offset = write_record(type, id, head, body, body_crc);
  if (!offset) return std::unexpected(to_store_error(offset.error()));
  return Place{current_, *offset + kHeaderSize + head.size()};
}

void Log::report(const std::string& what) {
  if (what == last_report_) return;
  last_report_ = what;
  if (settings_.warn) settings_.warn("spool: " + what);
}

}  // namespace postseal::journal
