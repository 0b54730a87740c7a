// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/authres protocol/message
// An Authentication-Results value as anybody may write it. What is read can be written, in clean lines, and comes back;
// and a field in which anybody reads our name is removed. Input: the octets behind the colon.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/authres/header.h"

namespace {

using namespace postseal;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_clean_lines(std::string_view field) {
  require(field.ends_with("\r\n"));
  std::size_t begin = 0;
  while (begin < field.size()) {
    const std::size_t end = field.find("\r\n", begin);
    require(end != field.npos && end - begin <= 998);
    require(begin == 0 || field[begin] == ' ');
    for (const char c : field.substr(begin, end - begin)) require(c >= 0x20 || static_cast<unsigned char>(c) >= 0x80);
    begin = end + 2;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const message::HeaderField field("Authentication-Results:" + std::string(value) + "\r\n");
  constexpr std::string_view kUs = "mx.test";
  const bool ours = authres::carries_authserv_id(field, kUs);
  const auto statements = authres::statements(field, kUs);
  if (statements) {
    require(ours);
    for (const auto& each : *statements) require(!each.contains('\r') && !each.contains('\n') && !each.contains('\0'));
  }
  const auto header = authres::parse(field.value());
  if (!header) {
    // The values alone, whatever they are, make a field that can be read.
    const std::string text(value);
    const std::string made = authres::format(
        text, {{.method = text, .result = text, .reason = text, .comment = text, .properties = {{text, text, text}}}});
    require_clean_lines(made);
    require(text.empty() || authres::parse(message::HeaderField(made).value()).has_value());
    return 0;
  }
  const std::string made = authres::format(header->authserv_id, header->results, authres::Charset::Utf8);
  require_clean_lines(made);
  const auto again = authres::parse(message::HeaderField(made).value());
  require(again.has_value());
  require(again->results.size() == header->results.size());
  if (ours && size < 400) require(authres::carries_authserv_id(message::HeaderField(made), kUs));
  return 0;
}
