// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/remembered.h"

#include <fmt/format.h>

#include <charconv>

namespace postseal::queue {

namespace {

using std::chrono::days;

constexpr std::size_t kShards = 64;

/// FNV-1a, which stays the same over builds and machines.
std::size_t shard_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return static_cast<std::size_t>(hash >> 32) % kShards;
}

std::string note_name(std::size_t shard) { return fmt::format("remembered/{:02}", shard); }

WallTime day_of(WallTime time) { return std::chrono::floor<days>(time); }

std::int64_t day_number(WallTime time) { return std::chrono::floor<days>(time).time_since_epoch().count(); }

bool worth_keeping(Security security) {
  switch (security) {
    case Security::Tls:
    case Security::StsEnforce:
    case Security::Dane:
      return true;
    case Security::Unknown:
    case Security::Plaintext:
    case Security::Local:
      return false;
  }
  return false;
}

/// Takes the word off the front of the line.
std::string_view take_word(std::string_view& line) {
  const auto blank = line.find(' ');
  const auto word = line.substr(0, blank);
  line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  return word;
}

std::optional<WallTime> parse_day(std::string_view text) {
  std::int64_t day = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), day);
  if (error != std::errc() || end != text.data() + text.size() || day < 0 || day > 100'000) return std::nullopt;
  return WallTime{days{day}};
}

/// "example.org dane 20000 20001": the best and its day, the day of the last TLS.
std::optional<std::pair<std::string, Seen>> parse_line(std::string_view line) {
  const auto name = take_word(line), word = take_word(line);
  const auto when = parse_day(take_word(line)), tls = parse_day(take_word(line));
  if (name.empty() || !when || !tls || !line.empty()) return std::nullopt;
  for (const auto security : {Security::Tls, Security::StsEnforce, Security::Dane}) {
    if (to_string(security) == word) return std::pair(std::string(name), Seen{security, *when, *tls, {}});
  }
  return std::nullopt;
}

/// What still counts of it.
Seen still(Seen seen, WallTime now) {
  if (seen.tls + Remembered::kKept < now) return {};
  if (seen.when + Remembered::kKept < now) return {Security::Tls, seen.tls, seen.tls, seen.flagged};
  return seen;
}

}  // namespace

spool::StoreResult<void> Remembered::load(spool::Store& store, WallTime now) {
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    const auto note = store.note(note_name(shard));
    if (!note) return std::unexpected(note.error());
    std::string_view rest = *note ? std::string_view(**note) : std::string_view();
    while (!rest.empty() && domains_.size() < kMost) {
      const auto end = rest.find('\n');
      if (auto line = parse_line(rest.substr(0, end)); line && line->second.tls + kKept >= now) {
        domains_.insert(std::move(*line));
      }
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return {};
}

std::optional<Seen> Remembered::find(const MailDestination& domain, WallTime now) const {
  const auto found = domains_.find(to_string(domain));
  if (found == domains_.end()) return std::nullopt;
  const Seen seen = still(found->second, now);
  if (!worth_keeping(seen.best)) return std::nullopt;
  return seen;
}

bool Remembered::must_have_tls(const MailDestination& domain, WallTime now) const {
  return find(domain, now).has_value();
}

std::optional<Seen> Remembered::learn(const MailDestination& domain, Security shown, WallTime now) {
  const std::string name = to_string(domain);
  const auto found = domains_.find(name);
  if (found != domains_.end()) found->second = still(found->second, now);
  if (worth_keeping(shown)) {
    if (found == domains_.end() && domains_.size() >= kMost) return std::nullopt;
    Seen& seen = found == domains_.end() ? domains_[name] : found->second;
    const Seen before = seen;
    seen.tls = day_of(now);
    if (shown >= seen.best) {
      seen.best = shown;
      seen.when = day_of(now);
    }
    if (seen.best != before.best || seen.when != before.when || seen.tls != before.tls) {
      changed_[shard_of(name)] = true;
    }
    return std::nullopt;
  }
  if (shown != Security::Plaintext || found == domains_.end()) return std::nullopt;
  Seen& seen = found->second;
  if (!worth_keeping(seen.best) || seen.flagged == day_of(now)) return std::nullopt;
  seen.flagged = day_of(now);
  return seen;
}

std::vector<Remembered::Note> Remembered::take_changes(WallTime now) {
  std::vector<Note> notes;
  std::array<std::size_t, kShards> where{};
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    if (!changed_[shard]) continue;
    notes.push_back({note_name(shard), ""});
    where[shard] = notes.size();
  }
  if (notes.empty()) return notes;
  for (const auto& [name, seen] : domains_) {
    const std::size_t place = where[shard_of(name)];
    if (place == 0 || !worth_keeping(seen.best) || seen.tls + kKept < now) continue;
    notes[place - 1].value +=
        fmt::format("{} {} {} {}\n", name, to_string(seen.best), day_number(seen.when), day_number(seen.tls));
  }
  changed_ = {};
  return notes;
}

}  // namespace postseal::queue
