// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/body_decoder.h"

#include <cstring>

namespace postseal::smtpd {
namespace {

constexpr std::string_view kCrlf = "\r\n";

/// The first CR, LF or NUL from begin on, or size(). Eight octets at a time: most of a message is looked at here only.
std::size_t find_control(std::string_view bytes, std::size_t begin, bool& eight_bit) {
  constexpr std::uint64_t kHigh = 0x8080808080808080, kSixteens = 0x1010101010101010;
  auto is_control = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  std::size_t i = begin;
  std::uint64_t seen = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    // Not zero if an octet is below 16. It may be so for others too (TAB, or a borrow): the loop looks closer.
    if (((word - kSixteens) & ~word & kHigh) != 0) {
      for (std::size_t k = i; k < i + 8; ++k) {
        if (is_control(bytes[k])) {
          eight_bit = eight_bit || (seen & kHigh) != 0;
          return k;
        }
        seen |= static_cast<unsigned char>(bytes[k]);
      }
    }
    seen |= word;
  }
  for (; i < bytes.size() && !is_control(bytes[i]); ++i) seen |= static_cast<unsigned char>(bytes[i]);
  eight_bit = eight_bit || (seen & kHigh) != 0;
  return i;
}

}  // namespace

BodyDecoder::Taken BodyDecoder::fail(BodyDefect defect, At at, std::string_view rest) {
  defect_ = defect;
  swallowing_ = true;
  at_ = at;
  return swallow(rest);
}

void BodyDecoder::give_up() { swallowing_ = true; }

BodyDecoder::Taken BodyDecoder::take(std::string_view bytes) {
  if (swallowing_) return swallow(bytes);
  std::size_t begin = 0, i = 0;  // bytes[begin, i) is clean
  auto refuse = [&](BodyDefect defect, At at, std::size_t used) {
    Taken taken = fail(defect, at, bytes.substr(used));
    taken.used += used;
    return taken;
  };
  while (i < bytes.size()) {
    switch (at_) {
      case At::LineStart:
        // RFC 5321 §4.5.2 MUST: a dot at the start of a line is not part of the message; alone it is the end.
        if (bytes[i] == '.' && form_ == BodyForm::DotStuffed) {
          if (i > begin) return {.piece = bytes.substr(begin, i - begin), .used = i, .end = false};
          at_ = At::AfterDot;
          begin = ++i;
          break;
        }
        at_ = At::InLine;
        [[fallthrough]];
      case At::InLine: {
        std::size_t stop = find_control(bytes, i, eight_bit_);
        // RFC 5321 §4.5.3.1.6 (A20): a text line has 1000 octets with its CRLF, without a stuffed dot.
        if (stop - i > max_line_ - line_length_) return refuse(BodyDefect::LineTooLong, At::InLine, stop);
        line_length_ += static_cast<std::uint32_t>(stop - i);
        i = stop;
        if (i == bytes.size()) break;
        if (bytes[i] == '\n') return refuse(BodyDefect::BareLf, At::InLine, i + 1);
        if (bytes[i] == '\0') return refuse(BodyDefect::Nul, At::InLine, i + 1);
        if (i + 1 == bytes.size()) {
          at_ = At::AfterCr;
          return {.piece = bytes.substr(begin, i - begin), .used = i + 1, .end = false};
        }
        // RFC 5321 §2.3.8 MUST NOT (A19): CR and LF stand together or not at all; a server that takes one of them for
        // a line end lets a second message be smuggled in.
        if (bytes[i + 1] != '\n') return refuse(BodyDefect::BareCr, At::AfterCr, i + 1);
        i += 2;
        line_length_ = 0;
        at_ = At::LineStart;
        break;
      }
      case At::AfterCr:
        if (bytes[i] != '\n') return refuse(BodyDefect::BareCr, At::AfterCr, i);
        line_length_ = 0;
        at_ = At::LineStart;
        return {.piece = kCrlf, .used = i + 1, .end = false};
      case At::AfterDot:
        if (bytes[i] == '\r') {
          at_ = At::AfterDotCr;
          begin = ++i;
        } else {
          at_ = At::InLine;
        }
        break;
      case At::AfterDotCr:
        if (bytes[i] != '\n') return refuse(BodyDefect::BareCr, At::AfterDotCr, i);
        // RFC 5321 §4.1.1.4 MUST: CRLF.CRLF and nothing else ends the message (A19).
        return {.piece = {}, .used = i + 1, .end = true};
    }
  }
  return {.piece = bytes.substr(begin, i - begin), .used = i, .end = false};
}

BodyDecoder::Taken BodyDecoder::swallow(std::string_view bytes) {
  if (form_ == BodyForm::Plain) return {.piece = {}, .used = bytes.size(), .end = false};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (at_ == At::InLine) {
      i = bytes.find('\r', i);
      if (i == std::string_view::npos) break;
      at_ = At::AfterCr;
      continue;
    }
    char c = bytes[i];
    if (at_ == At::AfterDotCr && c == '\n') return {.piece = {}, .used = i + 1, .end = true};
    if (at_ == At::AfterCr && c == '\n') {
      at_ = At::LineStart;
    } else if (at_ == At::LineStart && c == '.') {
      at_ = At::AfterDot;
    } else if (at_ == At::AfterDot && c == '\r') {
      at_ = At::AfterDotCr;
    } else {
      at_ = c == '\r' ? At::AfterCr : At::InLine;
    }
  }
  return {.piece = {}, .used = bytes.size(), .end = false};
}

std::string_view BodyDecoder::finish() {
  if (swallowing_ || at_ == At::LineStart) return {};
  if (at_ == At::AfterCr) {
    defect_ = BodyDefect::BareCr;
    swallowing_ = true;
    return {};
  }
  at_ = At::LineStart;
  return kCrlf;
}

}  // namespace postseal::smtpd
