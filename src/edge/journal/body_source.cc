// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/body_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "edge/journal/crc32c.h"

namespace postseal::journal {

namespace {

class BodySource final : public message::Source {
 public:
  explicit BodySource(std::shared_ptr<const Body> body) : body_(std::move(body)) {}

  std::ptrdiff_t read(std::span<char> buffer) override {
    while (at_ < body_->pieces.size() && body_->pieces[at_].length == done_) next_piece();
    if (at_ == body_->pieces.size() || buffer.empty()) return 0;
    const BodyPiece& piece = body_->pieces[at_];
    const auto wanted = std::min<std::size_t>(buffer.size(), piece.length - done_);
    const auto got = body_->segments[at_]->file->read(buffer.first(wanted), std::uint64_t{piece.offset} + done_);
    if (!got || *got != wanted) return -1;
    crc_ = crc32c({buffer.data(), wanted}, crc_);
    done_ += static_cast<std::uint32_t>(wanted);
    if (done_ == piece.length && crc_ != piece.crc) {
      done_ -= static_cast<std::uint32_t>(wanted);  // and so it is at every further try
      crc_ = ~piece.crc;
      return -1;
    }
    return static_cast<std::ptrdiff_t>(wanted);
  }

 private:
  void next_piece() {
    ++at_;
    done_ = 0;
    crc_ = 0;
  }

  std::shared_ptr<const Body> body_;
  std::size_t at_ = 0;
  std::uint32_t done_ = 0, crc_ = 0;
};

}  // namespace

std::optional<Body> find_body(const Catalog& catalog, const KeptLetter& letter) {
  Body body;
  for (const auto& piece : letter.pieces) {
    auto segment = catalog.find(piece.segment);
    if (!segment) return std::nullopt;
    body.pieces.push_back(piece);
    body.segments.push_back(std::move(segment));
  }
  return body;
}

std::unique_ptr<message::Source> open_body(std::shared_ptr<const Body> body) {
  return std::make_unique<BodySource>(std::move(body));
}

spool::StoreResult<std::string> read_piece(File& file, const BodyPiece& piece) {
  std::string bytes(piece.length, '\0');
  const auto got = file.read(bytes, piece.offset);
  if (!got) return std::unexpected(to_store_error(got.error()));
  if (*got != bytes.size() || crc32c(bytes) != piece.crc) {
    return std::unexpected(spool::StoreError{spool::StoreErrorCode::Corrupt,
                                             fmt::format("{}: the octets of a letter at {} do not match their checksum",
                                                         segment_name(piece.segment), piece.offset)});
  }
  return bytes;
}

}  // namespace postseal::journal
