// SPDX-License-Identifier: Apache-2.0
#include "edge/dkim_keys/key_book.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace postseal::dkim_keys {

namespace json = boost::json;

namespace {

constexpr int kFormat = 1;
constexpr std::size_t kMostKeys = 1000;

json::value moment(const std::optional<WallTime>& time) {
  return time ? json::value(time->time_since_epoch().count()) : json::value(nullptr);
}

std::optional<WallTime> read_moment(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  return WallTime(Seconds(value.to_number<std::int64_t>()));
}

void activate(KeyBook& book, KeyEntry& entry, WallTime now) {
  for (auto& other : book.keys) {
    if (&other == &entry || other.type != entry.type || other.stage != Stage::Active) continue;
    other.stage = Stage::Retired;
    other.retired = now;
  }
  entry.stage = Stage::Active;
  entry.activated = now;
}

KeyEntry read_entry(const json::object& object) {
  KeyEntry entry;
  entry.selector = std::string(object.at("selector").as_string());
  if (!is_selector(entry.selector)) throw std::invalid_argument("a selector is none");
  const auto& type = object.at("type").as_string();
  if (type != "rsa" && type != "ed25519") throw std::invalid_argument("a key has no type that is known");
  entry.type = type == "rsa" ? dkim::KeyType::Rsa : dkim::KeyType::Ed25519;
  const auto& stage = object.at("stage").as_string();
  for (const auto one : {Stage::Published, Stage::Active, Stage::Retired}) {
    if (std::string_view(stage) == to_string(one)) entry.stage = one;
  }
  if (std::string_view(stage) != to_string(entry.stage)) throw std::invalid_argument("a stage is none");
  entry.created = WallTime(Seconds(object.at("created").to_number<std::int64_t>()));
  entry.seen = read_moment(object.at("seen"));
  entry.activated = read_moment(object.at("activated"));
  entry.retired = read_moment(object.at("retired"));
  return entry;
}

}  // namespace

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::Published:
      return "published";
    case Stage::Active:
      return "active";
    case Stage::Retired:
      return "retired";
  }
  return "";
}

void note_sighting(KeyEntry& entry, InDns sighting, WallTime now) {
  switch (sighting) {
    case InDns::Shown:
      if (!entry.seen) entry.seen = now;
      return;
    case InDns::NotShown:
      entry.seen.reset();
      return;
    case InDns::Unknown:
      return;
  }
}

bool advance(KeyBook& book, const Periods& periods, WallTime now) {
  bool changed = false;
  for (auto& entry : book.keys) {
    if (entry.stage != Stage::Published || !entry.seen) continue;
    const bool first = std::ranges::none_of(
        book.keys, [&](const auto& other) { return other.type == entry.type && other.stage == Stage::Active; });
    if (!first && now - *entry.seen < periods.publish_first) continue;
    activate(book, entry, now);
    changed = true;
  }
  return changed;
}

bool activate_all(KeyBook& book, WallTime now) {
  bool changed = false;
  for (auto& entry : book.keys) {
    if (entry.stage != Stage::Published) continue;
    activate(book, entry, now);
    changed = true;
  }
  return changed;
}

bool may_go(const KeyEntry& entry, const Periods& periods, WallTime now) {
  return entry.stage == Stage::Retired && entry.retired && now - *entry.retired >= periods.keep_retired;
}

bool has_stage(const KeyBook& book, Stage stage) {
  return std::ranges::find(book.keys, stage, &KeyEntry::stage) != book.keys.end();
}

std::string new_selector(const KeyBook& book, dkim::KeyType type, WallTime now) {
  const char letter = type == dkim::KeyType::Rsa ? 'r' : 'e';
  const std::string day = fmt::format("{}{:%Y%m%d}", letter, now);
  std::string selector = day;
  for (unsigned i = 2; std::ranges::find(book.keys, selector, &KeyEntry::selector) != book.keys.end(); ++i)
    selector = i <= 26 ? day + static_cast<char>('a' + i - 1) : fmt::format("{}-{}", day, i);
  return selector;
}

bool is_selector(std::string_view text) {
  const auto domain = Domain::parse_dns(text);
  if (!domain || domain->is_root() || domain->ascii() != text || text.size() > 100) return false;
  return std::ranges::all_of(
             text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; }) &&
         !text.contains("-.") && !text.contains(".-") && !text.starts_with('-') && !text.ends_with('-');
}

std::string format_book(const KeyBook& book) {
  json::array keys;
  for (const auto& entry : book.keys) {
    keys.push_back(json::object{{"selector", entry.selector},
                                {"type", dkim::to_string(entry.type)},
                                {"stage", to_string(entry.stage)},
                                {"created", entry.created.time_since_epoch().count()},
                                {"seen", moment(entry.seen)},
                                {"activated", moment(entry.activated)},
                                {"retired", moment(entry.retired)}});
  }
  return json::serialize(
             json::object{{"format", kFormat}, {"domain", book.domain.ascii()}, {"keys", std::move(keys)}}) +
         "\n";
}

std::expected<KeyBook, std::string> parse_book(std::string_view text) {
  try {
    const auto value = json::parse(text);
    const auto& object = value.as_object();
    if (object.at("format").to_number<int>() != kFormat) return std::unexpected("it is of a newer version");
    KeyBook book;
    auto domain = Domain::parse(std::string_view(object.at("domain").as_string()));
    if (!domain) return std::unexpected("it has no domain");
    book.domain = std::move(*domain);
    const auto& keys = object.at("keys").as_array();
    if (keys.size() > kMostKeys) return std::unexpected("it has too many keys");
    for (const auto& key : keys) book.keys.push_back(read_entry(key.as_object()));
    return book;
  } catch (const std::exception& error) {
    return std::unexpected(std::string("it is not what was written: ") + error.what());
  }
}

}  // namespace postseal::dkim_keys
