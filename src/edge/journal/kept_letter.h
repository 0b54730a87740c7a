#pragma once
// SPDX-License-Identifier: Apache-2.0
// What log and index hold of a letter, and its encoding (docs/formats/spool.md). The envelope never changes and stays
// encoded until somebody asks for it; the states change and are values.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/spool/letter.h"
#include "protocol/spool/store.h"

namespace postseal::journal {

/// Octets of a letter's body in a segment.
struct BodyPiece {
  std::uint64_t segment = 0;
  std::uint32_t offset = 0, length = 0, crc = 0;
  bool operator==(const BodyPiece&) const = default;
};

struct KeptLetter {
  std::string envelope;  ///< format_envelope
  std::vector<spool::RecipientState> states;
  bool held = false;
  std::string rerouted;
  std::vector<BodyPiece> pieces;
  std::uint64_t home = 0;            ///< the segment of the Letter record that counts
  std::vector<std::uint64_t> older;  ///< further segments that may have a Letter record of it

  bool finished() const;
  /// home and older.
  std::vector<std::uint64_t> homes() const;
  std::uint64_t body_length() const;
  bool operator==(const KeptLetter&) const = default;
};

std::string format_envelope(const spool::Envelope& envelope);
std::optional<spool::Envelope> parse_envelope(std::string_view bytes);

std::string format_kept(const KeptLetter& letter);
std::optional<KeptLetter> parse_kept(std::string_view bytes);

/// nullopt: the envelope cannot be read, or does not have as many recipients as there are states.
std::optional<spool::QueuedLetter> to_queued(spool::LetterId id, const KeptLetter& letter);

/// The heads of Change and Gone, with the segments that have a Letter record of it: as long as one of them is there,
/// this record must be, too.
std::string format_change(const spool::LetterChange& change, const std::vector<std::uint64_t>& homes);
struct ReadChange {
  spool::LetterChange change;
  std::vector<std::uint64_t> homes;
};
std::optional<ReadChange> parse_change(spool::LetterId id, std::string_view head);
std::string format_gone(const std::vector<std::uint64_t>& homes);
std::optional<std::vector<std::uint64_t>> parse_gone(std::string_view head);

/// A recipient that is not there is left alone.
void apply(const spool::LetterChange& change, KeptLetter& letter);

}  // namespace postseal::journal
