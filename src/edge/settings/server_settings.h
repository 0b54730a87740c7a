#pragma once
// SPDX-License-Identifier: Apache-2.0
// What `postseal serve` needs beyond delivery: listeners, limits, local domains, queue, store, log. Rows of the same
// table.
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addressing/directory.h"
#include "vocab/ip_address.h"

namespace postseal::settings {

/// "192.0.2.0/24", "2001:db8::/32", or one address.
struct Network {
  IpAddress address;
  std::uint8_t prefix = 0;
  /// The error says why. An IPv4-mapped network is kept as IPv4; bits behind the prefix are refused.
  static std::expected<Network, std::string> parse(std::string_view text);
  /// "192.0.2.0/24"; the address alone where all its bits count.
  std::string to_string() const;
  /// IPv4-mapped IPv6 addresses are looked at as IPv4.
  bool contains(const IpAddress& other) const;
  bool operator==(const Network&) const = default;
};

enum class ListenerRole { Relay, Submission, Submissions };

/// [[listener]]; without any: 25, 587 and 465 on all addresses.
struct Listener {
  ListenerRole role = ListenerRole::Relay;
  std::string address = "*";  ///< "*": all of IPv4 and IPv6
  std::uint16_t port = 25;
  bool operator==(const Listener&) const = default;
};

struct ServerSettings {
  std::string certificate;  ///< PEM, leaf first; empty: a self-signed one is made by init
  std::string key;
  std::string user = "postseal";          ///< who it runs as after binding, where it was started as root
  std::vector<Network> relay_networks;    ///< may send anywhere without AUTH
  std::vector<Network> proxy_networks;    ///< connections from here begin with a PROXY v2 header
  std::vector<Network> xclient_networks;  ///< may say XCLIENT
  std::vector<Domain> require_tls_from;   ///< sender domains that are accepted inside TLS only; "*" as the root
  bool require_tls = false;               ///< on port 25, of everybody
  std::uint32_t io_threads = 0;           ///< 0: one for every two cores
  std::chrono::seconds graceful_stop{30};
  bool operator==(const ServerSettings&) const = default;
};

struct LimitSettings {
  std::uint64_t message_size = 50 * 1024 * 1024;
  std::uint32_t recipients = 1000;
  std::uint32_t connections = 20000;            ///< in all
  std::uint32_t connections_per_address = 50;   ///< an address is a /64 of IPv6, also below
  std::uint32_t connections_per_network = 200;  ///< /24 of IPv4, /56 of IPv6
  std::uint32_t connection_rate = 600;          ///< new ones per minute and address
  std::uint32_t recipient_rate = 10000;         ///< per minute and address without AUTH
  std::uint32_t bytes_per_second_least = 100;   ///< slower in a message body, averaged over a minute: 421
  std::chrono::seconds before_auth{300};        ///< a submission session without AUTH lives no longer
  std::chrono::seconds command_timeout{300};    ///< RFC 5321 §4.5.3.2.7
  bool operator==(const LimitSettings&) const = default;
};

/// What becomes of mail for a domain that had TLS before and now shows none.
enum class RememberedTls {
  Flag,   ///< it goes, and the operator is told
  Defer,  ///< it waits
};

struct QueueSettings {
  std::chrono::seconds lifetime{5 * 86400};
  std::chrono::seconds bounce_lifetime{2 * 86400};  ///< of notifications
  std::chrono::seconds delay_warning{4 * 3600};     ///< 0: none
  std::chrono::seconds first_retry{300};
  std::chrono::seconds longest_retry{4 * 3600};
  std::uint32_t connections = 500;          ///< outward, in all; 0: nothing goes out
  std::uint32_t connections_per_site = 20;  ///< to one set of MX hosts
  std::uint32_t messages_per_connection = 1000;
  std::uint32_t rate_per_site = 0;  ///< messages per minute; 0: no limit
  std::chrono::seconds trace_kept{14 * 86400};
  RememberedTls remembered_tls = RememberedTls::Flag;
  bool operator==(const QueueSettings&) const = default;
};

struct StoreSettings {
  std::string directory = "/var/lib/postseal";
  std::uint64_t segment_size = 256 * 1024 * 1024;
  bool operator==(const StoreSettings&) const = default;
};

struct AdminSettings {
  std::string socket = "/run/postseal/admin.sock";
  std::string metrics_address;  ///< "127.0.0.1:9125"; empty: none
  bool operator==(const AdminSettings&) const = default;
};

struct LogSettings {
  std::string format = "text";  ///< text, json
  std::string level = "info";
  bool operator==(const LogSettings&) const = default;
};

}  // namespace postseal::settings
