#pragma once
// SPDX-License-Identifier: Apache-2.0
// The bytes of a kept letter, read from the log straight into the reader's buffer. A piece that does not match its
// checksum ends in a read error, before its last octets are given out.
#include <memory>
#include <string>
#include <vector>

#include "edge/journal/kept_letter.h"
#include "edge/journal/segment.h"
#include "protocol/message/source.h"

namespace postseal::journal {

/// The pieces with the segments that they are in: as long as this is there, so are they.
struct Body {
  std::vector<BodyPiece> pieces;
  std::vector<SegmentPtr> segments;  ///< one for each piece
};
/// nullopt: a segment is missing.
std::optional<Body> find_body(const Catalog& catalog, const KeptLetter& letter);

std::unique_ptr<message::Source> open_body(std::shared_ptr<const Body> body);
/// One piece as a whole, checked.
spool::StoreResult<std::string> read_piece(File& file, const BodyPiece& piece);

}  // namespace postseal::journal
