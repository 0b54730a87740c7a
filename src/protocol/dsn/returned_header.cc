// SPDX-License-Identifier: Apache-2.0
#include "protocol/dsn/returned_header.h"

#include <cstddef>

#include "vocab/ascii.h"

namespace postseal::dsn {
namespace {

/// A bounce should cost nobody more than the letter did.
constexpr std::size_t kLimit = 64 * 1024;

bool has_name(std::string_view field, std::string_view name) {
  return field.size() > name.size() && field[name.size()] == ':' &&
         equals_ignoring_case(field.substr(0, name.size()), name);
}

/// The next field with its folded lines and line ends, taken off the front; empty at the header's end.
std::string_view take_field(std::string_view& header) {
  if (header.starts_with("\r\n")) header = {};
  std::size_t end = 0;
  while (end < header.size()) {
    const auto line_end = header.find("\r\n", end);
    end = line_end == std::string_view::npos ? header.size() : line_end + 2;
    if (end == header.size() || (header[end] != ' ' && header[end] != '\t')) break;
  }
  const std::string_view field = header.substr(0, end);
  header.remove_prefix(end);
  return field;
}

/// A CR or LF that ends no line must not seem to end one at a reader that is less strict (A21).
void append_clean(std::string_view field, std::string& result) {
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.substr(i).starts_with("\r\n")) {
      result += "\r\n";
      ++i;
    } else {
      result += field[i] == '\r' || field[i] == '\n' || field[i] == '\0' ? '?' : field[i];
    }
  }
  if (!field.ends_with("\r\n")) result += "\r\n";
}

}  // namespace

std::string returned_header(std::string_view header, Extent extent) {
  std::string result;
  for (auto field = take_field(header); !field.empty(); field = take_field(header)) {
    // RFC 8689 §5 MUST: what a letter with REQUIRETLS says is protected on its way back as on its way out. The way back
    // may have no TLS (§5 lets the notification go all the same), so it says only which letter it was.
    if (extent == Extent::Redacted && !has_name(field, "message-id") && !has_name(field, "date")) continue;
    if (result.size() + field.size() > kLimit) break;
    append_clean(field, result);
  }
  return result;
}

}  // namespace postseal::dsn
