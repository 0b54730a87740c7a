#pragma once
// SPDX-License-Identifier: Apache-2.0
// Replies out of a stream of bytes that a stranger sends: RFC 5321 §4.2, with limits on everything.
// One parser serves one stream; after a defect it stays in that defect, because nothing behind it has a known meaning.
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "vocab/reply.h"

namespace postseal::smtp {

enum class ReplyDefect { LineTooLong, TooManyLines, TooLong, NotAReply, MixedCodes };
std::string_view to_string(ReplyDefect defect);

/// RFC 5321 §4.5.3.1.5 promises 512 octets a line and no end of lines; these are eight times as generous and finite.
inline constexpr std::size_t kMaxReplyLine = 4096;
inline constexpr std::size_t kMaxReplyLines = 100;
inline constexpr std::size_t kMaxReplyOctets = 65536;

class ReplyParser {
 public:
  void feed(std::string_view bytes);
  /// The next whole reply, or nothing yet.
  std::expected<std::optional<Reply>, ReplyDefect> next();
  /// Bytes have arrived that belong to no reply handed out so far.
  bool has_rest() const;
  /// Forgets what has arrived: a new stream begins.
  void clear();

 private:
  std::expected<std::optional<std::string_view>, ReplyDefect> next_line();
  std::expected<bool, ReplyDefect> take_line(std::string_view line);

  std::string buffer_;
  std::size_t begin_ = 0;  ///< of the first line not yet taken
  Reply partial_;
  std::size_t partial_octets_ = 0;
  std::optional<ReplyDefect> defect_;
};

}  // namespace postseal::smtp
