// SPDX-License-Identifier: Apache-2.0
// Macro strings: what parses expands to something bounded, and what DNS is asked for fits a name or is refused.
// Input: the macro string, LF, the local part, LF, HELO.
// rooms: protocol/spf protocol/dns vocab
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "protocol/spf/macro.h"
#include "vocab/domain.h"

namespace {

using namespace postseal;

void demand(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view text = take_line(rest);
  spf::MacroValues values;
  values.sender_local = take_line(rest);
  values.helo = take_line(rest);
  values.sender_domain = values.domain = "mail.example.com";
  values.validated = values.receiver = "unknown";
  values.ip = size % 2 == 0 ? IpAddress::v4({192, 0, 2, 1}) : *IpAddress::parse("2001:db8::1");

  const auto explanation = spf::parse_macro_string(text, spf::MacroPlace::Explanation);
  if (explanation) {
    const std::string front = spf::expand(*explanation, values, 400, spf::Keep::Front);
    const std::string back = spf::expand(*explanation, values, 400, spf::Keep::Back);
    const std::string whole = spf::expand(*explanation, values, std::size_t{1} << 24, spf::Keep::Front);
    demand(front == whole.substr(0, 400));
    demand(back == whole.substr(whole.size() - std::min<std::size_t>(whole.size(), 400)));
  }
  const auto spec = spf::parse_domain_spec(text);
  if (!spec) return 0;
  // Every domain is a macro string, and one that an explanation may have.
  demand(explanation.has_value());
  const std::string name = spf::expand_target(*spec, values);
  const auto domain = Domain::escape_dns(name);
  demand(!domain || name.size() <= 253);
  demand(!domain || std::ranges::all_of(domain->ascii(), [](char c) { return c > ' ' && c < 0x7f; }));
  return 0;
}
