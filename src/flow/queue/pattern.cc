// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/pattern.h"

#include <algorithm>

#include "vocab/ascii.h"

namespace postseal::queue {

namespace {

/// Behind the last colon, unless that belongs to an IPv6 address: only digits, and no other colon before it.
std::string_view without_port(std::string_view site) {
  const auto colon = site.rfind(':');
  if (colon == std::string_view::npos) return site;
  const auto port = site.substr(colon + 1);
  const bool digits = !port.empty() && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? site.substr(0, colon) : site;
}

}  // namespace

bool name_matches(std::string_view pattern, std::string_view name) {
  if (pattern == "*") return true;
  if (!pattern.starts_with('.')) return equals_ignoring_case(pattern, name);
  return name.size() > pattern.size() && equals_ignoring_case(pattern, name.substr(name.size() - pattern.size()));
}

std::vector<std::string_view> hosts_of(std::string_view site) {
  std::vector<std::string_view> hosts;
  std::string_view rest = without_port(site);
  while (!rest.empty()) {
    const auto blank = rest.find(' ');
    if (blank != 0) hosts.push_back(rest.substr(0, blank));
    if (blank == std::string_view::npos) break;
    rest.remove_prefix(blank + 1);
  }
  return hosts;
}

bool site_matches(std::string_view pattern, std::string_view site) {
  if (equals_ignoring_case(pattern, site)) return true;
  return std::ranges::any_of(hosts_of(site), [&](std::string_view host) { return name_matches(pattern, host); });
}

}  // namespace postseal::queue
