// SPDX-License-Identifier: Apache-2.0
#include "vocab/reply.h"

namespace postseal {

std::string Reply::to_string() const {
  std::string text = std::to_string(code);
  // The first line may still carry the status; it is not said twice.
  if (status && (lines.empty() || EnhancedStatus::parse_prefix(lines.front()) != status)) {
    text += ' ' + status->to_string();
  }
  std::string_view separator = " ";
  for (const std::string& line : lines) {
    if (line.empty()) continue;
    text += separator;
    text += line;
    separator = " / ";
  }
  return text;
}

}  // namespace postseal
