#pragma once
// SPDX-License-Identifier: Apache-2.0
// The keys of one domain and how far each has come. A key is published first and signs later, so that no letter is ever
// signed with a key that its reader cannot find; afterwards it stays published, for letters on their way (RFC 6376
// §3.1, RFC 5863 §3). Values and pure functions; key_directory.h keeps them. docs/formats/dkim-keys.md.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dkim/key.h"
#include "vocab/clock.h"
#include "vocab/domain.h"

namespace postseal::dkim_keys {

enum class Stage {
  Published,  ///< its record is (to be put) in DNS; it does not sign yet
  Active,     ///< signs
  Retired,    ///< signs no more; its record stays for a while
};
/// "published", "active", "retired"
std::string_view to_string(Stage stage);

struct KeyEntry {
  std::string selector;
  dkim::KeyType type = dkim::KeyType::Rsa;
  Stage stage = Stage::Published;
  WallTime created{};
  std::optional<WallTime> seen;  ///< since when DNS shows the record
  std::optional<WallTime> activated, retired;
  bool operator==(const KeyEntry&) const = default;
};

struct KeyBook {
  Domain domain;
  std::vector<KeyEntry> keys;  ///< in the order in which they were made
  bool operator==(const KeyBook&) const = default;
};

struct Periods {
  Seconds publish_first{3600};
  Seconds keep_retired{7 * 86400};
};

/// What DNS says of a key that waits. Unknown is not no.
enum class InDns { Shown, NotShown, Unknown };

/// Notes it; NotShown begins the wait anew.
void note_sighting(KeyEntry& entry, InDns sighting, WallTime now);

/// A key that DNS has shown long enough signs from now on, and the one of its type before it retires. The first key of
/// its type signs as soon as it is shown: nobody misses an older one. True if anything has changed.
bool advance(KeyBook& book, const Periods& periods, WallTime now);
/// All that wait sign from now on, whatever DNS shows.
bool activate_all(KeyBook& book, WallTime now);
/// Retired long enough: its record and file may go.
bool may_go(const KeyEntry& entry, const Periods& periods, WallTime now);
bool has_stage(const KeyBook& book, Stage stage);

/// "e20261122" for Ed25519, "r20261122" for RSA, with "b", "c", … behind it where there is one already.
std::string new_selector(const KeyBook& book, dkim::KeyType type, WallTime now);
/// A selector is one label or several: letters, digits, hyphens inside (RFC 6376 §3.1).
bool is_selector(std::string_view text);

std::string format_book(const KeyBook& book);
/// The error is one clause.
std::expected<KeyBook, std::string> parse_book(std::string_view text);

}  // namespace postseal::dkim_keys
