// SPDX-License-Identifier: Apache-2.0
#include "lab/settings_file.h"

#include <fmt/format.h>

#include <chrono>

namespace postseal::lab {

namespace {

/// A TOML basic string.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace

std::string format_settings_file(const settings::Settings& settings) {
  std::string text = "# Written by `postseal lab up`.\n";
  text += fmt::format("ca_file = {}\ncache_dir = {}\n", quoted(settings.ca_file), quoted(settings.cache_dir));
  text += "\n[resolver]\nmode = \"iterate\"\n";
  if (settings.resolver.root) {
    text +=
        fmt::format("root = \"{}:{}\"\n", settings.resolver.root->address.to_string(), settings.resolver.root->port);
  }
  text += fmt::format("trust_anchor = {}\n", quoted(settings.resolver.trust_anchor));
  text += fmt::format("timeout = {}\n",
                      std::chrono::duration_cast<std::chrono::seconds>(settings.resolver.timeout).count());
  text += fmt::format("\n[delivery]\nhostname = {}\nport = {}\n", quoted(settings.delivery.hostname),
                      settings.delivery.port);
  text += fmt::format("timeout = {}\nconnect_timeout = {}\n", settings.delivery.timeout.count(),
                      settings.delivery.connect_timeout.count());
  text +=
      fmt::format("\n[mta_sts]\ntimeout = {}\nhttps_port = {}\nprivate_addresses = {}\n",
                  settings.mta_sts.timeout.count(), settings.mta_sts.https_port, settings.mta_sts.private_addresses);
  return text;
}

std::string example_domain(const World& world) {
  for (const CaseSpec& spec : world.cases) {
    if (spec.domain) return spec.domain->ascii();
  }
  return "example.test";
}

}  // namespace postseal::lab
