// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/record.h"

#include "edge/journal/bytes.h"
#include "edge/journal/crc32c.h"

namespace postseal::journal {

namespace {

// Where each field of the header begins.
constexpr std::size_t kBodyCrc = 4, kHeadLength = 8, kBodyLength = 12, kSegment = 16, kId = 24, kSynced = 32,
                      kType = 36, kVersion = 37;
constexpr std::string_view kMagic = "postseal";

std::uint32_t checksum(std::string_view header, std::string_view head) {
  return crc32c(head, crc32c(header.substr(sizeof(std::uint32_t), kHeaderSize - sizeof(std::uint32_t))));
}

}  // namespace

HeaderBytes format_header(const RecordHeader& header, std::string_view head) {
  HeaderBytes bytes{};
  put(&bytes[kBodyCrc], header.body_crc);
  put(&bytes[kHeadLength], header.head_length);
  put(&bytes[kBodyLength], header.body_length);
  put(&bytes[kSegment], header.segment);
  put(&bytes[kId], header.id);
  put(&bytes[kSynced], header.synced);
  put(&bytes[kType], static_cast<std::uint8_t>(header.type));
  put(&bytes[kVersion], kRecordVersion);
  put(&bytes[0], checksum({bytes.data(), bytes.size()}, head));
  return bytes;
}

std::optional<RecordHeader> parse_header(std::string_view bytes, std::uint64_t segment) {
  if (bytes.size() < kHeaderSize) return std::nullopt;
  RecordHeader header;
  header.segment = take<std::uint64_t>(&bytes[kSegment]);
  header.id = take<std::uint64_t>(&bytes[kId]);
  header.synced = take<std::uint32_t>(&bytes[kSynced]);
  header.head_length = take<std::uint32_t>(&bytes[kHeadLength]);
  header.body_length = take<std::uint32_t>(&bytes[kBodyLength]);
  header.body_crc = take<std::uint32_t>(&bytes[kBodyCrc]);
  const auto type = take<std::uint8_t>(&bytes[kType]);
  header.type = static_cast<RecordType>(type);
  const bool known = type >= 1 && type <= 5 && take<std::uint8_t>(&bytes[kVersion]) == kRecordVersion;
  if (!known || header.segment != segment || header.head_length > kMaxHead || header.body_length > kMaxBody) {
    return std::nullopt;
  }
  return header;
}

bool head_is_intact(std::string_view header, std::string_view head) {
  return take<std::uint32_t>(header.data()) == checksum(header, head);
}

std::string format_start(const StartHead& start) {
  std::string head;
  ByteWriter out(head);
  out.text(kMagic);
  out.number(start.size);
  out.number(start.previous.segment);
  out.number(start.previous.offset);
  out.number(start.last_id);
  return head;
}

std::optional<StartHead> parse_start(std::string_view head) {
  ByteReader in(head);
  if (in.text() != kMagic) return std::nullopt;
  StartHead start;
  start.size = in.number<std::uint64_t>();
  start.previous.segment = in.number<std::uint64_t>();
  start.previous.offset = in.number<std::uint64_t>();
  start.last_id = in.number<std::uint64_t>();
  return in.finished() ? std::optional(start) : std::nullopt;
}

}  // namespace postseal::journal
