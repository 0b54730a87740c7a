// SPDX-License-Identifier: Apache-2.0
// Log: the files that it writes into, one after the other; what becomes of one that fails, and of those that are empty
// again.
#include <algorithm>
#include <utility>

#include "edge/journal/log.h"
#include "edge/journal/pieces.h"

namespace postseal::journal {

namespace {

constexpr std::uint64_t kMostReserve = 16 * 1024 * 1024;
constexpr std::uint64_t kFirstSegment = 16 * 1024 * 1024;
constexpr std::size_t kMostSpares = 2;
constexpr char kFilled[] = "spare-filled-";
/// Where so much is synced at once and a segment is full so soon, filling the next one costs more than it spares.
constexpr std::uint64_t kLargeGroup = 64 * 1024;
constexpr std::chrono::seconds kSoon{10};
constexpr std::size_t kMostFailures = 10000;
constexpr std::uint64_t kFilledAtOnce = 1024 * 1024;

DiskResult<void> fill_with_zeros(File& file, std::uint64_t size) {
  const std::string zeros(std::min(kFilledAtOnce, size), '\0');
  for (std::uint64_t at = 0; at < size; at += zeros.size()) {
    const ::iovec piece{const_cast<char*>(zeros.data()), std::min<std::uint64_t>(zeros.size(), size - at)};
    if (auto written = file.write({&piece, 1}, at); !written) return written;
    // Little by little, or the next commit would wait for all of it.
    if (at % (16 * kFilledAtOnce) == 0) {
      if (auto synced = file.sync(); !synced) return synced;
    }
  }
  return file.sync();
}

}  // namespace

spool::StoreResult<void> Log::roll(std::uint64_t least) {
  // The first one is short where no filled file waits for it, and is filled here: soon another will be.
  const bool first = !started_ && spares_.empty();
  std::uint64_t usual = spares_.empty() ? grown() : spares_.back().size;
  if (first) usual = std::min(settings_.segment_size, kFirstSegment);
  auto next = prepare(std::max(usual, (least + 1024) / 8 * 9));
  if (!next) {
    const auto error = to_store_error(next.error());
    if (current_) return std::unexpected(error);
    unavailable_ = error;
    // Where there is no space for letters there may be some for what becomes of those that we have.
    if (error.code == spool::StoreErrorCode::NoSpace) {
      auto small = prepare(std::min(settings_.segment_size / 16, kMostReserve));
      if (small && begin_segment(std::move(*small), false)) rewrite_orphans();
    }
    return std::unexpected(error);
  }
  if (first) (void)fill_with_zeros(*(*next)->file, (*next)->size);
  // What counts of a segment is on stable storage before the next one says where it ends.
  if (current_) {
    if (const auto synced = current_->file->sync(); synced) {
      ++syncs_;
      current_->end = end_;
      previous_ = {current_->number, end_};
      (void)current_->file->truncate(end_);  // what was reserved in it is free again
      unsynced_.clear();
    } else {
      report(synced.error().what);
      give_up_segment();
    }
  }
  if (const auto begun = begin_segment(std::move(*next), true); !begun) {
    unavailable_ = to_store_error(begun.error());
    return std::unexpected(unavailable_);
  }
  rewrite_orphans();
  if (!current_) return std::unexpected(unavailable_);
  return {};
}

/// A small server's log stays small, and nobody pays for space long before it is needed.
std::uint64_t Log::grown() const {
  return current_ ? std::min(settings_.segment_size, 2 * current_->size) : settings_.segment_size;
}

/// One that was in use before is as long as its letters were, and grows again.
std::uint64_t Log::size_of_spare(const std::string& name) const {
  if (!name.starts_with(kFilled)) return settings_.segment_size;
  const auto file = disk_.open(name);
  const auto size = file ? (*file)->size() : DiskResult<std::uint64_t>(0);
  if (!size) return settings_.segment_size;
  return std::clamp(*size, std::min(settings_.segment_size, kFirstSegment), settings_.segment_size);
}

DiskResult<SegmentPtr> Log::prepare(std::uint64_t size) {
  const std::string name = segment_name(next_number_);
  bool recycled = false;
  if (!spares_.empty() && size == spares_.back().size) {
    recycled = disk_.rename(spares_.back().name, name).has_value();
    spares_.pop_back();
  }
  auto file = recycled ? disk_.open(name) : disk_.create(name);
  if (!file) return std::unexpected(file.error());
  auto ready = (*file)->allocate(size);
  if (ready) ready = disk_.sync_directory();
  if (!ready) {
    (void)disk_.remove(name);
    return std::unexpected(ready.error());
  }
  return std::make_shared<Segment>(next_number_++, std::move(*file), size);
}

DiskResult<void> Log::begin_segment(SegmentPtr segment, bool for_letters) {
  const std::string head =
      format_start({segment->size, previous_, settings_.last_id ? settings_.last_id() : std::uint64_t{0}});
  current_ = segment;
  begun_at_ = std::chrono::steady_clock::now();
  syncs_before_ = syncs_;
  end_ = synced_ = 0;
  limit_ = for_letters ? segment->size - std::min(segment->size / 16, kMostReserve) : 0;
  const auto written = write_record(RecordType::Start, 0, head, {}, 0);
  if (!written) {
    current_ = nullptr;
    (void)disk_.remove(segment_name(segment->number));
    return std::unexpected(written.error());
  }
  catalog_.add(std::move(segment));
  return {};
}

void Log::give_up_segment() {
  const std::uint64_t number = current_->number;
  if (failed_.size() >= kMostFailures) failed_.erase(failed_.begin());
  failed_[number] = synced_;
  current_->end = synced_;
  if (synced_ == 0) {
    catalog_.remove(number);
    (void)disk_.remove(segment_name(number));
  } else {
    previous_ = {number, synced_};
    (void)current_->file->truncate(synced_);
  }
  orphans_.insert(orphans_.end(), std::make_move_iterator(unsynced_.begin()), std::make_move_iterator(unsynced_.end()));
  unsynced_.clear();
  current_ = nullptr;
  end_ = synced_ = 0;
}

void Log::rewrite_orphans() {
  while (!orphans_.empty()) {
    auto& change = orphans_.front();
    const auto offset = write_record(change.type, change.id, change.head, {}, 0);
    if (!offset) return report(offset.error().what);
    change.offset = *offset;
    rewritten_.emplace_back(current_->number, change.homes);
    unsynced_.push_back(std::move(change));
    orphans_.erase(orphans_.begin());
  }
}

DiskResult<std::uint64_t> Log::write_record(RecordType type, std::uint64_t id, std::string_view head,
                                            std::string_view body, std::uint32_t body_crc) {
  const auto header =
      format_header({type, current_->number, id, static_cast<std::uint32_t>(synced_),
                     static_cast<std::uint32_t>(head.size()), static_cast<std::uint32_t>(body.size()), body_crc},
                    head);
  Pieces pieces;
  add(pieces, {header.data(), header.size()});
  add(pieces, head);
  add(pieces, body);
  add_padding(pieces, kHeaderSize + head.size() + body.size());
  if (const auto written = current_->file->write(pieces, end_); !written) return std::unexpected(written.error());
  return std::exchange(end_, end_ + record_size(head.size(), body.size()));
}

DiskResult<void> Log::fill_spare() {
  Spare spare;
  {
    const std::lock_guard lock(file_mutex_);
    if (!spares_.empty() || !current_ || end_ < current_->size / 4) return {};
    const std::uint64_t groups = std::max<std::uint64_t>(1, syncs_ - syncs_before_);
    if (end_ / groups >= kLargeGroup && std::chrono::steady_clock::now() - begun_at_ < kSoon) return {};
    spare = {kFilled + segment_name(next_number_), grown()};
  }
  const auto fill = [&]() -> DiskResult<void> {
    auto file = disk_.create(spare.name);
    if (!file) return std::unexpected(file.error());
    if (auto allocated = (*file)->allocate(spare.size); !allocated) return allocated;
    return fill_with_zeros(**file, spare.size);
  };
  if (auto filled = fill(); !filled) {
    (void)disk_.remove(spare.name);
    return filled;
  }
  const std::lock_guard lock(file_mutex_);
  spares_.push_back(std::move(spare));
  return {};
}

DiskResult<void> Log::recycle(SegmentPtr segment) {
  const std::lock_guard lock(file_mutex_);
  const std::string name = segment_name(segment->number);
  // Nobody can find it any more: if nobody else has it now, nobody will.
  const bool reusable = segment.use_count() == 1 && spares_.size() < kMostSpares &&
                        segment->size == settings_.segment_size && !failed_.contains(segment->number);
  const std::string spare = "spare-" + name;
  const auto done = reusable ? disk_.rename(name, spare) : disk_.remove(name);
  if (!done) return done;
  if (reusable) spares_.push_back({spare, segment->size});
  return disk_.sync_directory();
}

std::uint64_t Log::segment() {
  const std::lock_guard lock(file_mutex_);
  return current_ ? current_->number : 0;
}

std::uint64_t Log::spare_bytes() {
  const std::lock_guard lock(file_mutex_);
  std::uint64_t bytes = 0;
  for (const auto& spare : spares_) bytes += spare.size;
  return bytes;
}

}  // namespace postseal::journal
