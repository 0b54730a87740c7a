#pragma once
// SPDX-License-Identifier: Apache-2.0
// As values.h, for what only the server needs, and the way back: values as people write them.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "edge/settings/values.h"
#include "protocol/addressing/directory.h"

namespace postseal::settings {

/// "50M", "256K", "1G" (powers of 1024), or octets.
Parsed<std::uint64_t> parse_size(std::string_view text);
/// "maildir", "maildir:DIRECTORY", "lmtp:/PATH", "lmtp:ADDRESS:PORT", "smtp:HOST:PORT"; without a port 24 and 25.
Parsed<addressing::Transport> parse_transport(std::string_view text);
/// "info@example.org", "@old.example.org", "postmaster": the canonical form.
Parsed<std::string> parse_alias_match(std::string_view text);
/// A local part; the canonical form.
Parsed<std::string> parse_user(std::string_view text);
/// "127.0.0.1:9125", "[::1]:9125": the port has to be there.
Parsed<std::string> parse_admin_address(std::string_view text);

std::string format_duration(std::chrono::milliseconds duration);
/// A TOML date, or a date-time in UTC where it is not midnight.
std::string format_moment(WallTime at);
std::string format_size(std::uint64_t octets);
std::string format_host_port(const HostPort& server);
std::string format_resolver_mode(const ResolverSettings& resolver);
std::string format_next_hop(const Route& route);
std::string format_transport(const addressing::Transport& transport);
/// In quotes, with TOML's escapes.
std::string toml_text(std::string_view text);

}  // namespace postseal::settings
