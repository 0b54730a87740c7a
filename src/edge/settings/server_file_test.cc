// SPDX-License-Identifier: Apache-2.0
// The server's part of a settings file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/settings/settings.h"

namespace postseal::settings {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr std::string_view kEverything = R"(
[server]
certificate = "/etc/cert.pem"
key = "/etc/key.pem"
user = "mail"
relay_networks = ["10.0.0.0/8", "::1", "::ffff:192.0.2.0/120"]
proxy_networks = ["192.0.2.7"]
xclient_networks = ["2001:db8::/32"]
require_tls_from = ["Bank.example", "*"]
require_tls = true
io_threads = 3
graceful_stop = "1m"
[limits]
message_size = "100M"
recipients = 200
connections = 30000
connections_per_address = 51
connections_per_network = 201
connection_rate = 601
recipient_rate = 10001
bytes_per_second_least = 101
before_auth = "2m"
command_timeout = 60
[queue]
lifetime = "3d"
bounce_lifetime = "1d"
delay_warning = 0
first_retry = "1m"
longest_retry = "1h"
connections = 501
connections_per_site = 21
messages_per_connection = 1001
rate_per_site = 60
trace_kept = "30d"
remembered_tls = "defer"
[store]
directory = "/srv/mail"
segment_size = 67108864
[admin]
socket = "/srv/admin.sock"
metrics_address = "[::1]:9125"
[log]
format = "json"
level = "debug"
[authentication]
enabled = false
authserv_id = "Mail.example.org"
dmarc = "report"
exceptions = ["Bank.example=reject", "list.example=accept", "odd.example=quarantine"]
unclear_from = "quarantine"
spf_fail = "reject"
temperror = "defer"
quarantine = "header"
trusted_sealers = ["Lists.example"]
timeout = "10s"
[signing]
enabled = false
directory = "/srv/keys"
seal = false
srs = true
publish_first = "1d"
keep_retired = "30d"
[[listener]]
role = "submissions"
address = "127.0.0.1"
port = 10465
[[listener]]
role = "submission"
[[listener]]
role = "relay"
address = "::1"
[[domain]]
name = "Example.org"
users = ["alice", "bob"]
subaddress = "-"
catch_all = "alice@example.org"
[[domain]]
name = "example.net"
transport = "lmtp:/run/lmtp"
any_user = true
subaddress = ""
[[domain]]
name = "a.example"
transport = "lmtp:127.0.0.1"
[[domain]]
name = "b.example"
transport = "smtp:[mail.inner.example]:26"
[[domain]]
name = "c.example"
transport = "maildir:/home/mail"
[[alias]]
match = "Info@Example.org"
to = ["alice@example.org", "x@far.example"]
keep = true
[[alias]]
match = "@Old.example"
to_domain = "Example.org"
[[alias]]
match = "abuse"
to = ["bob@example.org"]
)";

Domain domain(std::string_view name) { return *Domain::parse(name); }
Mailbox mailbox(std::string_view text) { return *Mailbox::parse(text); }
Network network(std::string_view text) { return *Network::parse(text); }

