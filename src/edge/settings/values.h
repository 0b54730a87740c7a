#pragma once
// SPDX-License-Identifier: Apache-2.0
// What people write as a value, read into types. Errors are sentences that say why; the table adds what is allowed.
#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "edge/settings/settings.h"

namespace postseal::settings {

template <class T>
using Parsed = std::expected<T, std::string>;

/// "30s", "5m", "2h", "1d", "500ms", or digits alone for seconds.
Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "127.0.0.1:53", "[::1]:53", without a port 53, and as Unbound writes it: "127.0.0.1@5353", "::1@5353".
Parsed<HostPort> parse_host_port(std::string_view text);
/// "iterate", "HOST:PORT", "forward:HOST:PORT", "trust-ad:HOST:PORT"; sets mode and server of `over`, leaves the rest.
Parsed<ResolverSettings> parse_resolver_mode(std::string_view text, ResolverSettings over);
/// "relay.example.org", "[relay.example.org]", "[192.0.2.1]", "[IPv6:2001:db8::1]", each with ":PORT" or without.
/// Sets next_hop, mx_lookup and port of `over`.
Parsed<Route> parse_next_hop(std::string_view text, Route over);
/// "example.org", ".example.org", "*", "[192.0.2.1]": the canonical form, A-labels in lower case.
Parsed<std::string> parse_match(std::string_view text);
/// Decimal digits only.
Parsed<std::int64_t> parse_number(std::string_view text);

}  // namespace postseal::settings
