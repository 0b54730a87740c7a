#pragma once
// SPDX-License-Identifier: Apache-2.0
// What keeps letters. A commit that has answered is on stable storage and survives kill -9 and loss of power; nothing
// before that is promised. The embedded store (edge/spool) and later one on SQL stand behind this interface; tests have
// one in memory (tests/memory_store.h).
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message/source.h"
#include "protocol/spool/letter.h"
#include "vocab/awaitable.h"

namespace postseal::spool {

enum class StoreErrorCode {
  NoSpace,   ///< disk or quota full: 452, and better later
  ReadOnly,  ///< the file system takes no writes now
  Io,        ///< anything else the system says
  Corrupt,   ///< what is kept does not match its checksum
  NotFound,  ///< no such letter (any more)
  Closing,   ///< the store is being shut down
};
std::string_view to_string(StoreErrorCode code);

struct StoreError {
  StoreErrorCode code = StoreErrorCode::Io;
  std::string what;  ///< one clause with the system's own words
};

template <class T>
using StoreResult = std::expected<T, StoreError>;

/// A letter that is being received. Dropped without commit() it leaves nothing behind. Used by one session at a time.
class Draft {
 public:
  virtual ~Draft() = default;
  virtual LetterId id() const = 0;
  /// Takes a copy. Small letters stay in memory until the commit, large ones go to disk piece by piece.
  virtual Awaitable<StoreResult<void>> append(std::string_view piece) = 0;
  /// Header fields that are known only now that the last octet has come, and stand first all the same.
  /// REQUIRES: called at most once, after the last append(), with at most kMostInFront octets.
  virtual Awaitable<StoreResult<void>> put_in_front(std::string octets) = 0;
  static constexpr std::size_t kMostInFront = std::size_t{64} * 1024;
};

/// How a letter has changed. All of it becomes durable together.
struct LetterChange {
  LetterId id;
  std::vector<std::pair<std::uint32_t, RecipientState>> states;  ///< index in the envelope, new state
  std::optional<bool> held;
  std::optional<std::string> rerouted;
};

/// Safe to use from several threads; what waits resumes on the caller's executor.
class Store {
 public:
  virtual ~Store() = default;

  virtual std::unique_ptr<Draft> begin() = 0;
  /// On stable storage when this returns a letter: the caller may answer 250. envelope.size is set by the store.
  /// REQUIRES: at least one recipient.
  virtual Awaitable<StoreResult<QueuedLetter>> commit(std::unique_ptr<Draft> draft, Envelope envelope) = 0;

  /// Handed to the system at once, so that it survives the end of this process; on stable storage soon after, with the
  /// next group. A letter of which nobody waits any more gives its space back and leaves the queue; its trace stays.
  virtual StoreResult<void> change(const LetterChange& change) = 0;
  /// change(), and returns only when it is on stable storage.
  virtual Awaitable<StoreResult<void>> change_durably(LetterChange change) = 0;

  virtual StoreResult<QueuedLetter> load(LetterId id) = 0;
  /// Its bytes: headers and body with CRLF line ends. Safe while the letter leaves: an open source stays readable.
  virtual message::OpenSource open(LetterId id) = 0;
  /// Every queued letter, in the order of ids; stops when visit returns false. For start-up and for listings.
  virtual StoreResult<void> for_each(std::function<bool(const QueuedLetter&)> visit) = 0;

  /// One line of JSON about an attempt, kept for the trace. Loss at a crash is allowed.
  virtual void add_trace(LetterId id, WallTime at, std::string_view json) = 0;
  /// Oldest first; also of letters that have left, until they are forgotten.
  virtual StoreResult<std::vector<std::string>> trace(LetterId id) = 0;
  /// Forgets traces that are older.
  virtual void forget_traces_before(WallTime when) = 0;

  /// Small values by name, on stable storage when it returns: what is remembered of domains, counters for reports.
  virtual StoreResult<void> put_note(std::string_view name, std::string_view value) = 0;
  virtual StoreResult<std::optional<std::string>> note(std::string_view name) = 0;

  struct Size {
    std::uint64_t letters = 0;
    std::uint64_t bytes_live = 0, bytes_on_disk = 0;
  };
  virtual Size size() = 0;
};

}  // namespace postseal::spool