Settings everything() {
  Settings expected;
  expected.server = {.certificate = "/etc/cert.pem",
                     .key = "/etc/key.pem",
                     .user = "mail",
                     .relay_networks = {network("10.0.0.0/8"), network("::1"), network("192.0.2.0/24")},
                     .proxy_networks = {network("192.0.2.7")},
                     .xclient_networks = {network("2001:db8::/32")},
                     .require_tls_from = {domain("bank.example"), Domain()},
                     .require_tls = true,
                     .io_threads = 3,
                     .graceful_stop = seconds(60)};
  expected.limits = {.message_size = 100 * 1024 * 1024,
                     .recipients = 200,
                     .connections = 30000,
                     .connections_per_address = 51,
                     .connections_per_network = 201,
                     .connection_rate = 601,
                     .recipient_rate = 10001,
                     .bytes_per_second_least = 101,
                     .before_auth = minutes(2),
                     .command_timeout = minutes(1)};
  expected.queue = {.lifetime = hours(72),
                    .bounce_lifetime = hours(24),
                    .delay_warning = seconds(0),
                    .first_retry = minutes(1),
                    .longest_retry = hours(1),
                    .connections = 501,
                    .connections_per_site = 21,
                    .messages_per_connection = 1001,
                    .rate_per_site = 60,
                    .trace_kept = hours(24 * 30),
                    .remembered_tls = RememberedTls::Defer};
  expected.store = {.directory = "/srv/mail", .segment_size = 64 * 1024 * 1024};
  expected.admin = {.socket = "/srv/admin.sock", .metrics_address = "[::1]:9125"};
  expected.log = {.format = "json", .level = "debug"};
  expected.authentication = {
      .enabled = false,
      .authserv_id = "mail.example.org",
      .dmarc = DmarcUse::Report,
      .exceptions = {{domain("bank.example"), Treatment::Reject},
                     {domain("list.example"), Treatment::Accept},
                     {domain("odd.example"), Treatment::Quarantine}},
      .unclear_from = Treatment::Quarantine,
      .spf_fail = Treatment::Reject,
      .temperror = Unknown::Defer,
      .quarantine = QuarantineBy::Header,
      .trusted_sealers = {domain("lists.example")},
      .timeout = seconds(10),
  };
  expected.signing = {.enabled = false,
                      .directory = "/srv/keys",
                      .seal = false,
                      .srs = true,
                      .publish_first = hours(24),
                      .keep_retired = hours(24 * 30)};
  expected.listeners = {{ListenerRole::Submissions, "127.0.0.1", 10465},
                        {ListenerRole::Submission, "*", 587},
                        {ListenerRole::Relay, "::1", 25}};
  using namespace addressing;
  expected.domains = {
      {.name = domain("example.org"),
       .transport = ToMaildir{"/srv/mail/mail"},
       .users = {"alice", "bob"},
       .catch_all = mailbox("alice@example.org"),
       .subaddress = '-'},
      {.name = domain("example.net"),
       .transport = ToLmtp{.unix_path = "/run/lmtp", .address = {}},
       .any_user = true,
       .catch_all = {},
       .subaddress = '\0'},
      {.name = domain("a.example"),
       .transport = ToLmtp{.unix_path = "", .address = IpAddress::parse("127.0.0.1"), .port = 24},
       .catch_all = {}},
      {.name = domain("b.example"), .transport = ToHost{domain("mail.inner.example"), 26}, .catch_all = {}},
      {.name = domain("c.example"), .transport = ToMaildir{"/home/mail"}, .catch_all = {}}};
  expected.aliases = {{.match = "info@example.org",
                       .to = {mailbox("alice@example.org"), mailbox("x@far.example")},
                       .keep = true,
                       .to_domain = {}},
                      {.match = "@old.example", .to = {}, .to_domain = domain("example.org")},
                      {.match = "abuse", .to = {mailbox("bob@example.org")}, .to_domain = {}}};
  return expected;
}

TEST(ServerFile, every_key_is_read) {
  auto settings = parse_settings(kEverything, "x.toml");
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->server, everything().server);
  EXPECT_EQ(settings->limits, everything().limits);
  EXPECT_EQ(settings->queue, everything().queue);
  EXPECT_EQ(settings->listeners, everything().listeners);
  EXPECT_EQ(settings->domains, everything().domains);
  EXPECT_EQ(settings->aliases, everything().aliases);
  EXPECT_EQ(*settings, everything());
}

TEST(ServerFile, each_key_has_its_place_in_that_test) {
  for (const KeyInfo& info : table()) {
    std::string_view section = info.key.substr(0, info.key.find('.'));
    if (section == info.key || section == "resolver" || section == "delivery" || section == "mta_sts" ||
        section == "rule" || section == "route")
      continue;
    EXPECT_THAT(kEverything, HasSubstr("\n" + std::string(info.key.substr(section.size() + 1)) + " = ")) << info.key;
  }
}

struct Bad {
  std::string_view toml;
  int line;
  std::string_view key, what;
};

