// SPDX-License-Identifier: Apache-2.0
#include "protocol/dsn/clean.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "protocol/smtp/printable.h"
#include "vocab/codec.h"

namespace postseal::dsn {
namespace {

constexpr std::size_t kColumns = 72;
constexpr std::size_t kLongestWord = 900;  // RFC 5322 §2.1.1: a line has 998 octets at most
constexpr std::size_t kEncodedLine = 76;   // RFC 2045 §6.7 (5)

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// The longest start of text with at most limit octets that ends between two characters.
std::string_view start_of(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && is_continuation(text[end])) --end;
  return text.substr(0, end > 0 ? end : limit);
}

std::string to_utf8(std::uint32_t point) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | (point >> 6)), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | (point >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | (point >> 18)), tail(12), tail(6), tail(0)};
}

/// Up to six hexadecimal digits.
std::optional<std::uint32_t> code_point(std::string_view digits) {
  if (digits.empty() || digits.size() > 6) return std::nullopt;
  const auto bytes = from_hex(std::string(6 - digits.size(), '0') + std::string(digits));
  if (!bytes || bytes->size() != 3) return std::nullopt;
  const std::uint32_t point = std::uint32_t{(*bytes)[0]} << 16 | std::uint32_t{(*bytes)[1]} << 8 | (*bytes)[2];
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return std::nullopt;
  return point;
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string one_line(std::string_view text, std::size_t limit) {
  std::string clean = smtp::printable(text);
  if (clean.size() <= limit) return clean;
  return std::string(start_of(clean, limit)) + "...";
}

std::string one_ascii_line(std::string_view text, std::size_t limit) {
  std::string line = one_line(text, limit);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) >= 0x7f) c = '?';
  }
  return line;
}

std::string decode_xtext(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = text[i] == '+' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (octet && octet->size() == 1) {
      plain += static_cast<char>(octet->front());
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::string decode_embedded_unicode(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const auto close = text.starts_with("\\x{") ? text.find('}') : std::string_view::npos;
    const auto point = close != std::string_view::npos ? code_point(text.substr(3, close - 3)) : std::nullopt;
    if (point) {
      plain += to_utf8(*point);
      text.remove_prefix(close + 1);
    } else {
      plain += text.front();
      text.remove_prefix(1);
    }
  }
  return plain;
}

std::string quoted_printable(std::string_view text) {
  std::string encoded, line;
  const auto put = [&](std::string_view piece) {
    if (line.size() + piece.size() > kEncodedLine - 1) {
      encoded += line + "=\r\n";
      line.clear();
    }
    line += piece;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\r\n")) {
      encoded += line + "\r\n";
      line.clear();
      ++i;
      continue;
    }
    const char c = text[i];
    const bool at_end = i + 1 == text.size() || text.substr(i + 1).starts_with("\r\n");
    const bool plain = (c > ' ' && c <= '~' && c != '=') || ((c == ' ' || c == '\t') && !at_end);
    put(plain ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c)));
  }
  return encoded + line;
}

bool has_mail_lines(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    if (line.size() > 998 || line.find_first_of(std::string_view("\r\n\0", 3)) != line.npos) return false;
    text.remove_prefix(end == text.npos ? text.size() : end + 2);
  }
  return true;
}

bool is_seven_bit(std::string_view text) { return is_ascii(text) && has_mail_lines(text); }

std::string wrapped(std::string_view text, std::string_view indent) {
  std::string result, line;
  const auto end_line = [&] {
    if (!line.empty()) result += std::string(indent) + line + "\r\n";
    line.clear();
  };
  while (!text.empty()) {
    const auto end = text.find(' ');
    std::string_view word = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    while (!word.empty()) {
      const std::string_view piece = start_of(word, kLongestWord);
      word.remove_prefix(piece.size());
      if (!line.empty() && indent.size() + line.size() + 1 + piece.size() > kColumns) end_line();
      if (!line.empty()) line += ' ';
      line += piece;
      if (!word.empty()) end_line();
    }
  }
  end_line();
  return result;
}

std::string field(std::string_view name, std::string_view value) {
  // The name counts as the first word, so that the first line is filled like the others.
  std::string lines = wrapped(std::string(name) + ": " + std::string(value), "");
  for (auto end = lines.find("\r\n"); end != std::string::npos && end + 2 < lines.size();
       end = lines.find("\r\n", end + 4)) {
    lines.insert(end + 2, "  ");
  }
  return lines;
}

}  // namespace postseal::dsn
