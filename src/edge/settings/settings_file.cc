// SPDX-License-Identifier: Apache-2.0
// TOML to Settings. The only file here that knows toml++.
#include <fmt/format.h>

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include "edge/settings/settings.h"
#include "edge/settings/settings_table.h"
#include "edge/settings/unknown_key.h"

namespace postseal::settings {
namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;

/// Errors of a whole file: toml++ hands out keys by their alphabet, so the first in the file is known only at the end.
class Errors {
 public:
  explicit Errors(std::string_view file) : file_(file) {}

  void add(const toml::node& at, std::string_view key, std::string what) {
    ++count_;
    int line = static_cast<int>(at.source().begin.line);
    if (!first_ || line < first_->line) first_ = SettingsError{file_, line, std::string(key), std::move(what)};
  }
  const std::optional<SettingsError>& first() const { return first_; }
  std::size_t count() const { return count_; }

 private:
  std::string file_;
  std::optional<SettingsError> first_;
  std::size_t count_ = 0;
};

bool is_stray_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

/// For messages: a value as it stands in the file, on one line and not at length.
std::string shown(const toml::node& node) {
  if (auto number = node.value_exact<std::int64_t>()) return fmt::format("{}", *number);
  if (auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  if (auto text = node.value_exact<std::string>()) {
    std::string printable = text->substr(0, 200);
    std::ranges::replace_if(printable, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return fmt::format("\"{}\"", printable);
  }
  return node.is_table() ? "a table" : node.is_array() ? "an array" : "a date or time";
}

WallTime moment(const toml::date& date) {
  using namespace std::chrono;
  return sys_days(year(date.year) / month(date.month) / day(date.day));
}

/// Fractions of a second are dropped; without an offset it is UTC.
WallTime moment(const toml::date_time& at) {
  using namespace std::chrono;
  WallTime local = moment(at.date) + hours(at.time.hour) + minutes(at.time.minute) + seconds(at.time.second);
  return local - minutes(at.offset ? at.offset->minutes : 0);
}

std::optional<Value> read_list(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> list;
  for (const toml::node& element : *array) {
    auto text = element.value_exact<std::string>();
    if (!text) return std::nullopt;
    list.push_back(std::move(*text));
  }
  return list;
}

std::optional<Value> read_value(ValueKind kind, const toml::node& node) {
  auto text = [&]() -> std::optional<Value> {
    if (auto value = node.value_exact<std::string>()) return *value;
    return std::nullopt;
  };
  switch (kind) {
    case ValueKind::Text:
      return text();
    case ValueKind::Number:
      if (auto value = node.value_exact<std::int64_t>()) return *value;
      return std::nullopt;
    case ValueKind::Switch:
      if (auto value = node.value_exact<bool>()) return *value;
      return std::nullopt;
    case ValueKind::Duration:
      if (auto value = node.value_exact<std::int64_t>()) return std::to_string(*value);
      return text();
    case ValueKind::Size:
      if (auto value = node.value_exact<std::int64_t>()) return std::to_string(*value);
      return text();
    case ValueKind::List:
      return read_list(node);
    case ValueKind::Moment:
      if (auto value = node.value_exact<toml::date>()) return moment(*value);
      if (auto value = node.value_exact<toml::date_time>()) return moment(*value);
      return std::nullopt;
  }
  return std::nullopt;
}

std::string_view expected_form(ValueKind kind) {
  switch (kind) {
    case ValueKind::Text:
      return "it takes a string in quotes";
    case ValueKind::Number:
      return "it takes a whole number";
    case ValueKind::Switch:
      return "it takes true or false";
    case ValueKind::Duration:
      return "it takes a string such as \"30s\", or whole seconds";
    case ValueKind::Size:
      return "it takes a string such as \"50M\", or whole octets";
    case ValueKind::List:
      return "it takes an array of strings such as [\"a\", \"b\"]";
    case ValueKind::Moment:
      return "it takes a date such as 2026-12-31 or a date-time, without quotes";
  }
  return "";
}

template <class Target>
void read_key(Errors& errors, Target& target, std::span<const Row<Target>> rows, const std::string& key,
              const toml::node& node) {
  auto row = std::ranges::find(rows, key, [](const Row<Target>& each) { return each.info.key; });
  if (row == rows.end()) return errors.add(node, key, unknown_key(key));
  auto value = read_value(row->kind, node);
  if (!value) return errors.add(node, key, not_allowed(row->info, shown(node), expected_form(row->kind)));
  if (auto stored = row->assign(target, *value); !stored) {
    errors.add(node, key, not_allowed(row->info, shown(node), stored.error()));
  }
}

// Where of two entries that say the same the second could never count, the text for that; else nullopt.
template <class Target>
std::optional<std::string> same_match(const Target& earlier, const Target& later) {
  if (earlier.match != later.match || later.match.empty()) return std::nullopt;
  return later.match;
}
std::optional<std::string> hides(const Route& earlier, const Route& later) { return same_match(earlier, later); }
/// Aliases for one address are taken together.
std::optional<std::string> hides(const addressing::Alias&, const addressing::Alias&) { return std::nullopt; }
std::optional<std::string> hides(const policy::LocalRule& earlier, const policy::LocalRule& later) {
  return earlier.expires ? std::nullopt : same_match(earlier, later);
}
std::optional<std::string> hides(const addressing::LocalDomain& earlier, const addressing::LocalDomain& later) {
  if (earlier.name != later.name || later.name.is_root()) return std::nullopt;
  return later.name.ascii();
}
std::optional<std::string> hides(const Listener& earlier, const Listener& later) {
  if (earlier.port != later.port || earlier.address != later.address) return std::nullopt;
  return fmt::format("port {} of {}", later.port, later.address);
}

// What an entry is before its keys are read, and what is added when they are.
template <class Target>
Target fresh() {
  return {};
}
template <>
Listener fresh<Listener>() {
  return {.port = 0};
}
template <class Target>
void complete(Target&) {}
template <>
void complete(Listener& listener) {
  if (listener.port != 0) return;
  switch (listener.role) {
    case ListenerRole::Relay:
      listener.port = 25;
      break;
    case ListenerRole::Submission:
      listener.port = 587;
      break;
    case ListenerRole::Submissions:
      listener.port = 465;
      break;
  }
}

/// What keys say only together: the key that is wrong, and why.
using Lack = std::optional<std::pair<std::string_view, std::string_view>>;
template <class Target>
Lack lacking(const Target&) {
  return std::nullopt;
}
template <>
Lack lacking(const addressing::Alias& alias) {
  if (alias.to.empty() && !alias.to_domain) return {{"alias.to", "is missing; allowed is list of ADDRESS"}};
  if (alias.to_domain && !alias.match.starts_with('@'))
    return {{"alias.to_domain", "is for a whole domain, whose match begins with @"}};
  return std::nullopt;
}

/// [[rule]] and its like.
template <class Target>
void read_array(Errors& errors, std::vector<Target>& targets, std::span<const Row<Target>> rows,
                const std::string& name, const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return errors.add(node, name, fmt::format("is written [[{}]], once for each", name));
  for (const toml::node& element : *array) {
    const toml::table* table = element.as_table();
    if (table == nullptr) {
      errors.add(element, name, fmt::format("is written [[{}]], once for each", name));
      continue;
    }
    const std::size_t before = errors.count();
    Target target = fresh<Target>();
    for (const auto& [key, value] : *table) {
      read_key(errors, target, rows, fmt::format("{}.{}", name, key.str()), value);
    }
    for (const Row<Target>& row : rows) {
      if (row.required && !table->contains(row.info.key.substr(name.size() + 1))) {
        errors.add(element, row.info.key, fmt::format("is missing; allowed is {}", row.info.value));
      }
    }
    complete(target);
    // What could not be read is told already, and is no lack.
    if (auto lack = lacking(target); lack && errors.count() == before)
      errors.add(element, lack->first, std::string(lack->second));
    for (const Target& earlier : targets) {
      if (auto what = hides(earlier, target)) {
        errors.add(element, rows.front().info.key, fmt::format("\"{}\" has one already, which hides this one", *what));
        break;
      }
    }
    targets.push_back(std::move(target));
  }
}

bool is_section(std::string_view name) {
  return std::ranges::any_of(setting_rows(), [&](const Row<Settings>& row) {
    return row.info.key.starts_with(name) && row.info.key.substr(name.size()).starts_with('.');
  });
}

bool read_entries(Errors& errors, Settings& settings, const std::string& name, const toml::node& node) {
  if (name == "rule") {
    read_array(errors, settings.rules, rule_rows(), name, node);
  } else if (name == "route") {
    read_array(errors, settings.routes, route_rows(), name, node);
  } else if (name == "listener") {
    read_array(errors, settings.listeners, listener_rows(), name, node);
  } else if (name == "domain") {
    read_array(errors, settings.domains, domain_rows(), name, node);
  } else if (name == "alias") {
    read_array(errors, settings.aliases, alias_rows(), name, node);
  } else {
    return false;
  }
  return true;
}

/// What only makes sense together.
void check_whole(Errors& errors, const Settings& settings, const toml::table& root) {
  const ServerSettings& server = settings.server;
  if (server.certificate.empty() != server.key.empty()) {
    std::string_view missing = server.key.empty() ? "server.key" : "server.certificate";
    errors.add(*root.get("server"), missing, "is missing; certificate and key go together");
  }
  if (settings.queue.first_retry > settings.queue.longest_retry) {
    errors.add(*root.get("queue"), "queue.first_retry", "is longer than queue.longest_retry");
  }
}

Settings read_settings(Errors& errors, const toml::table& root) {
  Settings settings;
  for (const auto& [name, node] : root) {
    std::string key(name.str());
    if (read_entries(errors, settings, key, node)) continue;
    if (!is_section(key)) {
      read_key(errors, settings, setting_rows(), key, node);
    } else if (const toml::table* section = node.as_table()) {
      for (const auto& [inner, value] : *section) {
        read_key(errors, settings, setting_rows(), fmt::format("{}.{}", key, inner.str()), value);
      }
    } else {
      errors.add(node, key, fmt::format("is a section, written [{}]", key));
    }
  }
  for (addressing::LocalDomain& domain : settings.domains) {
    auto* maildir = std::get_if<addressing::ToMaildir>(&domain.transport);
    if (maildir != nullptr && maildir->root.empty()) maildir->root = settings.store.directory + "/mail";
  }
  check_whole(errors, settings, root);
  return settings;
}

}  // namespace

std::expected<Settings, SettingsError> parse_settings(std::string_view toml, std::string_view file) {
  if (toml.size() > kMaxFile) return std::unexpected(SettingsError{std::string(file), 0, "", "is larger than 1 MiB"});
  // TOML forbids them. Refused before toml++ sees them: a build of 3.3 with assertions dies of a NUL in a table's name.
  if (auto control = std::ranges::find_if(toml, is_stray_control); control != toml.end()) {
    int line = 1 + static_cast<int>(std::count(toml.begin(), control, '\n'));
    return std::unexpected(SettingsError{std::string(file), line, "", "is not TOML: there is a control character"});
  }
  try {
    Errors errors(file);
    Settings settings = read_settings(errors, toml::parse(toml, file));
    if (errors.first()) return std::unexpected(*errors.first());
    return settings;
  } catch (const toml::parse_error& error) {
    return std::unexpected(SettingsError{std::string(file), static_cast<int>(error.source().begin.line), "",
                                         fmt::format("is not TOML: {}", error.description())});
  }
}

std::expected<Settings, SettingsError> load_settings(const std::string& path) {
  auto fail = [&](std::string what) { return std::unexpected(SettingsError{path, 0, "", std::move(what)}); };
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(fmt::format("the settings cannot be read: {}", std::strerror(errno)));
  std::string text(kMaxFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail(fmt::format("the settings cannot be read: {}", std::strerror(errno)));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_settings(text, path);
}

}  // namespace postseal::settings
