#pragma once
// SPDX-License-Identifier: Apache-2.0
// The writing end of the log. Sessions hand in records; one thread writes what has come together, syncs once for all
// who wait, and tells them. Small records that must survive the end of this process are written by the caller at once.
//
// After a sync that failed nothing is assumed of what it should have covered: the segment ends where the last good sync
// was, a new one begins, changes that were already promised are written again there, and whoever waited gets the error.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "edge/journal/disk.h"
#include "edge/journal/kept_letter.h"
#include "edge/journal/record.h"
#include "edge/journal/segment.h"

namespace postseal::journal {

/// Something handed in. It goes back to where it came from through settle().
class Write {
 public:
  enum class Kind {
    Piece,    ///< answered when written; the letter that it belongs to waits for the sync
    Letter,   ///< answered when on stable storage
    Barrier,  ///< writes nothing: answered when everything before it is on stable storage
  };
  explicit Write(Kind its_kind) : kind(its_kind) {}
  virtual ~Write() = default;
  /// Called once, by the log's thread.
  virtual void settle(spool::StoreResult<void> result) = 0;

  Kind kind;
  std::uint64_t id = 0;
  std::string head;
  std::string front, body;  ///< the body, in one or two parts
  std::uint32_t body_crc = 0;
  std::size_t body_size() const { return front.size() + body.size(); }
  bool make_room = false;         ///< a Barrier: begin a new segment where this one is nearly full
  std::vector<BodyPiece> pieces;  ///< of a Letter: written before; if their segment has failed since, so has this
  SegmentPtr at_segment;          ///< set by the log: where it stands
  std::uint64_t at_offset = 0;
  std::optional<spool::StoreError> error;
};
using Writes = std::vector<std::unique_ptr<Write>>;

struct LogSettings {
  std::uint64_t segment_size = 0;
  std::chrono::milliseconds sync_changes_after{};
  std::chrono::milliseconds gather_for{};
  std::function<void(const std::string&)> warn;
  std::function<void()> on_sync;
  std::function<std::uint64_t()> last_id;  ///< for the start of a segment
};

class Log {
 public:
  /// What the owner of the letters does when they are on stable storage, before the sessions hear of it. Everything
  /// before `applied` has then been told.
  using OnSynced = std::function<void(Writes& letters, Position applied)>;
  /// A change was written again, into this segment.
  using OnRewritten = std::function<void(std::uint64_t segment, const std::vector<std::uint64_t>& homes)>;

  Log(Disk& disk, Catalog& catalog, LogSettings settings, OnSynced on_synced, OnRewritten on_rewritten);
  ~Log();

  /// REQUIRES: called once, before anything else. Writing begins behind `previous`, in segment `next` or a later one.
  void start(Position previous, std::uint64_t next, std::vector<std::string> spares);
  /// Everything handed in is written, synced and settled; then no more is taken.
  void stop();

  void submit(std::unique_ptr<Write> write);
  /// See Spool::nobody_else_comes().
  void nobody_else_comes();
  /// Handed to the system when it returns, synced with the next group or soon. `homes`: see format_change. Written
  /// again after a failed sync.
  spool::StoreResult<std::uint64_t> append_change(RecordType type, std::uint64_t id, std::string head,
                                                  std::vector<std::uint64_t> homes);
  struct Place {
    SegmentPtr segment;
    std::uint64_t body_offset = 0;
  };
  /// For moving letters: a Piece or Letter, written now, on stable storage after a Barrier. NoSpace also where the
  /// segment is nearly full: a Barrier with make_room begins a new one.
  spool::StoreResult<Place> append_moved(RecordType type, std::uint64_t id, const std::string& head,
                                         std::string_view body, std::uint32_t body_crc);

