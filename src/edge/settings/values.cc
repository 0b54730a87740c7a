// SPDX-License-Identifier: Apache-2.0
#include "edge/settings/values.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace postseal::settings {
namespace {

std::unexpected<std::string> fail(std::string why) { return std::unexpected(std::move(why)); }

Parsed<std::uint16_t> parse_port(std::string_view text) {
  auto number = parse_number(text);
  if (!number || *number < 1 || *number > 65535) return fail(fmt::format("\"{}\" is no port (1..65535)", text));
  return static_cast<std::uint16_t>(*number);
}

/// The address of "[192.0.2.1]", "[2001:db8::1]" or "[IPv6:2001:db8::1]", without the brackets.
std::optional<IpAddress> bracketed_address(std::string_view inside) {
  if (auto address = IpAddress::parse(inside)) return address;
  auto mailbox = Mailbox::parse(fmt::format("x@[{}]", inside));
  if (!mailbox) return std::nullopt;
  return std::get<IpAddress>(mailbox->destination());
}

struct HostAndPort {
  std::string_view host;  ///< without brackets
  bool bracketed = false;
  std::optional<std::uint16_t> port;
};

/// Splits "HOST", "HOST:PORT", "[HOST]", "[HOST]:PORT".
Parsed<HostAndPort> split_host_port(std::string_view text) {
  HostAndPort result;
  std::string_view port;
  if (text.starts_with('[')) {
    std::size_t end = text.find(']');
    if (end == std::string_view::npos) return fail("the bracket is not closed");
    result.bracketed = true;
    result.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    std::size_t colon = text.find(':');
    result.host = text.substr(0, colon);
    port = text.substr(result.host.size());
    if (port.find(':', 1) != std::string_view::npos) return fail("an IPv6 address is written in brackets");
  }
  if (port.empty()) return result;
  if (!port.starts_with(':')) return fail(fmt::format("\"{}\" stands behind the bracket", port));
  auto number = parse_port(port.substr(1));
  if (!number) return fail(number.error());
  result.port = *number;
  return result;
}

}  // namespace

Parsed<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.starts_with('-')) {
    return fail(fmt::format("\"{}\" is no whole number", text));
  }
  return number;
}

Parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"", 1000}};
  std::size_t digits = text.find_first_not_of("0123456789");
  std::string_view unit_name = digits == std::string_view::npos ? "" : text.substr(digits);
  auto number = parse_number(text.substr(0, digits));
  // Ten digits are more than a century in seconds and keep the product within its type.
  if (!number || *number > 9'999'999'999) return fail(fmt::format("\"{}\" is no duration", text));
  for (const Unit& unit : kUnits) {
    if (unit.name == unit_name) return std::chrono::milliseconds(*number * unit.milliseconds);
  }
  return fail(fmt::format("\"{}\" is no unit of time (ms, s, m, h, d)", unit_name));
}

Parsed<HostPort> parse_host_port(std::string_view text) {
  HostPort result;
  std::string_view host;
  if (std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    host = text.substr(0, at);
    auto port = parse_port(text.substr(at + 1));
    if (!port) return fail(port.error());
    result.port = *port;
  } else {
    auto split = split_host_port(text);
    if (!split) return fail(split.error());
    host = split->host;
    if (split->bracketed && host.find(':') == std::string_view::npos) return fail("only IPv6 stands in brackets here");
    result.port = split->port.value_or(53);
  }
  auto address = IpAddress::parse(host);
  if (!address) return fail(fmt::format("\"{}\" is no IP address", host));
  result.address = *address;
  return result;
}

Parsed<ResolverSettings> parse_resolver_mode(std::string_view text, ResolverSettings over) {
  std::size_t colon = text.find(':');
  std::string_view word = text.substr(0, colon);
  if (text == "iterate") {
    over.mode = ResolverMode::Iterate;
    over.server.reset();
    return over;
  }
  // An address alone is a resolver to forward to: what somebody who names a resolver means.
  auto server = parse_host_port(text);
  if (server) {
    word = "forward";
  } else {
    if (word != "forward" && word != "trust-ad") return fail(fmt::format("\"{}\" is no way to resolve names", word));
    if (colon == std::string_view::npos) return fail(fmt::format("\"{}\" needs a server", word));
    server = parse_host_port(text.substr(colon + 1));
  }
  if (!server) return fail(server.error());
  // RFC 7672 §2.1.3 (D46): the AD bit is a proof only over a path that nobody else can write to.
  if (word == "trust-ad" && !server->address.is_loopback()) {
    return fail(
        fmt::format("{} is not on this machine, so anybody on the way could forge the AD bit; "
                    "\"forward:{}\" asks it and validates here",
                    server->address.to_string(), text.substr(colon + 1)));
  }
  over.mode = word == "forward" ? ResolverMode::Forward : ResolverMode::TrustAd;
  over.server = *server;
  return over;
}

Parsed<Route> parse_next_hop(std::string_view text, Route over) {
  auto split = split_host_port(text);
  if (!split) return fail(split.error());
  over.port = split->port;
  over.mx_lookup = !split->bracketed;
  if (split->bracketed) {
    if (auto address = bracketed_address(split->host)) {
      over.next_hop = *address;
      return over;
    }
  }
  auto domain = Domain::parse(split->host);
  if (!domain) return fail(domain.error().context);
  over.next_hop = *domain;
  return over;
}

Parsed<std::string> parse_match(std::string_view text) {
  if (text == "*") return std::string(text);
  if (text.starts_with("*.")) return fail(fmt::format("names below a domain are written \"{}\"", text.substr(1)));
  if (text.starts_with('[')) {
    auto address = text.ends_with(']') ? bracketed_address(text.substr(1, text.size() - 2)) : std::nullopt;
    if (!address) return fail(fmt::format("\"{}\" is no address literal", text));
    return to_string(MailDestination(*address));
  }
  bool below = text.starts_with('.');
  auto domain = Domain::parse(below ? text.substr(1) : text);
  if (!domain) return fail(domain.error().context);
  return (below ? "." : "") + domain->ascii();
}

}  // namespace postseal::settings
