// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/xtext.h"

namespace postseal::smtpd {
namespace {

/// RFC 3461 §4 hexchar: capital letters only.
int hex_value(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

}  // namespace

std::optional<std::string> decode_xtext(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return std::nullopt;
      c = static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else if (c < '!' || c > '~' || c == '=') {
      return std::nullopt;
    }
    result += c;
  }
  return result;
}

}  // namespace postseal::smtpd
