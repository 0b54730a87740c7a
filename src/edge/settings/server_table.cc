// SPDX-License-Identifier: Apache-2.0
// What `postseal serve` needs beside delivery.
#include <fmt/format.h>

#include "edge/settings/value_types.h"

namespace postseal::settings {
namespace {

/// A36, A38: what may relay, or may say who the client is, is a list of known machines. A slip such as 0.0.0.0/0 would
/// make an open relay.
Parsed<Network> parse_trusted_network(std::string_view text) {
  auto network = Network::parse(text);
  // The largest private networks are 10.0.0.0/8 and fc00::/7.
  if (network && network->prefix < (network->address.is_v4() ? 8 : 7))
    return refuse(fmt::format("\"{}\" is half of the internet, which nobody knows", text));
  return network;
}

/// "*" is kept as the root: every domain.
Parsed<Domain> parse_sender_domain(std::string_view text) {
  if (text == "*") return Domain();
  auto domain = Domain::parse(text);
  if (!domain) return refuse(domain.error().context);
  return *domain;
}

std::string format_network(const Network& network) { return network.to_string(); }
std::string format_sender_domain(const Domain& domain) { return domain.is_root() ? "*" : domain.ascii(); }

Parsed<std::string> parse_user_name(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (text.size() > 32) return refuse("it is too long for the name of a user");
  if (text.starts_with('-') || text.find_first_not_of(kAllowed) != std::string_view::npos)
    return refuse("it is no name of a user");
  return std::string(text);
}

Parsed<std::string> parse_store_directory(std::string_view text) {
  if (text.empty()) return refuse("it is empty");
  return parse_path(text);
}

Parsed<std::string> parse_socket(std::string_view text) {
  constexpr std::size_t kLongest = 107;  // sun_path of unix(7), without its final NUL
  if (text.size() > kLongest) return refuse("the path of a socket has 107 octets at most");
  return parse_path(text);
}

Parsed<std::string> parse_metrics_address(std::string_view text) {
  if (text.empty()) return std::string();
  return parse_admin_address(text);
}

constexpr std::array kFormats =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"text", "text"}, {"json", "json"}});
constexpr std::array kLevels = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}});

constexpr std::array kRemembered = std::to_array<std::pair<std::string_view, RememberedTls>>(
    {{"flag", RememberedTls::Flag}, {"defer", RememberedTls::Defer}});

using Path = Canonical<parse_path>;
using Networks = ListOf<parse_trusted_network, format_network>;

