// SPDX-License-Identifier: Apache-2.0
#include "edge/settings/server_values.h"

#include <fmt/format.h>

#include <utility>

namespace postseal::settings {
namespace {

std::unexpected<std::string> fail(std::string why) { return std::unexpected(std::move(why)); }

constexpr std::pair<char, std::uint64_t> kSizeUnits[] = {{'G', 1ULL << 30}, {'M', 1ULL << 20}, {'K', 1ULL << 10}};

std::string bracketed(const IpAddress& address) {
  return address.is_v4() ? address.to_string() : fmt::format("[{}]", address.to_string());
}

/// As parse_host_port(), with the default port of the protocol instead of that of DNS.
Parsed<HostPort> parse_server(std::string_view text, std::uint16_t default_port) {
  bool has_port = text.starts_with('[') ? text.contains("]:") : text.contains(':');
  if (text.contains('@')) return fail("the port stands behind a colon");
  auto server = parse_host_port(text);
  if (server && !has_port) server->port = default_port;
  return server;
}

Parsed<addressing::Transport> parse_lmtp(std::string_view where) {
  if (where.starts_with('/')) return addressing::ToLmtp{.unix_path = std::string(where), .address = {}};
  auto server = parse_server(where, 24);
  if (!server)
    return fail(fmt::format("\"{}\" is neither a path that begins with / nor an address: {}", where, server.error()));
  return addressing::ToLmtp{.unix_path = "", .address = server->address, .port = server->port};
}

/// The next hop of a local domain is the host itself, whatever its MX records say: brackets make no difference.
Parsed<addressing::Transport> parse_smtp(std::string_view where) {
  if (auto server = parse_server(where, 25)) return addressing::ToHost{.host = server->address, .port = server->port};
  auto hop = parse_next_hop(where, {});
  if (!hop) return fail(hop.error());
  return addressing::ToHost{.host = hop->next_hop, .port = hop->port.value_or(25)};
}

}  // namespace

Parsed<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t unit = 1;
  std::string_view digits = text;
  for (const auto& [letter, octets] : kSizeUnits) {
    if (!text.ends_with(letter)) continue;
    unit = octets;
    digits.remove_suffix(1);
  }
  auto number = parse_number(digits);
  // Twelve digits are more than any disk and keep the product within its type.
  if (!number || *number > 999'999'999'999 || (unit > 1 && *number > 9'999'999))
    return fail(fmt::format("\"{}\" is no size such as \"50M\"", text));
  return static_cast<std::uint64_t>(*number) * unit;
}

Parsed<addressing::Transport> parse_transport(std::string_view text) {
  std::size_t colon = text.find(':');
  std::string_view word = text.substr(0, colon);
  std::string_view where = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (where.contains('\0')) return fail("a path has no NUL in it");
  if (text == "maildir") return addressing::ToMaildir{};
  if (word == "maildir") {
    if (!where.starts_with('/')) return fail(fmt::format("\"{}\" is no path that begins with /", where));
    return addressing::ToMaildir{std::string(where)};
  }
  if (word == "lmtp") return parse_lmtp(where);
  if (word == "smtp") return parse_smtp(where);
  return fail(fmt::format("\"{}\" is no way to deliver", word));
}

Parsed<std::string> parse_user(std::string_view text) {
  auto mailbox = Mailbox::parse(fmt::format("{}@example.org", text));
  if (!mailbox) return fail(mailbox.error().context);
  return mailbox->local_part();
}

Parsed<std::string> parse_alias_match(std::string_view text) {
  if (auto match = addressing::canonical_match(text)) return std::move(*match);
  return fail(fmt::format("\"{}\" is none of these", text));
}

Parsed<std::string> parse_admin_address(std::string_view text) {
  auto server = parse_server(text, 0);
  if (!server) return fail(server.error());
  if (server->port == 0) return fail("the port is missing");
  return format_host_port(*server);
}

std::string format_duration(std::chrono::milliseconds duration) {
  constexpr std::pair<std::int64_t, std::string_view> kUnits[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}};
  for (const auto& [milliseconds, unit] : kUnits) {
    if (duration.count() != 0 && duration.count() % milliseconds == 0)
      return fmt::format("{}{}", duration.count() / milliseconds, unit);
  }
  return duration.count() == 0 ? "0s" : fmt::format("{}ms", duration.count());
}

std::string format_moment(WallTime at) {
  auto day = std::chrono::floor<std::chrono::days>(at);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss time(at - day);
  std::string text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (at == day) return text;
  return fmt::format("{}T{:02}:{:02}:{:02}Z", text, time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

std::string format_size(std::uint64_t octets) {
  for (const auto& [letter, unit] : kSizeUnits) {
    if (octets != 0 && octets % unit == 0) return fmt::format("{}{}", octets / unit, letter);
  }
  return fmt::to_string(octets);
}

std::string format_host_port(const HostPort& server) {
  return fmt::format("{}:{}", bracketed(server.address), server.port);
}

std::string format_resolver_mode(const ResolverSettings& resolver) {
  switch (resolver.mode) {
    case ResolverMode::Iterate:
      return "iterate";
    case ResolverMode::Forward:
      return "forward:" + format_host_port(resolver.server.value());
    case ResolverMode::TrustAd:
      return "trust-ad:" + format_host_port(resolver.server.value());
  }
  return "";
}

std::string format_next_hop(const Route& route) {
  std::string host = to_string(route.next_hop);
  if (!route.mx_lookup && !host.starts_with('[')) host = fmt::format("[{}]", host);
  return route.port ? fmt::format("{}:{}", host, *route.port) : host;
}

std::string format_transport(const addressing::Transport& transport) {
  if (const auto* maildir = std::get_if<addressing::ToMaildir>(&transport))
    return maildir->root.empty() ? "maildir" : "maildir:" + maildir->root;
  if (const auto* lmtp = std::get_if<addressing::ToLmtp>(&transport))
    return "lmtp:" + (lmtp->address ? format_host_port({*lmtp->address, lmtp->port}) : lmtp->unix_path);
  const auto& host = std::get<addressing::ToHost>(transport);
  return fmt::format("smtp:{}:{}", to_string(host.host), host.port);
}

std::string toml_text(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7f) {
      result += fmt::format("\\u{:04x}", octet);
    } else {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + '"';
}

}  // namespace postseal::settings
