// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/reply_parser.h"

#include <utility>

#include "protocol/smtp/printable.h"
#include "vocab/ascii.h"

namespace postseal::smtp {

std::string_view to_string(ReplyDefect defect) {
  switch (defect) {
    case ReplyDefect::LineTooLong:
      return "a reply line of more than 4096 octets";
    case ReplyDefect::TooManyLines:
      return "a reply of more than 100 lines";
    case ReplyDefect::TooLong:
      return "a reply of more than 65536 octets";
    case ReplyDefect::NotAReply:
      return "a line that is not an SMTP reply";
    case ReplyDefect::MixedCodes:
      return "one reply with different codes on its lines";
  }
  return "";
}

void ReplyParser::feed(std::string_view bytes) {
  if (defect_) return;
  buffer_.erase(0, begin_);
  begin_ = 0;
  buffer_.append(bytes);
}

bool ReplyParser::has_rest() const { return begin_ < buffer_.size() || !partial_.lines.empty(); }

void ReplyParser::clear() { *this = ReplyParser(); }

std::expected<std::optional<std::string_view>, ReplyDefect> ReplyParser::next_line() {
  std::string_view rest = std::string_view(buffer_).substr(begin_);
  std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) {
    if (rest.size() > kMaxReplyLine + 1) return std::unexpected(ReplyDefect::LineTooLong);  // a CR may be the last
    return std::nullopt;
  }
  // RFC 5321 §2.3.8 DEVIATION: a reply line may end in a bare LF. Small devices send such replies, and whoever can put
  // an LF into this stream can put a CRLF there too, so that strictness would protect nobody. What we send is strict.
  std::string_view line = rest.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > kMaxReplyLine) return std::unexpected(ReplyDefect::LineTooLong);
  begin_ += end + 1;
  return line;
}

/// True when the line was the last of its reply.
std::expected<bool, ReplyDefect> ReplyParser::take_line(std::string_view line) {
  // RFC 5321 §4.2 MUST: three digits, then a blank, a hyphen or (code alone, §4.2 "SHOULD accept") the end. The second
  // digit is not looked at (§4.3.2: unknown codes go by their first digit); the first is 2 to 5.
  if (line.size() < 3 || !is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2]) || line[0] < '2' ||
      line[0] > '5' || (line.size() > 3 && line[3] != ' ' && line[3] != '-')) {
    return std::unexpected(ReplyDefect::NotAReply);
  }
  int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  bool first = partial_.lines.empty();
  // RFC 5321 §4.2.1 MUST: every line of a reply has the same code. Which of two would count?
  if (!first && code != partial_.code) return std::unexpected(ReplyDefect::MixedCodes);
  if (partial_.lines.size() == kMaxReplyLines) return std::unexpected(ReplyDefect::TooManyLines);
  partial_octets_ += line.size();
  if (partial_octets_ > kMaxReplyOctets) return std::unexpected(ReplyDefect::TooLong);

  std::string_view text = line.size() > 3 ? line.substr(4) : std::string_view();
  if (first) {
    partial_.code = code;
    // RFC 2034 §4 MUST: the status has the class of the code. One that disagrees is text, whoever offers what.
    auto status = EnhancedStatus::parse_prefix(text);
    if (status && status->klass == code / 100) partial_.status = status;
  }
  partial_.lines.push_back(printable(text));
  return line.size() == 3 || line[3] == ' ';
}

std::expected<std::optional<Reply>, ReplyDefect> ReplyParser::next() {
  while (!defect_) {
    auto line = next_line();
    if (!line) {
      defect_ = line.error();
      break;
    }
    if (!*line) return std::nullopt;
    auto last = take_line(**line);
    if (!last) {
      defect_ = last.error();
      break;
    }
    if (*last) {
      partial_octets_ = 0;
      return std::exchange(partial_, Reply{});
    }
  }
  buffer_.clear();
  begin_ = 0;
  return std::unexpected(*defect_);
}

}  // namespace postseal::smtp