TEST(ServerFile, errors_name_file_line_key_and_what_is_allowed) {
  const Bad cases[] = {
      {"[server]\nuser = \"a b\"\n", 2, "server.user", "no name of a user"},
      {"[server]\ncertificate = \"/x\"\n", 1, "server.key", "go together"},
      {"[server]\n\nkey = \"/x\"\n", 1, "server.certificate", "go together"},
      {"[server]\nrelay_networks = \"10.0.0.0/8\"\n", 2, "server.relay_networks", "array of strings"},
      {"[server]\nrelay_networks = [1]\n", 2, "server.relay_networks", "array of strings"},
      {"[server]\nrelay_networks = [\"10.0.0.0/33\"]\n", 2, "server.relay_networks", "no prefix length (0..32)"},
      {"[server]\nrelay_networks = [\"10.0.0.1/8\"]\n", 2, "server.relay_networks", "10.0.0.0/8"},
      {"[server]\nrelay_networks = [\"localhost\"]\n", 2, "server.relay_networks", "no IP address"},
      {"[server]\nrelay_networks = [\"10.0.0.0/8\", \"10.0.0.0/8\"]\n", 2, "server.relay_networks", "twice"},
      {"[server]\nrelay_networks = [\"0.0.0.0/0\"]\n", 2, "server.relay_networks", "half of the internet"},      // A36
      {"[server]\nrelay_networks = [\"::/0\"]\n", 2, "server.relay_networks", "half of the internet"},           // A36
      {"[server]\nrelay_networks = [\"::ffff:0:0/96\"]\n", 2, "server.relay_networks", "half of the internet"},  // A36
      {"[server]\nproxy_networks = [\"0.0.0.0/1\"]\n", 2, "server.proxy_networks", "half of the internet"},      // A38
      {"[server]\nxclient_networks = [\"::/1\"]\n", 2, "server.xclient_networks", "half of the internet"},       // A38
      {"[server]\nrequire_tls_from = [\"a_b\"]\n", 2, "server.require_tls_from", "list of DOMAIN|*"},
      {"[server]\nrequire_tls = \"yes\"\n", 2, "server.require_tls", "true|false"},
      {"[server]\nio_threads = -1\n", 2, "server.io_threads", "0..1024"},
      {"[server]\ngraceful_stop = \"2h\"\n", 2, "server.graceful_stop", "0s..1h"},
      {"[server]\nport = 25\n", 2, "server.port", "unknown key"},
      {"[limits]\nmessage_size = \"50MB\"\n", 2, "limits.message_size", "SIZE (64K..4G)"},
      {"[limits]\nmessage_size = \"1K\"\n", 2, "limits.message_size", "out of range"},
      {"[limits]\nmessage_size = -5\n", 2, "limits.message_size", "no size"},
      {"[limits]\nmessage_size = 1.5\n", 2, "limits.message_size", "\"50M\""},
      {"[limits]\nrecipients = 99\n", 2, "limits.recipients", "100..100000"},
      {"[limits]\nconnections = 0\n", 2, "limits.connections", "out of range"},
      {"[limits]\nconnections_per_address = 0\n", 2, "limits.connections_per_address", "out of range"},
      {"[limits]\nconnections_per_network = 0\n", 2, "limits.connections_per_network", "out of range"},
      {"[limits]\nconnection_rate = 0\n", 2, "limits.connection_rate", "out of range"},
      {"[limits]\nrecipient_rate = 0\n", 2, "limits.recipient_rate", "out of range"},
      {"[limits]\nbytes_per_second_least = -1\n", 2, "limits.bytes_per_second_least", "out of range"},
      {"[limits]\nbefore_auth = \"1s\"\n", 2, "limits.before_auth", "10s..1d"},
      {"[limits]\ncommand_timeout = 0\n", 2, "limits.command_timeout", "1s..1d"},
      {"[queue]\nlifetime = \"1s\"\n", 2, "queue.lifetime", "1m..60d"},
      {"[queue]\nbounce_lifetime = \"61d\"\n", 2, "queue.bounce_lifetime", "1m..60d"},
      {"[queue]\ndelay_warning = \"soon\"\n", 2, "queue.delay_warning", "0s..60d"},
      {"[queue]\nfirst_retry = 0\n", 2, "queue.first_retry", "1s..1d"},
      {"[queue]\nlongest_retry = \"2d\"\n", 2, "queue.longest_retry", "1s..1d"},
      {"[queue]\nlongest_retry = \"1m\"\n", 1, "queue.first_retry", "is longer than queue.longest_retry"},
      {"[queue]\nconnections = 100001\n", 2, "queue.connections", "0..100000"},
      {"[queue]\nconnections_per_site = 0\n", 2, "queue.connections_per_site", "1..100000"},
      {"[queue]\nmessages_per_connection = 0\n", 2, "queue.messages_per_connection", "1..1000000"},
      {"[queue]\nrate_per_site = -1\n", 2, "queue.rate_per_site", "0..10000000"},
      {"[queue]\ntrace_kept = \"-1d\"\n", 2, "queue.trace_kept", "no duration"},
      {"[queue]\nremembered_tls = \"bounce\"\n", 2, "queue.remembered_tls", "flag|defer"},
      {"[store]\ndirectory = \"\"\n", 2, "store.directory", "is empty"},
      {"[store]\nsegment_size = \"1K\"\n", 2, "store.segment_size", "1M..16G"},
      {"[admin]\nsocket = \"/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
       "89012345678901234567\"\n",
       2, "admin.socket", "107 octets"},
      {"[admin]\nmetrics_address = \"127.0.0.1\"\n", 2, "admin.metrics_address", "the port is missing"},
      {"[admin]\nmetrics_address = \"localhost:9125\"\n", 2, "admin.metrics_address", "no IP address"},
      {"[log]\nformat = \"xml\"\n", 2, "log.format", "text|json"},
      {"[log]\nlevel = \"loud\"\n", 2, "log.level", "debug|info|warning|error"},
      {"[[listener]]\nport = 25\n", 1, "listener.role", "is missing"},
      {"[[listener]]\nrole = \"smtp\"\n", 2, "listener.role", "relay|submission|submissions"},
      {"[[listener]]\nrole = \"relay\"\naddress = \"localhost\"\n", 3, "listener.address", "ADDRESS|*"},
      {"[[listener]]\nrole = \"relay\"\nport = 0\n", 3, "listener.port", "1..65535"},
      {"[[listener]]\nrole = \"relay\"\n[[listener]]\nrole = \"relay\"\n", 3, "listener.role", "port 25 of *"},
      {"[listener]\nrole = \"relay\"\n", 1, "listener", "[[listener]]"},
      {"[[domain]]\nusers = []\n", 1, "domain.name", "is missing"},
      {"[[domain]]\nname = \"[192.0.2.1]\"\n", 2, "domain.name", "DOMAIN"},
      {"[[domain]]\nname = \"a.example\"\ntransport = \"lmtp:here\"\n", 3, "domain.transport", "neither a path"},
      {"[[domain]]\nname = \"a.example\"\ntransport = \"lmtp\"\n", 3, "domain.transport", "neither a path"},
      {"[[domain]]\nname = \"a.example\"\ntransport = \"maildir:mail\"\n", 3, "domain.transport", "begins with /"},
      {"[[domain]]\nname = \"a.example\"\ntransport = \"smtp:\"\n", 3, "domain.transport", "smtp:HOST:PORT"},
      {"[[domain]]\nname = \"a.example\"\ntransport = \"uucp:x\"\n", 3, "domain.transport", "\"uucp\" is no way"},
      {"[[domain]]\nname = \"a.example\"\nusers = [\"a@b\"]\n", 3, "domain.users", "list of USER"},
      {"[[domain]]\nname = \"a.example\"\nany_user = 1\n", 3, "domain.any_user", "true or false"},
      {"[[domain]]\nname = \"a.example\"\ncatch_all = \"alice\"\n", 3, "domain.catch_all", "ADDRESS"},
      {"[[domain]]\nname = \"a.example\"\nsubaddress = \"++\"\n", 3, "domain.subaddress", "one of"},
      {"[[domain]]\nname = \"a.example\"\nsubaddress = \"a\"\n", 3, "domain.subaddress", "one of"},
      {"[[domain]]\nname=\"a.example\"\n[[domain]]\nname=\"A.example\"\n", 3, "domain.name", "has one already"},
      {"[[alias]]\nmatch = \"x\"\n", 1, "alias.to", "is missing"},
      {"[[alias]]\nto = [\"a@b.example\"]\n", 1, "alias.match", "is missing"},
      {"[[alias]]\nmatch = \"@\"\nto = [\"a@b.example\"]\n", 2, "alias.match", "USER@DOMAIN|@DOMAIN|USER"},
      {"[[alias]]\nmatch = \"x\"\nto = [\"a\"]\n", 3, "alias.to", "list of ADDRESS"},
      {"[[alias]]\nmatch = \"x\"\nto = []\n", 1, "alias.to", "is missing"},
      {"[[alias]]\nmatch = \"x\"\nto_domain = \"b.example\"\n", 1, "alias.to_domain", "whole domain"},
      {"[[alias]]\nmatch = \"@x.example\"\nto_domain = \"b\\u0000\"\n", 3, "alias.to_domain", "DOMAIN"},
      {"[[alias]]\nmatch = \"x\"\nto = [\"a@b.example\"]\nkeep = 0\n", 4, "alias.keep", "true or false"},
  };
  for (const Bad& c : cases) {
    auto settings = parse_settings(c.toml, "postseal.toml");
    ASSERT_FALSE(settings) << c.toml;
    EXPECT_EQ(settings.error().line, c.line) << c.toml << settings.error().to_string();
    EXPECT_EQ(settings.error().key, c.key) << c.toml << settings.error().to_string();
    EXPECT_THAT(settings.error().to_string(), HasSubstr(std::string(c.what))) << c.toml;
    EXPECT_THAT(settings.error().to_string(), testing::StartsWith("postseal.toml:" + std::to_string(c.line) + ": "));
  }
}