  /// Writing over what has been written costs a file system less than half of what new space does, so a file for the
  /// next segment is filled ahead of time where there is none, unless large letters come so quickly that copying them
  /// twice would cost more. Takes its time.
  DiskResult<void> fill_spare();
  /// An emptied segment's file: used again for a later one, or removed.
  DiskResult<void> recycle(SegmentPtr segment);
  std::uint64_t syncs() const { return syncs_; }
  /// The segment that is written to; 0: none could be begun.
  std::uint64_t segment();
  /// Of files that are kept to be used again.
  std::uint64_t spare_bytes();

 private:
  struct Unsynced {
    RecordType type;
    std::uint64_t id;
    std::string head;
    std::vector<std::uint64_t> homes;
    std::uint64_t offset;
  };
  struct Spare {
    std::string name;
    std::uint64_t size;
  };
  struct Gathered;
  enum class Awaits {
    Nothing,  ///< but something to do
    Company,  ///< those who have just been answered
    Rest,     ///< an end of the work that may bring more
  };

  void run();
  bool is_urgent() const;
  void gather(std::unique_lock<std::mutex>& lock);
  void write_group(Writes group, bool sync);
  void flush(Gathered& gathered);
  /// All below: REQUIRES: file_mutex_ is held.
  spool::StoreResult<void> make_room(std::uint64_t size, Gathered* gathered);
  spool::StoreResult<void> roll(std::uint64_t least);
  std::uint64_t grown() const;
  std::uint64_t size_of_spare(const std::string& name) const;
  DiskResult<SegmentPtr> prepare(std::uint64_t size);
  DiskResult<void> begin_segment(SegmentPtr segment, bool for_letters);
  void give_up_segment();
  void rewrite_orphans();
  DiskResult<std::uint64_t> write_record(RecordType type, std::uint64_t id, std::string_view head,
                                         std::string_view body, std::uint32_t body_crc);
  bool is_lost(const Write& write) const;
  bool piece_is_lost(const BodyPiece& piece) const;
  void note_dirty(std::chrono::milliseconds within);
  void report(const std::string& what);

  Disk& disk_;
  Catalog& catalog_;
  const LogSettings settings_;
  const OnSynced on_synced_;
  const OnRewritten on_rewritten_;

  std::mutex queue_mutex_;
  std::condition_variable wake_;
  Writes queue_;
  std::size_t waiting_ = 0;  ///< of the queue: for a sync
  std::size_t wanted_ = 0;   ///< so many may well come together now
  Awaits awaits_ = Awaits::Nothing;
  bool at_rest_ = true;  ///< nobody_else_comes() since something was handed in
  bool dirty_ = false, idle_ = false, stopping_ = false, stopped_ = true;
  std::chrono::steady_clock::time_point sync_at_{};

  std::mutex file_mutex_;
  SegmentPtr current_;                                ///< nullptr: none could be begun
  std::chrono::steady_clock::time_point begun_at_{};  ///< it was
  std::uint64_t syncs_before_ = 0;                    ///< it was begun
  std::uint64_t limit_ = 0;   ///< letters may go up to here; the rest of it is for what becomes of them
  std::uint64_t end_ = 0;     ///< of what was written to it
  std::uint64_t synced_ = 0;  ///< of it
  Position previous_;         ///< the end of the log before it
  std::uint64_t next_number_ = 1;
  bool started_ = false;
  std::vector<Spare> spares_;                      ///< files to use again
  std::vector<Unsynced> unsynced_;                 ///< changes in current_ since its last sync
  std::vector<Unsynced> orphans_;                  ///< changes of a segment that failed
  std::map<std::uint64_t, std::uint64_t> failed_;  ///< segment, where it ends
  std::vector<std::pair<std::uint64_t, std::vector<std::uint64_t>>> rewritten_;  ///< to be told without the lock
  spool::StoreError unavailable_{spool::StoreErrorCode::Closing,
                                 "the log has not been started"};  ///< why there is no current_
  std::string last_report_;

  std::atomic<std::uint64_t> syncs_{0};
  std::chrono::steady_clock::duration last_sync_{};  ///< how long it took; of the log's thread
  std::thread thread_;
};

}  // namespace postseal::journal
