// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/structured.h"

#include "vocab/ascii.h"

namespace postseal::message {
namespace {

bool is_control(char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; }

}  // namespace

std::optional<std::string> unfold(std::string_view value) {
  if (value.ends_with("\r\n")) value.remove_suffix(2);
  std::string line;
  line.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    // RFC 5322 §2.2.3: only CRLF before white space is a fold, and it stands for nothing.
    if (value.substr(i).starts_with("\r\n") && i + 2 < value.size() && is_blank(value[i + 2])) {
      ++i;
      continue;
    }
    // RFC 5322 §4.1 lets readers meet controls in old mail; a reader that stops at one shows another value (A21).
    if (is_control(value[i])) return std::nullopt;
    line += value[i];
  }
  return line;
}

bool StructuredCursor::take(char c) {
  if (at_end() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool StructuredCursor::skip_cfws() {
  for (;;) {
    while (is_blank(peek())) ++at_;
    if (peek() != '(') return true;
    if (!skip_comment()) return false;
  }
}

bool StructuredCursor::saw_comment() {
  const bool saw = saw_comment_;
  saw_comment_ = false;
  return saw;
}

bool StructuredCursor::skip_comment() {
  saw_comment_ = true;
  std::size_t depth = 0, quotes = 0, opened = 0, closed = 0;
  bool intricate = false, address = false;
  for (; !at_end(); ++at_) {
    const char c = text_[at_];
    if (c == '\\') {
      // RFC 5322 §3.2.1: the next character is only itself.
      ++at_;
      intricate = true;
    } else if (c == '(') {
      intricate |= ++depth > 1;
    } else if (c == ')') {
      --depth;
    }
    if (depth == 0) {
      ++at_;
      // Whoever knows neither pairs nor nesting finds its end earlier, and an address behind that.
      saw_torn_comment_ |= quotes % 2 != 0 || opened != closed || (intricate && address);
      saw_address_in_comment_ |= address;
      return true;
    }
    quotes += c == '"' ? 1 : 0;
    opened += c == '[' ? 1 : 0;
    closed += c == ']' ? 1 : 0;
    address |= c == '<' || c == '@';
  }
  at_ = text_.size();
  return false;
}

std::optional<std::string> StructuredCursor::quoted_string() {
  if (!take('"')) return std::nullopt;
  std::string content;
  for (; !at_end(); ++at_) {
    if (text_[at_] == '"') {
      ++at_;
      return content;
    }
    // RFC 5322 §3.2.1: the character behind the backslash is only itself.
    if (text_[at_] == '\\' && ++at_ >= text_.size()) break;
    content += text_[at_];
  }
  at_ = text_.size();
  return std::nullopt;
}

}  // namespace postseal::message
