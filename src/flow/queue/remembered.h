#pragma once
// SPDX-License-Identifier: Apache-2.0
// What domains have shown of themselves before: the best protection that mail to them ever had, and when. A domain that
// had DANE, an enforced policy or working TLS and now would get plaintext is more likely attacked than changed; the
// operator hears of it, and by local rule its mail waits. Not a memory of failures: nothing here ever lowers anything
// (pitfall 15).
//
// Kept in the store's notes, in 64 of them so that many domains need few writes. What was learned in the last seconds
// before a crash is learned again.
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flow/queue/courier.h"
#include "protocol/spool/store.h"
#include "vocab/clock.h"
#include "vocab/domain.h"

namespace postseal::queue {

struct Seen {
  Security best = Security::Unknown;
  WallTime when{};     ///< best was last seen then, to the day
  WallTime tls{};      ///< TLS of whatever worth was last seen then, to the day
  WallTime flagged{};  ///< last reported as fallen short, to the day; not kept over a restart
};

class Remembered {
 public:
  /// What is older counts no more: a domain may have changed hands.
  static constexpr std::chrono::days kKept{180};
  /// Domains that are remembered at most; further ones are not.
  static constexpr std::size_t kMost = 500'000;

  /// All notes. A note that cannot be read is an error; lines in it that make no sense are left out.
  spool::StoreResult<void> load(spool::Store& store, WallTime now);

  std::optional<Seen> find(const MailDestination& domain, WallTime now) const;
  /// It had TLS of whatever worth.
  bool must_have_tls(const MailDestination& domain, WallTime now) const;

  /// What a delivery showed. Returns what was better before, where it is less than that in a way worth a warning:
  /// plaintext where there was TLS. At most once a day for each domain.
  std::optional<Seen> learn(const MailDestination& domain, Security shown, WallTime now);

  struct Note {
    std::string name, value;
  };
  /// Notes that have changed since the last call, to be written.
  std::vector<Note> take_changes(WallTime now);
  std::size_t size() const { return domains_.size(); }

 private:
  std::unordered_map<std::string, Seen> domains_;
  std::array<bool, 64> changed_{};
};

}  // namespace postseal::queue
