#pragma once
// SPDX-License-Identifier: Apache-2.0
// How operators point at names: "example.org", ".example.org" (names below it), "*" (all). Case does not matter.
#include <string_view>
#include <vector>

namespace postseal::queue {

bool name_matches(std::string_view pattern, std::string_view name);
/// The hosts of a site's name, "mx1.example.org mx2.example.org:25", without the port.
std::vector<std::string_view> hosts_of(std::string_view site);
/// One of the hosts, or the site's whole name.
bool site_matches(std::string_view pattern, std::string_view site);

}  // namespace postseal::queue
