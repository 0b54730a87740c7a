#pragma once
// SPDX-License-Identifier: Apache-2.0
// One record of the log: a header of 40 octets, a head (what it says), a body (octets of a letter), padded to 8.
// docs/formats/spool.md. The header names its segment, so that what an earlier use of the file left behind never
// counts.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/spool/letter_id.h"

namespace postseal::journal {

enum class RecordType : std::uint8_t {
  Start = 1,   ///< first in every segment
  Piece = 2,   ///< a part of a large body
  Letter = 3,  ///< a letter, whole: from here on it is ours (or has moved here)
  Change = 4,
  Gone = 5,  ///< nobody waits any more
};

struct RecordHeader {
  RecordType type = RecordType::Start;
  std::uint64_t segment = 0;
  std::uint64_t id = 0;
  std::uint32_t synced = 0;  ///< the segment was on stable storage up to here when this was written
  std::uint32_t head_length = 0;
  std::uint32_t body_length = 0;
  std::uint32_t body_crc = 0;
  bool operator==(const RecordHeader&) const = default;
};

inline constexpr std::uint8_t kRecordVersion = 1;
inline constexpr std::size_t kHeaderSize = 40;
inline constexpr std::uint32_t kMaxHead = 64 * 1024 * 1024;
inline constexpr std::uint32_t kMaxBody = 64 * 1024 * 1024;
using HeaderBytes = std::array<char, kHeaderSize>;

constexpr std::uint64_t padded(std::uint64_t size) { return (size + 7) & ~std::uint64_t{7}; }
constexpr std::uint64_t record_size(std::uint64_t head, std::uint64_t body) {
  return padded(kHeaderSize + head + body);
}

/// With the checksum over itself and the head. REQUIRES: header.head_length is head's.
HeaderBytes format_header(const RecordHeader& header, std::string_view head);
/// Of this segment, of this version, a known type, lengths in their limits; else nullopt. Its checksum is not looked
/// at.
std::optional<RecordHeader> parse_header(std::string_view bytes, std::uint64_t segment);
/// REQUIRES: at least kHeaderSize bytes of header.
bool head_is_intact(std::string_view header, std::string_view head);

struct Position {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const Position&) const = default;
};

/// The head of the first record of a segment.
struct StartHead {
  std::uint64_t size = 0;     ///< of the segment
  Position previous;          ///< the segment before it, and where what counts of it ends; segment 0: none
  std::uint64_t last_id = 0;  ///< no letter had a greater one
  bool operator==(const StartHead&) const = default;
};
std::string format_start(const StartHead& start);
std::optional<StartHead> parse_start(std::string_view head);

}  // namespace postseal::journal
