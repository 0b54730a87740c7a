// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/segment_reader.h"

#include <algorithm>

#include "edge/journal/bytes.h"
#include "edge/journal/crc32c.h"

namespace postseal::journal {

namespace {

constexpr std::size_t kWindow = 1024 * 1024;
constexpr std::size_t kSkippingWindow = 16 * 1024;

}  // namespace

SegmentReader::SegmentReader(File& file, std::uint64_t segment, std::uint64_t begin, std::uint64_t limit, Bodies bodies)
    : file_(file), segment_(segment), next_(begin), limit_(limit), bodies_(bodies) {}

SegmentReader::Got SegmentReader::look(std::uint64_t offset, std::uint64_t length, std::string_view& bytes) {
  if (offset + length > limit_) return Got::TooShort;
  if (offset < window_begin_ || offset + length > window_begin_ + window_length_) {
    const std::size_t usual = bodies_ == Bodies::Verified ? kWindow : kSkippingWindow;
    const auto wanted = std::max<std::uint64_t>(length, std::min<std::uint64_t>(usual, limit_ - offset));
    if (window_.size() < wanted) window_.resize(wanted);
    window_length_ = 0;
    const auto got = file_.read(std::span(window_).first(wanted), offset);
    if (!got) return failure_ = got.error(), Got::Failure;
    window_begin_ = offset;
    window_length_ = *got;
    if (window_length_ < length) return Got::TooShort;
  }
  bytes = std::string_view(window_.data() + (offset - window_begin_), length);
  return Got::All;
}

SegmentReader::Outcome SegmentReader::next() {
  offset_ = next_;
  if (offset_ == limit_) return Outcome::End;
  const auto unless_all = [](Got got) { return got == Got::Failure ? Outcome::Failure : Outcome::Broken; };
  std::string_view bytes;
  if (const Got got = look(offset_, kHeaderSize, bytes); got != Got::All) return unless_all(got);
  const auto header = parse_header(bytes, segment_);
  if (!header) return Outcome::Broken;
  const std::uint64_t size = record_size(header->head_length, header->body_length);
  if (offset_ + size > limit_) return Outcome::Broken;
  if (const Got got = look(offset_, kHeaderSize + header->head_length, bytes); got != Got::All) return unless_all(got);
  if (!head_is_intact(bytes, bytes.substr(kHeaderSize))) return Outcome::Broken;
  header_ = *header;
  head_ = bytes.substr(kHeaderSize);
  body_intact_ = true;
  if (bodies_ == Bodies::Verified && header_.body_length > 0) {
    if (const Got got = look(body_offset(), header_.body_length, bytes); got != Got::All) return unless_all(got);
    body_intact_ = crc32c(bytes) == header_.body_crc;
  }
  next_ = offset_ + size;
  return Outcome::Record;
}

DiskResult<std::optional<std::uint64_t>> find_proof_of_damage(File& file, std::uint64_t segment, std::uint64_t broken,
                                                              std::uint64_t limit) {
  constexpr std::size_t kSegmentField = 16;
  const std::uint64_t rest = limit > broken ? limit - broken : 0;
  std::vector<char> window(std::min<std::uint64_t>(kWindow, rest) + kHeaderSize);
  for (std::uint64_t begin = padded(broken + 1); begin < limit; begin += kWindow) {
    const auto got = file.read(window, begin);
    if (!got) return std::unexpected(got.error());
    for (std::size_t at = 0; at < kWindow && at + kHeaderSize <= *got; at += 8) {
      if (take<std::uint64_t>(&window[at + kSegmentField]) != segment) continue;
      const auto header = parse_header({&window[at], kHeaderSize}, segment);
      if (!header || header->synced <= broken) continue;
      SegmentReader reader(file, segment, begin + at, limit, SegmentReader::Bodies::Verified);
      const auto outcome = reader.next();
      if (outcome == SegmentReader::Outcome::Failure) return std::unexpected(reader.failure());
      if (outcome == SegmentReader::Outcome::Record) return begin + at;
    }
    if (*got < window.size()) break;
  }
  return std::nullopt;
}

}  // namespace postseal::journal
