// SPDX-License-Identifier: Apache-2.0
// The tables of which a file has any number: [[listener]], [[domain]], [[alias]], [[rule]], [[route]].
#include "edge/settings/value_types.h"

namespace postseal::settings {
namespace {

using addressing::Alias;
using addressing::LocalDomain;
using policy::LocalRule;

constexpr std::string_view kMatchValue = "DOMAIN|.DOMAIN|[ADDRESS]|*";
constexpr std::string_view kMatchHelp =
    "Which recipients' domains: this name, the names below it (with a dot in front), an address literal, or all. The "
    "most specific match counts: a name before the longest .DOMAIN before *.";

struct LevelKind {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Stored store(policy::LocalLevel& to, const Value& value) {
    auto level = policy::parse_local_level(text_of(value));
    if (!level) return refuse("it is none of the words");
    to = *level;
    return {};
  }
  static std::string show(const policy::LocalLevel& from) { return toml_text(policy::to_string(from)); }
};

struct MomentKind {
  static constexpr ValueKind kKind = ValueKind::Moment;
  static Stored store(std::optional<WallTime>& to, const Value& value) {
    to = std::get<WallTime>(value);
    return {};
  }
  static std::string show(const std::optional<WallTime>& from) { return from ? format_moment(*from) : ""; }
};

constexpr std::array kRules = {
    row<LocalRule, Canonical<parse_match>, &LocalRule::match>({"rule.match", "", kMatchValue, "", kMatchHelp},
                                                              Need::Required),
    row<LocalRule, LevelKind, &LocalRule::level>(
        {"rule.level", "", "none|may|encrypt|secure|dane|dane-only", "",
         "What is demanded at least: no TLS at all; TLS if offered; TLS always; TLS with a certificate for the "
         "domain; DANE where it is published; DANE always. What a domain publishes may raise it, never lower it."},
        Need::Required),
    row<LocalRule, MomentKind, &LocalRule::expires>(
        {"rule.expires", "", "DATE|DATE-TIME", "",
         "From then on the rule is as if it were not there; a date means its first second, UTC counts where no "
         "offset is given."}),
    row<LocalRule, Canonical<parse_remark>, &LocalRule::reason>(
        {"rule.reason", "", "TEXT", "", "Why, in your own words; shown wherever the rule counted."}),
};

struct NextHopKind {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Stored store(Route& to, const Value& value) { return store_parsed(to, parse_next_hop(text_of(value), to)); }
  static std::string show(const Route& from) { return toml_text(format_next_hop(from)); }
};

constexpr std::array kRoutes = {
    row<Route, Canonical<parse_match>, &Route::match>({"route.match", "", kMatchValue, "", kMatchHelp}, Need::Required),
    row<Route, NextHopKind>({"route.next_hop", "", "HOST|[HOST]|[ADDRESS], each with :PORT or without", "",
                             "Where that mail goes: to the MX hosts of this name; in brackets, to the host or the "
                             "address itself."},
                            Need::Required),
};

constexpr std::array kRoles =
    std::to_array<std::pair<std::string_view, ListenerRole>>({{"relay", ListenerRole::Relay},
                                                              {"submission", ListenerRole::Submission},
                                                              {"submissions", ListenerRole::Submissions}});

Parsed<std::string> parse_listen_address(std::string_view text) {
  if (text == "*") return std::string(text);
  auto address = IpAddress::parse(text);
  if (!address) return refuse("it is neither an IP address nor *");
  return address->to_string();
}

constexpr std::array kListeners = {
    row<Listener, Word<kRoles>, &Listener::role>({"listener.role", "", "relay|submission|submissions", "",
                                                  "relay: other servers deliver here; submission: users, who log in "
                                                  "after STARTTLS; submissions: users, TLS from "
                                                  "the first octet."},
                                                 Need::Required),
    row<Listener, Canonical<parse_listen_address>, &Listener::address>(
        {"listener.address", "", "ADDRESS|*", "*", "Where it listens; *: on all addresses, IPv4 and IPv6."}),
    row<Listener, Number<1, 65535>, &Listener::port>(
        {"listener.port", "", "1..65535", "", "The port. Without it: 25, 587 or 465, by the role."}),
};

struct NameKind {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Stored store(Domain& to, const Value& value) {
    auto domain = Domain::parse(text_of(value));
    if (!domain) return refuse(domain.error().context);
    to = *domain;
    return {};
  }
  static std::string show(const Domain& from) { return toml_text(from.ascii()); }
};

struct TransportKind {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Stored store(addressing::Transport& to, const Value& value) {
    return store_parsed(to, parse_transport(text_of(value)));
  }
  static std::string show(const addressing::Transport& from) { return toml_text(format_transport(from)); }
};

struct CatchAllKind {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Stored store(std::optional<Mailbox>& to, const Value& value) {
    if (text_of(value).empty()) {
      to.reset();
      return {};
    }
    auto mailbox = Mailbox::parse(text_of(value));
    if (!mailbox) return refuse(mailbox.error().context);
    to = *mailbox;
    return {};
  }
  static std::string show(const std::optional<Mailbox>& from) { return toml_text(from ? from->to_string() : ""); }
};

struct SeparatorKind {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Stored store(char& to, const Value& value) {
    constexpr std::string_view kAllowed = "+-._=#!~";
    const std::string& text = text_of(value);
    if (text.size() > 1 || (text.size() == 1 && !kAllowed.contains(text[0]))) return refuse("it is none of these");
    to = text.empty() ? '\0' : text[0];
    return {};
  }
  static std::string show(const char& from) { return toml_text(from == '\0' ? "" : std::string(1, from)); }
};

std::string format_user(const std::string& user) { return user; }

constexpr std::array kDomains = {
    row<LocalDomain, NameKind, &LocalDomain::name>({"domain.name", "", "DOMAIN", "", "A domain whose mail ends here."},
                                                   Need::Required),
    row<LocalDomain, TransportKind, &LocalDomain::transport>(
        {"domain.transport", "", "maildir|maildir:DIRECTORY|lmtp:/PATH|lmtp:ADDRESS:PORT|smtp:HOST:PORT", "maildir",
         "Where its letters are put: DIRECTORY/DOMAIN/USER as a Maildir (without a directory: mail in "
         "store.directory), an LMTP server such as Dovecot, or another mail server."}),
    row<LocalDomain, ListOf<parse_user, format_user>, &LocalDomain::users>(
        {"domain.users", "", "list of USER", "",
         "Users beside those who have an account (`postseal account`): the part before the @."}),
    row<LocalDomain, Flag, &LocalDomain::any_user>(
        {"domain.any_user", "", "true|false", "false",
         "Accept every user, because the next server knows them. It then has to bounce what it does not know."}),
    row<LocalDomain, CatchAllKind, &LocalDomain::catch_all>(
        {"domain.catch_all", "", "ADDRESS", "", "Who gets what is addressed to nobody."}),
    row<LocalDomain, SeparatorKind, &LocalDomain::subaddress>(
        {"domain.subaddress", "", "one of + - . _ = # ! ~, or nothing", "+",
         "user+anything@ reaches user@ (RFC 5233). Empty: it does not."}),
};

Parsed<Mailbox> parse_mailbox(std::string_view text) {
  auto mailbox = Mailbox::parse(text);
  if (!mailbox) return refuse(mailbox.error().context);
  return *mailbox;
}
std::string format_mailbox(const Mailbox& mailbox) { return mailbox.to_string(); }

struct OptionalDomainKind {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Stored store(std::optional<Domain>& to, const Value& value) {
    auto domain = Domain::parse(text_of(value));
    if (!domain) return refuse(domain.error().context);
    to = *domain;
    return {};
  }
  static std::string show(const std::optional<Domain>& from) { return from ? toml_text(from->ascii()) : ""; }
};

constexpr std::array kAliases = {
    row<Alias, Canonical<parse_alias_match>, &Alias::match>(
        {"alias.match", "", "USER@DOMAIN|@DOMAIN|USER", "",
         "An address, a whole domain, or a user in every local domain."},
        Need::Required),
    row<Alias, ListOf<parse_mailbox, format_mailbox>, &Alias::to>(
        {"alias.to", "", "list of ADDRESS", "", "Who gets it instead, here or elsewhere."}),
    row<Alias, OptionalDomainKind, &Alias::to_domain>(
        {"alias.to_domain", "", "DOMAIN", "", "For a whole domain: the same user in this one gets it."}),
    row<Alias, Flag, &Alias::keep>({"alias.keep", "", "true|false", "false", "The user of that address gets it, too."}),
};

constexpr std::array<std::string_view, 5> kNames = {"listener", "domain", "alias", "rule", "route"};

}  // namespace

std::span<const Row<LocalRule>> rule_rows() { return kRules; }
std::span<const Row<Route>> route_rows() { return kRoutes; }
std::span<const Row<Listener>> listener_rows() { return kListeners; }
std::span<const Row<LocalDomain>> domain_rows() { return kDomains; }
std::span<const Row<Alias>> alias_rows() { return kAliases; }

std::span<const std::string_view> entry_names() { return kNames; }

bool is_entry_key(std::string_view key) {
  return std::ranges::find(kNames, key.substr(0, key.find('.'))) != kNames.end() && key.contains('.');
}

}  // namespace postseal::settings
