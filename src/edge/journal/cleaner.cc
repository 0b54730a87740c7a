// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/cleaner.h"

#include <algorithm>

#include "edge/journal/body_source.h"
#include "edge/journal/crc32c.h"
#include "edge/journal/segment_reader.h"
#include "edge/journal/session_write.h"

namespace postseal::journal {

namespace {

constexpr std::uint64_t kMovedAtOnce = 8 * 1024 * 1024;
constexpr int kSegmentsInARow = 16;

using Outcome = SegmentReader::Outcome;

bool touches(const KeptLetter& letter, std::uint64_t segment) {
  return letter.home == segment ||
         std::ranges::any_of(letter.pieces, [segment](const auto& piece) { return piece.segment == segment; });
}

}  // namespace

spool::StoreResult<void> Cleaner::clean() {
  for (int i = 0; i < kSegmentsInARow; ++i) {
    if (const auto segments = empty_segments(); !segments.empty()) {
      if (auto dropped = drop(segments); !dropped) return dropped;
    }
    const SegmentPtr sparse = sparse_segment();
    if (!sparse) return {};
    auto emptied = empty(sparse);
    moved_.clear();
    moved_bytes_ = 0;
    if (!emptied) return emptied;
  }
  return {};
}

std::vector<SegmentPtr> Cleaner::empty_segments() {
  const auto all = parts_.catalog.all();
  const std::lock_guard lock(parts_.letters_mutex);
  std::vector<SegmentPtr> empty;
  for (const auto& segment : all) {
    // What was written and not told yet lies behind what has been applied.
    const bool settled = segment->number < parts_.letters.applied().segment;
    if (settled && segment->drafts == 0 && !parts_.letters.in_use(segment->number)) empty.push_back(segment);
  }
  return empty;
}

SegmentPtr Cleaner::sparse_segment() {
  const auto all = parts_.catalog.all();
  const std::lock_guard lock(parts_.letters_mutex);
  SegmentPtr sparsest;
  std::uint64_t total = 0, live = 0, least = 0, count = 0;
  for (const auto& segment : all) {
    if (segment->number >= parts_.letters.applied().segment) continue;
    const std::uint64_t bytes = parts_.letters.use(segment->number).live_bytes;
    ++count;
    total += segment->end;
    live += bytes;
    if (segment->drafts > 0 || stuck_.contains(segment->number) || bytes > segment->end / 2 + parts_.segment_size / 4) {
      continue;
    }
    if (!sparsest || bytes < least) {
      sparsest = segment;
      least = bytes;
    }
  }
  // Twice the space of what lives is fair; below a few segments it does not matter. And no long tail of small files.
  const bool wasteful = total > 4 * parts_.segment_size && live < total / 2;
  const bool scattered = count > 8 + 2 * (live / parts_.segment_size);
  return wasteful || scattered ? sparsest : nullptr;
}

spool::StoreResult<void> Cleaner::drop(std::vector<SegmentPtr> segments) {
  std::set<std::uint64_t> going;
  for (const auto& segment : segments) going.insert(segment->number);
  bool carried = false;
  for (const auto& segment : segments) {
    auto some = carry_on(segment, going);
    if (!some) return std::unexpected(some.error());
    carried |= *some;
  }
  if (carried) {
    if (auto synced = wait_for_sync(parts_.log, {}, false); !synced) return synced;
  }
  // The index must not send us to what is no more, nor ask for records of it after a crash.
  if (auto written = parts_.checkpoint(); !written) return written;
  // Oldest first: what is carried on no more because its letter's segment goes, too, must outlive that segment.
  for (SegmentPtr& segment : segments) {
    const std::uint64_t number = segment->number;
    {
      const std::lock_guard lock(parts_.letters_mutex);
      parts_.catalog.remove(number);
      parts_.letters.forget_segment(number);
    }
    if (auto recycled = parts_.log.recycle(std::move(segment)); !recycled) {
      return std::unexpected(to_store_error(recycled.error()));
    }
  }
  return {};
}

spool::StoreResult<bool> Cleaner::carry_on(const SegmentPtr& from, const std::set<std::uint64_t>& going) {
  const auto stays = [&](std::uint64_t home) { return !going.contains(home) && parts_.catalog.has(home); };
  {
    const std::lock_guard lock(parts_.letters_mutex);
    if (std::ranges::none_of(parts_.letters.use(from->number).homes, stays)) return false;
  }
  bool carried = false;
  SegmentReader reader(*from->file, from->number, 0, from->end, SegmentReader::Bodies::Skipped);
  for (auto outcome = reader.next(); outcome != Outcome::End; outcome = reader.next()) {
    if (outcome == Outcome::Failure) return std::unexpected(to_store_error(reader.failure()));
    if (outcome == Outcome::Broken) break;
    std::optional<std::vector<std::uint64_t>> homes;
    if (reader.header().type == RecordType::Gone) {
      homes = parse_gone(reader.head());
    } else if (reader.header().type == RecordType::Change) {
      if (auto read = parse_change({reader.header().id}, reader.head())) homes = std::move(read->homes);
    }
    if (!homes) continue;
    std::erase_if(*homes, [&](auto home) { return !stays(home); });
    if (homes->empty()) continue;
    if (auto done = carry_letter(reader.header().id, *homes); !done) return std::unexpected(done.error());
    carried = true;
  }
  return carried;
}

spool::StoreResult<void> Cleaner::carry_letter(std::uint64_t id, const std::vector<std::uint64_t>& homes) {
  const std::lock_guard lock(parts_.letters_mutex);
  const auto known = parts_.letters.edit(id);
  if (!known) return std::unexpected(known.error());
  spool::StoreResult<std::uint64_t> segment;
  if (!*known) {
    segment = parts_.log.append_change(RecordType::Gone, id, format_gone(homes), homes);
  } else {
    // All of its state, whatever the record said: later ones have the last word anyway.
    spool::LetterChange all{{id}, {}, (*known)->held, (*known)->rerouted};
    for (std::uint32_t i = 0; i < (*known)->states.size(); ++i) all.states.emplace_back(i, (*known)->states[i]);
    segment = parts_.log.append_change(RecordType::Change, id, format_change(all, homes), homes);
  }
  if (!segment) return std::unexpected(segment.error());
  parts_.letters.note_homes(*segment, homes);
  return {};
}

spool::StoreResult<void> Cleaner::empty(const SegmentPtr& segment) {
  std::set<std::uint64_t> ids;
  SegmentReader reader(*segment->file, segment->number, 0, segment->end, SegmentReader::Bodies::Skipped);
  for (auto outcome = reader.next(); outcome != Outcome::End; outcome = reader.next()) {
    if (outcome == Outcome::Failure) return std::unexpected(to_store_error(reader.failure()));
    if (outcome == Outcome::Broken) break;
    const auto type = reader.header().type;
    if (type == RecordType::Letter || type == RecordType::Piece) ids.insert(reader.header().id);
  }
  for (const auto id : ids) {
    auto moved = move(id, segment);
    if (!moved && moved.error().code == spool::StoreErrorCode::Corrupt) {
      stuck_.insert(segment->number);
      continue;
    }
    if (!moved) return moved;
    if (moved_bytes_ >= kMovedAtOnce) {
      if (auto settled = settle_moves(); !settled) return settled;
    }
  }
  if (auto settled = settle_moves(); !settled) return settled;
  const std::lock_guard lock(parts_.letters_mutex);
  if (parts_.letters.in_use(segment->number)) stuck_.insert(segment->number);
  return {};
}

spool::StoreResult<void> Cleaner::move(std::uint64_t id, const SegmentPtr& from) {
  KeptLetter letter;
  std::optional<Body> body;
  {
    const std::lock_guard lock(parts_.letters_mutex);
    const auto known = parts_.letters.edit(id);
    if (!known) return std::unexpected(known.error());
    if (!*known || !touches(**known, from->number)) return {};
    letter = **known;
    body = find_body(parts_.catalog, letter);
  }
  if (!body) return std::unexpected(spool::StoreError{spool::StoreErrorCode::Corrupt, "a segment is missing"});

  Moved moved{id, {}, 0, {}};
  std::string small;
  const bool is_small = letter.body_length() <= parts_.small_letter;
  for (std::size_t i = 0; i < body->pieces.size(); ++i) {
    auto bytes = read_piece(*body->segments[i]->file, body->pieces[i]);
    if (!bytes) return std::unexpected(bytes.error());
    moved_bytes_ += bytes->size();
    if (is_small) {
      small += *bytes;
      continue;
    }
    BodyPiece piece = body->pieces[i];
    const auto place = append(RecordType::Piece, id, {}, *bytes, piece.crc);
    if (!place) return std::unexpected(place.error());
    piece.segment = place->segment->number;
    piece.offset = static_cast<std::uint32_t>(place->body_offset);
    moved.pieces.push_back(piece);
  }
  const std::uint32_t crc = crc32c(small);
  // Twice: the first time there may be no room in the segment, which is made without holding up everybody.
  for (int attempt = 0;; ++attempt) {
    {
      const std::lock_guard lock(parts_.letters_mutex);
      const auto known = parts_.letters.edit(id);
      if (!known) return std::unexpected(known.error());
      if (!*known) return {};
      KeptLetter record = **known;
      record.pieces = moved.pieces;
      record.older.clear();
      const auto place = parts_.log.append_moved(RecordType::Letter, id, format_kept(record), small, crc);
      if (place) {
        moved.home = place->segment->number;
        moved.record = {moved.home, static_cast<std::uint32_t>(place->body_offset), 0, 0};
        if (!small.empty()) {
          moved.pieces.push_back({moved.home, moved.record.offset, static_cast<std::uint32_t>(small.size()), crc});
        }
        // From now on an end of the letter must outlive this record, too.
        (*known)->older.push_back(moved.home);
        break;
      }
      if (attempt > 0 || place.error().code != spool::StoreErrorCode::NoSpace) return std::unexpected(place.error());
    }
    if (auto room = wait_for_sync(parts_.log, {}, true); !room) return room;
  }
  moved_.push_back(std::move(moved));
  return {};
}

spool::StoreResult<Log::Place> Cleaner::append(RecordType type, std::uint64_t id, const std::string& head,
                                               std::string_view body, std::uint32_t crc) {
  auto place = parts_.log.append_moved(type, id, head, body, crc);
  if (place || place.error().code != spool::StoreErrorCode::NoSpace) return place;
  if (auto room = wait_for_sync(parts_.log, {}, true); !room) return std::unexpected(room.error());
  return parts_.log.append_moved(type, id, head, body, crc);
}

spool::StoreResult<void> Cleaner::settle_moves() {
  std::vector<BodyPiece> written;
  for (const auto& moved : moved_) {
    written.push_back(moved.record);
    written.insert(written.end(), moved.pieces.begin(), moved.pieces.end());
  }
  if (auto synced = wait_for_sync(parts_.log, std::move(written), false); !synced) return synced;
  const std::lock_guard lock(parts_.letters_mutex);
  for (auto& moved : moved_) {
    const auto known = parts_.letters.edit(moved.id);
    if (!known) return std::unexpected(known.error());
    if (!*known) continue;
    auto older = (*known)->homes();
    std::erase(older, moved.home);
    std::erase_if(older, [&](auto home) { return !parts_.catalog.has(home); });
    parts_.letters.place(moved.id, std::move(moved.pieces), moved.home, std::move(older));
  }
  moved_.clear();
  moved_bytes_ = 0;
  return {};
}

}  // namespace postseal::journal
