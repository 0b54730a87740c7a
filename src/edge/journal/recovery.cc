// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "edge/journal/segment_reader.h"

namespace postseal::journal {

namespace {

using spool::StoreError;
using spool::StoreErrorCode;
using spool::StoreResult;

// A batch for the index, so that making it again does not need the memory for all letters at once.
constexpr std::size_t kBatch = 20000;

std::unexpected<StoreError> corrupt(std::uint64_t segment, std::uint64_t offset, std::string_view what) {
  return std::unexpected(StoreError{
      StoreErrorCode::Corrupt,
      fmt::format("{} at {}: {}. Letters behind this place were acknowledged and cannot be read: check the disk, "
                  "and restore the file from a backup, or move the whole log directory away to start empty",
                  segment_name(segment), offset, what)});
}

std::unexpected<StoreError> failure(const DiskError& error) { return std::unexpected(to_store_error(error)); }

class Recovery {
 public:
  explicit Recovery(RecoveryRequest request) : request_(std::move(request)) {}

  StoreResult<Recovered> run() {
    if (auto found = find_segments(); !found) return std::unexpected(found.error());
    if (auto opened = open_index(); !opened) return std::unexpected(opened.error());
    if (auto replayed = replay(); !replayed) return std::unexpected(replayed.error());
    if (auto written = write_index(0); !written) return std::unexpected(written.error());
    result_.last_id = last_id_;
    return std::move(result_);
  }

 private:
  struct Found {
    SegmentPtr segment;
    std::uint64_t file_size = 0;
    std::optional<std::uint64_t> end;  ///< as the next segment says
  };

  StoreResult<void> find_segments() {
    const auto names = request_.disk.list();
    if (!names) return failure(names.error());
    for (const auto& name : *names) {
      const auto number = parse_segment_name(name);
      if (!number) {
        if (name.starts_with("spare-")) result_.spares.push_back(name);
        continue;
      }
      auto file = request_.disk.open(name);
      if (!file) return failure(file.error());
      const auto size = (*file)->size();
      if (!size) return failure(size.error());
      found_[*number] = {std::make_shared<Segment>(*number, std::move(*file), *size), *size, std::nullopt};
      result_.next = *number + 1;
    }
    // From the last on: files without a beginning were prepared and never written to, as far as anybody was promised.
    for (auto at = found_.rbegin(); at != found_.rend(); ++at) {
      auto& [number, found] = *at;
      SegmentReader reader(*found.segment->file, number, 0, found.file_size, SegmentReader::Bodies::Skipped);
      const auto outcome = reader.next();
      if (outcome == SegmentReader::Outcome::Failure) return failure(reader.failure());
      const auto start = outcome == SegmentReader::Outcome::Record && reader.header().type == RecordType::Start
                             ? parse_start(reader.head())
                             : std::nullopt;
      if (start) {
        last_id_ = std::max(last_id_, start->last_id);
        if (const auto previous = found_.find(start->previous.segment); previous != found_.end()) {
          previous->second.end = start->previous.offset;
        }
        last_started_ = std::max(last_started_, number);
        continue;
      }
      if (last_started_ != 0) return corrupt(number, 0, "the segment's first record cannot be read");
      const auto proof = find_proof_of_damage(*found.segment->file, number, 0, found.file_size);
      if (!proof) return failure(proof.error());
      if (*proof) return corrupt(number, 0, "the segment's first record does not match its checksum");
      empty_.push_back(number);
    }
    for (const auto number : empty_) {
      (void)request_.disk.remove(segment_name(number));
      found_.erase(number);
    }
    return {};
  }

  StoreResult<void> open_index() {
    auto index = LetterIndex::open(request_.index_directory);
    std::optional<Checkpoint> checkpoint;
    std::string reason;
    if (!index) {
      if (index.error().code == StoreErrorCode::NoSpace) return std::unexpected(index.error());
      reason = index.error().what;
    } else {
      const auto read = (*index)->checkpoint();
      if (!read) {
        reason = read.error().what;
      } else {
        checkpoint = *read;
        const bool known = checkpoint && found_.contains(checkpoint->applied.segment);
        if (checkpoint && !known && checkpoint->applied.segment != 0) reason = "it belongs to another log";
        if (!checkpoint && !found_.empty()) reason = "it is empty";
      }
    }
    if (!reason.empty()) {
      request_.warn("spool: the index is made again from the log: " + reason);
      index = std::unexpected(StoreError{});
      if (auto gone = LetterIndex::destroy(request_.index_directory); !gone) return gone;
      index = LetterIndex::open(request_.index_directory);
      checkpoint.reset();
    }
    if (!index) return std::unexpected(index.error());
    result_.index = std::move(*index);
    if (checkpoint) last_id_ = std::max(last_id_, checkpoint->last_id);
    result_.letters = std::make_unique<Letters>(*result_.index, checkpoint.value_or(Checkpoint()));
    return {};
  }

