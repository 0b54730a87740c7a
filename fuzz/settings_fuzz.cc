// SPDX-License-Identifier: Apache-2.0
// Settings files, and single values as the command line and lab worlds give them.
// rooms: edge/settings
#include <cstdlib>

#include "edge/settings/settings.h"

namespace {

using namespace postseal;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check(const settings::Settings& settings) {
  // D46, however the value came in.
  if (settings.resolver.mode == settings::ResolverMode::TrustAd)
    demand(settings.resolver.server->address.is_loopback());
  demand((settings.resolver.mode == settings::ResolverMode::Iterate) == !settings.resolver.server);
  demand(settings.delivery.port != 0 && settings.mta_sts.timeout <= Seconds(60));
  for (const policy::LocalRule& rule : settings.rules) demand(!rule.match.empty());
  for (const settings::Route& route : settings.routes) {
    const Domain* domain = std::get_if<Domain>(&route.next_hop);
    demand(domain == nullptr ? !route.mx_lookup : domain->is_hostname());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto parsed = settings::parse_settings(text, "fuzz.toml")) {
    check(*parsed);
    WallTime now{};
    for (const auto& name : {MailDestination(*Domain::parse("a.example.org")), MailDestination(IpAddress{})}) {
      auto rule = settings::rule_for(*parsed, name, now);
      demand(!rule || !parsed->rules.empty());
      auto route = settings::route_for(*parsed, name);
      demand(!route || !parsed->routes.empty());
    }
  } else {
    demand(parsed.error().to_string().find("fuzz.toml") == 0);
  }

  std::size_t split = text.find('=');
  if (split == std::string_view::npos) return 0;
  settings::Settings settings;
  if (set(settings, text.substr(0, split), text.substr(split + 1))) {
    check(settings);
  } else {
    demand(settings == settings::Settings{});
  }
  return 0;
}
