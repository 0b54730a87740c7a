// SPDX-License-Identifier: Apache-2.0
// A segment of the log as it may lie on a disk that has decayed: reading it never goes astray, and what is read stands
// for itself when it is written again.
// rooms: edge/journal protocol/spool vocab
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "edge/journal/bytes.h"
#include "edge/journal/crc32c.h"
#include "edge/journal/disk.h"
#include "edge/journal/kept_letter.h"
#include "edge/journal/letter_index.h"
#include "edge/journal/segment_reader.h"

namespace {

using namespace postseal;
using namespace postseal::journal;

class Bytes final : public File {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  DiskResult<void> write(std::span<const ::iovec>, std::uint64_t) override { return {}; }
  DiskResult<std::size_t> read(std::span<char> buffer, std::uint64_t offset) override {
    const std::size_t length = offset < bytes_.size() ? std::min(buffer.size(), bytes_.size() - offset) : 0;
    if (length > 0) std::memcpy(buffer.data(), bytes_.data() + offset, length);
    return length;
  }
  DiskResult<void> sync() override { return {}; }
  DiskResult<void> allocate(std::uint64_t) override { return {}; }
  DiskResult<void> truncate(std::uint64_t) override { return {}; }
  DiskResult<std::uint64_t> size() override { return bytes_.size(); }

 private:
  std::string bytes_;
};

void demand(bool held) {
  if (!held) std::abort();
}

void read_head(std::string_view head) {
  if (const auto letter = parse_kept(head)) {
    demand(format_kept(*letter) == head);
    if (const auto queued = to_queued({1}, *letter))
      demand(parse_envelope(format_envelope(queued->envelope)) == queued->envelope);
  }
  if (const auto envelope = parse_envelope(head)) demand(parse_envelope(format_envelope(*envelope)) == envelope);
  if (const auto read = parse_change({1}, head))
    demand(parse_change({1}, format_change(read->change, read->homes)).has_value());
  if (const auto homes = parse_gone(head)) demand(format_gone(*homes) == head);
  if (const auto start = parse_start(head)) demand(format_start(*start) == head);
  if (const auto checkpoint = parse_checkpoint(head)) {
    demand(parse_checkpoint(format_checkpoint(*checkpoint)) == checkpoint);
  }
}

/// Gives the first record a checksum that fits, so that fuzzing comes behind it.
std::string mended(std::string bytes) {
  if (bytes.size() < kHeaderSize) return bytes;
  const std::size_t head = std::min<std::size_t>(take<std::uint32_t>(&bytes[8]), bytes.size() - kHeaderSize);
  put(&bytes[0], crc32c(std::string_view(bytes).substr(kHeaderSize, head),
                        crc32c(std::string_view(bytes).substr(4, kHeaderSize - 4))));
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  read_head(bytes);
  for (const std::string& text : {bytes, mended(bytes)}) {
    Bytes file(text);
    for (const auto bodies : {SegmentReader::Bodies::Verified, SegmentReader::Bodies::Skipped}) {
      SegmentReader reader(file, 1, 0, text.size(), bodies);
      std::uint64_t before = 0;
      while (reader.next() == SegmentReader::Outcome::Record) {
        demand(reader.offset() >= before && reader.body_offset() + reader.header().body_length <= text.size());
        before = reader.offset() + kHeaderSize;
        read_head(reader.head());
      }
    }
    const auto proof = find_proof_of_damage(file, 1, 0, text.size());
    demand(proof.has_value() && (!*proof || **proof < text.size()));
  }
  return 0;
}