TEST(ServerFile, each_key_has_a_bad_value_in_that_test_or_takes_any) {
  // A path may be anything; what it names is looked at when it is opened.
  Settings settings;
  for (std::string_view key : {"server.certificate", "server.key", "ca_file"})
    EXPECT_FALSE(set(settings, key, std::string_view("a\0b", 3))) << key;
}

TEST(ServerFile, without_listeners_it_is_the_three_ports) {
  auto none = listeners_of({});
  ASSERT_EQ(none.size(), 3u);
  EXPECT_EQ(none[0], (Listener{ListenerRole::Relay, "*", 25}));
  EXPECT_EQ(none[1], (Listener{ListenerRole::Submission, "*", 587}));
  EXPECT_EQ(none[2], (Listener{ListenerRole::Submissions, "*", 465}));
  Settings settings;
  settings.listeners = {{ListenerRole::Relay, "127.0.0.1", 2525}};
  EXPECT_EQ(listeners_of(settings), settings.listeners);
}

TEST(SettingsToml, what_is_written_reads_back_the_same) {
  Settings rich = everything();
  rich.ca_file = "/with \"quotes\" and \\.pem";
  rich.resolver.mode = ResolverMode::Forward;
  rich.resolver.server = HostPort{*IpAddress::parse("::1"), 5353};
  rich.resolver.root = HostPort{*IpAddress::parse("127.0.0.1"), 5301};
  rich.resolver.timeout = std::chrono::milliseconds(1500);
  rich.delivery.addresses = AddressPreference::Ipv4Only;
  rich.delivery.hostname = "mail.example.org";
  rich.rules = {{.level = policy::LocalLevel::DaneOnly,
                 .expires = std::chrono::sys_days(std::chrono::year(2026) / 12 / 31) + hours(1),
                 .reason = "t\xc3\xa4glich",
                 .match = ".example.org"},
                {.level = policy::LocalLevel::May,
                 .expires = std::chrono::sys_days(std::chrono::year(2026) / 12 / 31),
                 .reason = "",
                 .match = "[IPv6:2001:db8::1]"}};
  rich.routes = {{"a.example", domain("b.example"), false, 587},
                 {"b.example", domain("c.example"), true, {}},
                 {"*", *IpAddress::parse("2001:db8::1"), false, 26}};
  for (const Settings& settings : {Settings{}, everything(), rich}) {
    for (TomlStyle style : {TomlStyle::Commented, TomlStyle::Brief}) {
      std::string text = settings_toml(settings, style);
      auto again = parse_settings(text, "again.toml");
      ASSERT_TRUE(again) << again.error().to_string() << "\n" << text;
      EXPECT_EQ(*again, settings) << text;
    }
  }
  EXPECT_EQ(settings_toml({}, TomlStyle::Brief), "");
}

TEST(SettingsToml, with_comments_every_key_is_there_and_lines_are_short) {
  std::string text = settings_toml({}, TomlStyle::Commented);
  for (const KeyInfo& info : table())
    EXPECT_THAT(text, HasSubstr(std::string(info.key.substr(info.key.find('.') + 1)))) << info.key;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find('\n', at);
    EXPECT_LE(end - at, 120u) << text.substr(at, end - at);
    at = end + 1;
  }
}

}  // namespace
}  // namespace postseal::settings