  StoreResult<void> replay() {
    const Position from = result_.letters->applied();
    for (auto& [number, found] : found_) {
      request_.catalog.add(found.segment);
      if (number < from.segment) {
        found.segment->end = found.end.value_or(found.file_size);
        continue;
      }
      auto end = replay_segment(number, found, number == from.segment ? from.offset : 0);
      if (!end) return std::unexpected(end.error());
      found.segment->end = *end;
      result_.end = {number, *end};
      result_.letters->set_applied(result_.end);
    }
    if (found_.empty()) return {};
    // What was read counts from now on, so it must not be lost with the power: then what follows would seem to hang in
    // the air. What lay behind it is cut off, so that nobody ever takes it for more.
    auto& last = found_.at(result_.end.segment);
    if (auto cut = last.segment->file->truncate(last.segment->end); !cut) return failure(cut.error());
    if (auto synced = last.segment->file->sync(); !synced) return failure(synced.error());
    return {};
  }

  StoreResult<std::uint64_t> replay_segment(std::uint64_t number, const Found& found, std::uint64_t from) {
    const std::uint64_t limit = found.end.value_or(found.file_size);
    File& file = *found.segment->file;
    if (from > limit) {
      return corrupt(number, limit, "the file ends before the place up to which the index has seen it");
    }
    SegmentReader reader(file, number, from, limit, SegmentReader::Bodies::Verified);
    for (;;) {
      switch (reader.next()) {
        case SegmentReader::Outcome::End:
          return limit;
        case SegmentReader::Outcome::Failure:
          return failure(reader.failure());
        case SegmentReader::Outcome::Broken:
          return end_at(number, found, reader.offset(), "a record does not match its checksum");
        case SegmentReader::Outcome::Record:
          break;
      }
      // A letter whose octets are damaged where they had been safe stays in the queue: its reader will hear of it.
      if (!reader.body_is_intact() && !found.end) {
        const auto proof = find_proof_of_damage(file, number, reader.offset(), limit);
        if (!proof) return failure(proof.error());
        if (!*proof) return reader.offset();
      }
      if (!reader.body_is_intact()) {
        request_.warn(fmt::format("spool: {} at {}: the octets of letter {} do not match their checksum",
                                  segment_name(number), reader.offset(),
                                  spool::LetterId{reader.header().id}.to_string()));
      }
      if (auto applied = apply_record(number, reader); !applied) return std::unexpected(applied.error());
      result_.letters->set_applied(
          {number, reader.offset() + record_size(reader.header().head_length, reader.header().body_length)});
      if (auto written = write_index(kBatch); !written) return std::unexpected(written.error());
    }
  }

  /// Only what was not promised yet can be missing at the end of the log; everywhere else it is damage.
  StoreResult<std::uint64_t> end_at(std::uint64_t number, const Found& found, std::uint64_t offset,
                                    std::string_view what) {
    if (found.end) return corrupt(number, offset, what);
    const auto proof = find_proof_of_damage(*found.segment->file, number, offset, found.file_size);
    if (!proof) return failure(proof.error());
    if (*proof) return corrupt(number, offset, what);
    return offset;
  }

  StoreResult<void> apply_record(std::uint64_t number, const SegmentReader& reader) {
    auto& letters = *result_.letters;
    const auto& header = reader.header();
    last_id_ = std::max(last_id_, header.id);
    switch (header.type) {
      case RecordType::Start:
      case RecordType::Piece:
        return {};
      case RecordType::Letter: {
        auto letter = parse_kept(reader.head());
        if (!letter) return corrupt(number, reader.offset(), "a letter's envelope cannot be read");
        if (header.body_length > 0) {
          letter->pieces.push_back(
              {number, static_cast<std::uint32_t>(reader.body_offset()), header.body_length, header.body_crc});
        }
        letter->home = number;
        const auto known = letters.edit(header.id);
        if (!known) return std::unexpected(known.error());
        if (*known) {  // it has moved
          letter->older = (*known)->homes();
          std::erase(letter->older, number);
          letters.place(header.id, std::move(letter->pieces), number, std::move(letter->older));
          return {};
        }
        letters.insert(header.id, std::move(*letter));
        return {};
      }
      case RecordType::Change: {
        const auto read = parse_change({header.id}, reader.head());
        if (!read) return corrupt(number, reader.offset(), "a change cannot be read");
        letters.note_homes(number, read->homes);
        const auto known = letters.edit(header.id);
        if (!known) return std::unexpected(known.error());
        if (*known) apply(read->change, **known);
        return {};
      }
      case RecordType::Gone: {
        const auto homes = parse_gone(reader.head());
        if (!homes) return corrupt(number, reader.offset(), "the end of a letter cannot be read");
        letters.note_homes(number, *homes);
        const auto known = letters.edit(header.id);
        if (!known) return std::unexpected(known.error());
        if (*known) letters.erase(header.id);
        return {};
      }
    }
    return {};
  }

  StoreResult<void> write_index(std::size_t least) {
    auto& letters = *result_.letters;
    if (letters.waiting() < least) return {};
    const auto frozen = letters.freeze(last_id_);
    auto written = result_.index->write(frozen->slots, frozen->checkpoint);
    if (written) letters.thaw();
    return written;
  }

  RecoveryRequest request_;
  Recovered result_;
  std::map<std::uint64_t, Found> found_;
  std::vector<std::uint64_t> empty_;
  std::uint64_t last_started_ = 0, last_id_ = 0;
};

}  // namespace

StoreResult<Recovered> recover(RecoveryRequest request) { return Recovery(std::move(request)).run(); }

}  // namespace postseal::journal
