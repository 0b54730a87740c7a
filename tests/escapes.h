#pragma once
// SPDX-License-Identifier: Apache-2.0
// Octets in the scripts of tests: \r \n \0 \\ \xNN.
#include <stdexcept>
#include <string>
#include <string_view>

namespace postseal::tests {

inline std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'r':
        result += '\r';
        break;
      case 'n':
        result += '\n';
        break;
      case '0':
        result += '\0';
        break;
      case '\\':
        result += '\\';
        break;
      case 'x':
        result += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
        break;
      default:
        throw std::invalid_argument("unknown escape in " + std::string(text));
    }
  }
  return result;
}

}  // namespace postseal::tests
