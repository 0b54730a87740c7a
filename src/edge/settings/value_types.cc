// SPDX-License-Identifier: Apache-2.0
#include "edge/settings/value_types.h"

namespace postseal::settings {

Parsed<std::string> parse_path(std::string_view text) {
  if (text.contains('\0')) return refuse("a path has no NUL in it");
  return std::string(text);
}

Parsed<std::string> parse_hostname(std::string_view text) {
  if (text.empty()) return std::string();
  auto domain = Domain::parse(text);
  if (!domain) return refuse(domain.error().context);
  return domain->ascii();
}

Parsed<std::string> parse_remark(std::string_view text) {
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(text, is_control)) return refuse("it is more than one line");
  if (text.size() > 500) return refuse("it is too long");
  return std::string(text);
}

}  // namespace postseal::settings