constexpr std::array kRows = {
    row<Settings, Path, &Settings::server, &ServerSettings::certificate>(
        {"server.certificate", "", "FILE", "",
         "Our certificate with its chain, PEM, leaf first. Empty: no TLS is offered, so nobody can log in."}),
    row<Settings, Path, &Settings::server, &ServerSettings::key>(
        {"server.key", "", "FILE", "", "Its private key, PEM; readable by nobody but its owner and root."}),
    row<Settings, Canonical<parse_user_name>, &Settings::server, &ServerSettings::user>(
        {"server.user", "", "USER", "postseal",
         "Who the server becomes after it has bound its ports, where it was started as root."}),
    row<Settings, Networks, &Settings::server, &ServerSettings::relay_networks>(
        {"server.relay_networks", "", "list of ADDRESS|ADDRESS/PREFIX", "",
         "Who may send to anybody without a login. Everybody else gets mail through to local domains only."}),
    row<Settings, Networks, &Settings::server, &ServerSettings::proxy_networks>(
        {"server.proxy_networks", "", "list of ADDRESS|ADDRESS/PREFIX", "",
         "Load balancers: a connection from here begins with a PROXY v2 header, or is closed."}),
    row<Settings, Networks, &Settings::server, &ServerSettings::xclient_networks>(
        {"server.xclient_networks", "", "list of ADDRESS|ADDRESS/PREFIX", "",
         "Who may say with XCLIENT which client it speaks for."}),
    row<Settings, ListOf<parse_sender_domain, format_sender_domain>, &Settings::server,
        &ServerSettings::require_tls_from>({"server.require_tls_from", "", "list of DOMAIN|*", "",
                                            "Sender domains whose mail is accepted inside TLS only."}),
    row<Settings, Flag, &Settings::server, &ServerSettings::require_tls>(
        {"server.require_tls", "", "true|false", "false",
         "Accept mail from other servers inside TLS only, whoever the sender. Some mail will not come then."}),
    row<Settings, Number<0, 1024>, &Settings::server, &ServerSettings::io_threads>(
        {"server.io_threads", "", "0..1024", "0", "Threads that serve sessions. 0: one for every two cores."}),
    row<Settings, Span<0, kHour>, &Settings::server, &ServerSettings::graceful_stop>(
        {"server.graceful_stop", "", "DURATION (0s..1h)", "30s",
         "How long open sessions may go on when the server stops."}),

    row<Settings, Octets<64 * 1024, 4 * kGiB>, &Settings::limits, &LimitSettings::message_size>(
        {"limits.message_size", "", "SIZE (64K..4G)", "50M", "The largest letter that is accepted."}),
    row<Settings, Number<100, 100'000>, &Settings::limits, &LimitSettings::recipients>(
        {"limits.recipients", "", "100..100000", "1000",
         "Recipients of one letter; RFC 5321 §4.5.3.1.8 demands at least 100."}),
    row<Settings, Number<1, 10'000'000>, &Settings::limits, &LimitSettings::connections>(
        {"limits.connections", "", "1..10000000", "20000", "Connections at once, in all."}),
    row<Settings, Number<1, 10'000'000>, &Settings::limits, &LimitSettings::connections_per_address>(
        {"limits.connections_per_address", "", "1..10000000", "50",
         "Connections at once from one address; of IPv6, from one /64."}),
    row<Settings, Number<1, 10'000'000>, &Settings::limits, &LimitSettings::connections_per_network>(
        {"limits.connections_per_network", "", "1..10000000", "200",
         "Connections at once from one network: /24 of IPv4, /56 of IPv6."}),
    row<Settings, Number<1, 10'000'000>, &Settings::limits, &LimitSettings::connection_rate>(
        {"limits.connection_rate", "", "1..10000000", "600",
         "New connections per minute from one address or /64 of IPv6."}),
    row<Settings, Number<1, 10'000'000>, &Settings::limits, &LimitSettings::recipient_rate>(
        {"limits.recipient_rate", "", "1..10000000", "10000",
         "Recipients per minute from one address or /64 of IPv6 without a login."}),
    row<Settings, Number<0, 1'000'000>, &Settings::limits, &LimitSettings::bytes_per_second_least>(
        {"limits.bytes_per_second_least", "", "0..1000000", "100",
         "Who sends a letter more slowly than this, over a minute, is sent away with 421. 0: no limit."}),
    row<Settings, Span<10 * kSecond, kDay>, &Settings::limits, &LimitSettings::before_auth>(
        {"limits.before_auth", "", "DURATION (10s..1d)", "5m",
         "How long a session on a submission port may live without a login."}),
    row<Settings, Span<kSecond, kDay>, &Settings::limits, &LimitSettings::command_timeout>(
        {"limits.command_timeout", "", "DURATION (1s..1d)", "5m",
         "How long a client may take for its next command; RFC 5321 §4.5.3.2.7 demands at least five minutes."}),

    row<Settings, Span<kMinute, 60 * kDay>, &Settings::queue, &QueueSettings::lifetime>(
        {"queue.lifetime", "", "DURATION (1m..60d)", "5d",
         "How long delivery is tried before a letter is returned to its sender."}),
    row<Settings, Span<kMinute, 60 * kDay>, &Settings::queue, &QueueSettings::bounce_lifetime>(
        {"queue.bounce_lifetime", "", "DURATION (1m..60d)", "2d",
         "The same for notifications, which nobody gets back."}),
    row<Settings, Span<0, 60 * kDay>, &Settings::queue, &QueueSettings::delay_warning>(
        {"queue.delay_warning", "", "DURATION (0s..60d)", "4h",
         "After this time the sender is told that the letter is still on its way. 0: never."}),
    row<Settings, Span<kSecond, kDay>, &Settings::queue, &QueueSettings::first_retry>(
        {"queue.first_retry", "", "DURATION (1s..1d)", "5m", "The pause after the first failed attempt."}),
    row<Settings, Span<kSecond, kDay>, &Settings::queue, &QueueSettings::longest_retry>(
        {"queue.longest_retry", "", "DURATION (1s..1d)", "4h", "Pauses double up to this length."}),
    row<Settings, Number<0, 100'000>, &Settings::queue, &QueueSettings::connections>(
        {"queue.connections", "", "0..100000", "500",
         "Connections to other servers at once, in all. 0: nothing goes out, mail is only taken and kept."}),
    row<Settings, Number<1, 100'000>, &Settings::queue, &QueueSettings::connections_per_site>(
        {"queue.connections_per_site", "", "1..100000", "20",
         "Connections at once to the servers behind one set of MX hosts."}),
    row<Settings, Number<1, 1'000'000>, &Settings::queue, &QueueSettings::messages_per_connection>(
        {"queue.messages_per_connection", "", "1..1000000", "1000", "Letters over one connection at most."}),
    row<Settings, Number<0, 10'000'000>, &Settings::queue, &QueueSettings::rate_per_site>(
        {"queue.rate_per_site", "", "0..10000000", "0", "Letters per minute to one such set. 0: no limit."}),
    row<Settings, Span<0, 3650 * kDay>, &Settings::queue, &QueueSettings::trace_kept>(
        {"queue.trace_kept", "", "DURATION (0s..3650d)", "14d",
         "How long `postseal trace` still tells of a letter that has left."}),

    row<Settings, Word<kRemembered>, &Settings::queue, &QueueSettings::remembered_tls>(
        {"queue.remembered_tls", "", "flag|defer", "flag",
         "Mail for a domain that had TLS before and now shows none: flag sends it and tells you; defer lets it wait."}),

    row<Settings, Canonical<parse_store_directory>, &Settings::store, &StoreSettings::directory>(
        {"store.directory", "", "DIRECTORY", "/var/lib/postseal",
         "Where letters, accounts and the embedded mailboxes are kept; mode 0700."}),
    row<Settings, Octets<kMiB, 16 * kGiB>, &Settings::store, &StoreSettings::segment_size>(
        {"store.segment_size", "", "SIZE (1M..16G)", "256M", "Size of one file of letters."}),

    row<Settings, Canonical<parse_socket>, &Settings::admin, &AdminSettings::socket>(
        {"admin.socket", "", "PATH", "/run/postseal/admin.sock",
         "Where `postseal queue` and `postseal trace` reach the server. Whoever may write to it is an operator. Empty: "
         "none."}),
    row<Settings, Canonical<parse_metrics_address>, &Settings::admin, &AdminSettings::metrics_address>(
        {"admin.metrics_address", "", "ADDRESS:PORT", "",
         "Where /metrics, /health and /ready are answered over TCP, such as 127.0.0.1:9125. Empty: nowhere."}),

    row<Settings, Word<kFormats>, &Settings::log, &LogSettings::format>(
        {"log.format", "", "text|json", "text", "Log lines for people or for programs, on standard error."}),
    row<Settings, Word<kLevels>, &Settings::log, &LogSettings::level>(
        {"log.level", "", "debug|info|warning|error", "info", "The least important lines that are written."}),
};

}  // namespace

std::span<const Row<Settings>> server_rows() { return kRows; }

std::string accounts_directory(const Settings& settings) { return settings.store.directory + "/accounts"; }

std::vector<Listener> listeners_of(const Settings& settings) {
  if (!settings.listeners.empty()) return settings.listeners;
  return {{ListenerRole::Relay, "*", 25}, {ListenerRole::Submission, "*", 587}, {ListenerRole::Submissions, "*", 465}};
}

}  // namespace postseal::settings
