// SPDX-License-Identifier: Apache-2.0
#include "face/cli/dkim_keys.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "edge/dkim_keys/key_directory.h"
#include "edge/privileges/privileges.h"
#include "face/cli/cli.h"
#include "face/cli/dkim.h"
#include "face/cli/run.h"
#include "flow/sign/rotation.h"
#include "vocab/moment_text.h"

namespace postseal::cli {

namespace json = boost::json;
using dkim_keys::InDns;
using dkim_keys::KeyBook;
using dkim_keys::KeyDirectory;
using dkim_keys::KeyEntry;
using dkim_keys::Stage;

namespace {

/// What stops a command, printed already.
template <class T>
using OrCode = std::expected<T, int>;

struct Opened {
  settings::Settings settings;
  KeyDirectory directory;
  KeyBook book;
};

/// Root becomes the server's user first, to whom the files have to belong.
OrCode<Opened> open_book(const CommonOptions& options, const std::string& domain_text) {
  auto settings = settings_from(options);
  if (!settings) return std::unexpected(fail(kConfig, settings.error().to_string()));
  const auto domain = Domain::parse(domain_text);
  if (!domain) return std::unexpected(fail(kUsage, "DOMAIN: " + domain.error().context));
  if (privileges::is_root()) {
    const auto user = privileges::find_user(settings->server.user);
    if (!user) return std::unexpected(fail(kConfig, "server.user: " + user.error()));
    if (auto done = user->uid == 0 ? privileges::give_up() : privileges::become(*user); !done)
      return std::unexpected(fail(kNoPermission, done.error()));
  }
  KeyDirectory directory(settings::keys_directory(*settings));
  auto book = directory.load(*domain);
  if (!book) return std::unexpected(fail(kDataError, book.error()));
  return Opened{std::move(*settings), std::move(directory), std::move(*book)};
}

std::string record_name(const Domain& domain, const KeyEntry& entry) {
  return fmt::format("{}._domainkey.{}", entry.selector, domain.ascii());
}

struct Shown {
  const KeyEntry* entry;
  std::string name, record;
  std::optional<InDns> in_dns;
};

std::string_view word_of(InDns sighting) {
  switch (sighting) {
    case InDns::Shown:
      return "shown";
    case InDns::NotShown:
      return "missing";
    case InDns::Unknown:
      return "unknown";
  }
  return "";
}

std::string stage_line(const Shown& shown) {
  const auto& entry = *shown.entry;
  std::string line = fmt::format("; {} key {}, {}", to_string(entry.type), entry.selector, to_string(entry.stage));
  switch (entry.stage) {
    case Stage::Published:
      line += entry.seen ? fmt::format(", seen in DNS since {}", moment_text(*entry.seen))
                         : ", signs when DNS shows its record";
      break;
    case Stage::Active:
      if (entry.activated) line += fmt::format(" since {}", moment_text(*entry.activated));
      break;
    case Stage::Retired:
      if (entry.retired)
        line += fmt::format(" since {}; the record stays for letters on their way", moment_text(*entry.retired));
      break;
  }
  if (shown.in_dns) line += fmt::format("; in DNS: {}", word_of(*shown.in_dns));
  return line;
}

OrCode<std::vector<Shown>> records_of(const KeyDirectory& directory, const KeyBook& book) {
  std::vector<Shown> records;
  for (const auto& entry : book.keys) {
    const auto key = directory.read_key(book.domain, entry.selector);
    if (!key) return std::unexpected(fail(kDataError, key.error()));
    records.push_back({&entry, record_name(book.domain, entry), key->record(), {}});
  }
  return records;
}

void print(const KeyBook& book, const std::vector<Shown>& records, bool as_json) {
  json::array list;
  for (const auto& shown : records) {
    if (!as_json) {
      fmt::print("{}\n{}\n", stage_line(shown), zone_line(shown.name, shown.record));
      continue;
    }
    json::object key{{"selector", shown.entry->selector},
                     {"algorithm", to_string(dkim::algorithm_of(shown.entry->type))},
                     {"stage", to_string(shown.entry->stage)},
                     {"name", shown.name},
                     {"record", shown.record}};
    if (shown.in_dns) key["dns"] = word_of(*shown.in_dns);
    list.push_back(std::move(key));
  }
  if (as_json)
    fmt::print("{}\n", json::serialize(json::object{{"domain", book.domain.ascii()}, {"keys", std::move(list)}}));
}

bool is_in_use(const KeyBook& book, dkim::KeyType type) {
  return std::ranges::any_of(book.keys,
                             [&](const auto& entry) { return entry.type == type && entry.stage != Stage::Retired; });
}

int save(const Opened& opened) {
  const auto saved = opened.directory.save(opened.book);
  return saved ? kOk : fail(kCannotCreate, saved.error());
}

OrCode<std::vector<dkim::KeyType>> types_of(const std::string& algorithm) {
  if (algorithm.empty() || algorithm == "both") return std::vector{dkim::KeyType::Ed25519, dkim::KeyType::Rsa};
  const auto parsed = dkim::parse_algorithm(algorithm);
  if (!parsed) return std::unexpected(fail(kUsage, "--algorithm is both, rsa-sha256 or ed25519-sha256"));
  return std::vector{dkim::key_type(*parsed)};
}

int add_keys(Opened& opened, const std::vector<dkim::KeyType>& types, const std::string& selector) {
  for (const auto type : types) {
    const auto key = opened.directory.add(opened.book, type, selector, SystemClock().now());
    if (!key) return fail(kCannotCreate, key.error());
  }
  return save(opened);
}

struct KeysOptions {
  CommonOptions common;
  std::string domain;
  bool now = false, check = false;
};

Awaitable<void> look_up(dns::Resolver& resolver, const Domain& domain, std::vector<Shown>& records, Deadline deadline) {
  for (auto& shown : records)
    shown.in_dns = co_await sign::look_in_dns(resolver, domain, shown.entry->selector, shown.record, deadline);
}

Awaitable<int> rotate_waiting(Workplace place, Opened* opened) {
  const WallTime now = SystemClock().now();
  for (auto& entry : opened->book.keys) {
    if (entry.stage != Stage::Published) continue;
    const auto key = opened->directory.read_key(opened->book.domain, entry.selector);
    if (!key) co_return fail(kDataError, key.error());
    const auto sighting =
        co_await sign::look_in_dns(place.adapters.resolver(), opened->book.domain, entry.selector, key->record(),
                                   Deadline::in(place.adapters.settings().delivery.timeout));
    note_sighting(entry, sighting, now);
  }
  const auto& signing = opened->settings.signing;
  advance(opened->book, {signing.publish_first, signing.keep_retired}, now);
  co_return save(*opened);
}

/// Of each type that is in use.
int add_successors(Opened& opened) {
  std::vector<dkim::KeyType> types;
  for (const auto type : {dkim::KeyType::Ed25519, dkim::KeyType::Rsa}) {
    if (is_in_use(opened.book, type)) types.push_back(type);
  }
  return add_keys(opened, types, "");
}

void print_what_to_do(const Opened& opened, bool now) {
  if (has_stage(opened.book, Stage::Published)) {
    fmt::print(
        "\nPublish the records of the keys that wait. The server finds them in DNS and signs with them after {} "
        "seconds; the keys before them retire then.\n",
        opened.settings.signing.publish_first.count());
  } else if (now) {
    fmt::print(
        "\nThe active keys sign from now on: publish their records at once. After a theft take those of the retired "
        "keys out of DNS; otherwise leave them there, for letters on their way.\n");
  }
}

int rotate(const KeysOptions& options) {
  auto opened = open_book(options.common, options.domain);
  if (!opened) return opened.error();
  if (opened->book.keys.empty()) {
    return fail(kNoInput, fmt::format("{} has no keys yet; make them with: postseal dkim keygen {}",
                                      opened->book.domain.ascii(), opened->book.domain.ascii()));
  }
  int code = kOk;
  const bool waiting = has_stage(opened->book, Stage::Published);
  if (!waiting) {
    code = add_successors(*opened);
  } else if (!options.now) {
    code = run_with_adapters(options.common, [&](Workplace place) { return rotate_waiting(place, &*opened); });
  }
  if (code == kOk && options.now) {
    activate_all(opened->book, SystemClock().now());
    code = save(*opened);
  }
  if (code != kOk) return code;
  const auto records = records_of(opened->directory, opened->book);
  if (!records) return records.error();
  print(opened->book, *records, options.common.json);
  if (!options.common.json) print_what_to_do(*opened, options.now);
  return kOk;
}

Awaitable<int> check(Workplace place, const Opened* opened, std::vector<Shown>* records) {
  co_await look_up(place.adapters.resolver(), opened->book.domain, *records,
                   Deadline::in(place.adapters.settings().delivery.timeout));
  co_return std::ranges::all_of(*records, [](const auto& shown) { return shown.in_dns == InDns::Shown; }) ? kOk : kNo;
}

int print_records(const KeysOptions& options) {
  const auto opened = open_book(options.common, options.domain);
  if (!opened) return opened.error();
  if (opened->book.keys.empty()) {
    return fail(kNoInput, fmt::format("{} has no keys; make them with: postseal dkim keygen {}",
                                      opened->book.domain.ascii(), opened->book.domain.ascii()));
  }
  auto records = records_of(opened->directory, opened->book);
  if (!records) return records.error();
  int code = kOk;
  if (options.check)
    code = run_with_adapters(options.common, [&](Workplace place) { return check(place, &*opened, &*records); });
  if (code != kOk && code != kNo) return code;
  print(opened->book, *records, options.common.json);
  return code;
}

}  // namespace

std::string zone_line(const std::string& name, std::string_view record) {
  std::string line = name + ". IN TXT (";
  for (; !record.empty(); record.remove_prefix(std::min<std::size_t>(250, record.size()))) {
    line += fmt::format(" \"{}\"", record.substr(0, 250));
  }
  return line + " )";
}

std::expected<std::vector<std::string>, std::string> make_first_keys(const settings::Settings& settings,
                                                                     const Domain& domain) {
  const KeyDirectory directory(settings::keys_directory(settings));
  KeyBook book{domain, {}};
  std::vector<std::string> lines;
  for (const auto type : {dkim::KeyType::Ed25519, dkim::KeyType::Rsa}) {
    const auto key = directory.add(book, type, "", SystemClock().now());
    if (!key) return std::unexpected(key.error());
    lines.push_back(zone_line(record_name(domain, book.keys.back()), key->record()));
  }
  if (auto saved = directory.save(book); !saved) return std::unexpected(saved.error());
  return lines;
}

int make_server_keys(const ServerKeyWish& wish) {
  const auto types = types_of(wish.algorithm);
  if (!types) return types.error();
  if (!wish.selector.empty() && types->size() > 1)
    return fail(kUsage, "--selector names one key: say with --algorithm which");
  auto opened = open_book(wish.common, wish.domain);
  if (!opened) return opened.error();
  for (const auto type : *types) {
    if (is_in_use(opened->book, type)) {
      return fail(kCannotCreate,
                  fmt::format("{} has a key of type {} already; a newer one is made with: postseal dkim "
                              "rotate {}",
                              opened->book.domain.ascii(), to_string(type), opened->book.domain.ascii()));
    }
  }
  if (const int code = add_keys(*opened, *types, wish.selector); code != kOk) return code;
  const auto records = records_of(opened->directory, opened->book);
  if (!records) return records.error();
  print(opened->book, *records, wish.common.json);
  if (wish.common.json) return kOk;
  fmt::print(
      "\nPublish these records. The server signs for {} as soon as it finds them in DNS; look with: postseal dkim "
      "dns --check {}\n",
      opened->book.domain.ascii(), opened->book.domain.ascii());
  const auto& domains = opened->settings.domains;
  if (std::ranges::find(domains, opened->book.domain, &addressing::LocalDomain::name) == domains.end())
    fmt::print(stderr,
               "postseal: {} is none of our domains: only notifications and relayed mail can be signed for it\n",
               opened->book.domain.ascii());
  return kOk;
}

void add_dkim_rotate(CLI::App& dkim, int& exit_code) {
  CLI::App* command = dkim.add_subcommand("rotate", "Replace the keys of a domain: publish the new ones first");
  auto options = std::make_shared<KeysOptions>();
  command->add_option("DOMAIN", options->domain, "Whose keys")->required();
  command->add_flag("--now", options->now, "New keys sign from now on, and the old ones no more, whatever DNS shows");
  add_common_options(*command, options->common);
  command->footer(
      "The first call makes new keys and prints their records; nothing is signed with them before DNS has shown them "
      "for "
      "signing.publish_first, unless --now is said. A later call looks into DNS and says how far they are; the running "
      "server does so by itself.\n"
      "Exit codes: 0 done, 64 wrong usage, 65 unreadable keys, 66 no keys, 73 cannot write, 78 settings.");
  command->callback([options, &exit_code] { exit_code = rotate(*options); });
}

void add_dkim_dns(CLI::App& dkim, int& exit_code) {
  CLI::App* command = dkim.add_subcommand("dns", "Print the TXT records of a domain's keys, as a zone file has them");
  auto options = std::make_shared<KeysOptions>();
  command->add_option("DOMAIN", options->domain, "Whose keys")->required();
  command->add_flag("--check", options->check, "Say for each whether DNS shows it");
  add_common_options(*command, options->common);
  command->footer(
      "Example: postseal dkim dns --check example.org\n"
      "Exit codes: 0 printed, and with --check all are in DNS; 1 one is not; 64 wrong usage, 66 no keys.");
  command->callback([options, &exit_code] { exit_code = print_records(*options); });
}

}  // namespace postseal::cli
