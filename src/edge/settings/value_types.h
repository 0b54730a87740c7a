#pragma once
// SPDX-License-Identifier: Apache-2.0
// The kinds of values that the tables' rows have: each knows how a value is stored with its limits, and how it is
// shown. row<>() makes a row of a kind and the path of members to where the value lives.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "edge/settings/server_values.h"
#include "edge/settings/settings_table.h"

namespace postseal::settings {

inline std::unexpected<std::string> refuse(std::string why) { return std::unexpected(std::move(why)); }
inline const std::string& text_of(const Value& value) { return std::get<std::string>(value); }

template <class T>
Stored store_parsed(T& target, Parsed<T> parsed) {
  if (!parsed) return refuse(std::move(parsed.error()));
  target = std::move(*parsed);
  return {};
}

template <std::int64_t least, std::int64_t most>
struct Number {
  static constexpr ValueKind kKind = ValueKind::Number;
  template <class T>
  static Stored store(T& target, const Value& value) {
    std::int64_t number = std::get<std::int64_t>(value);
    if (number < least || number > most) return refuse("it is out of range");
    target = static_cast<T>(number);
    return {};
  }
  template <class T>
  static std::string show(const T& number) {
    return std::to_string(number);
  }
};

struct Flag {
  static constexpr ValueKind kKind = ValueKind::Switch;
  static Stored store(bool& target, const Value& value) {
    target = std::get<bool>(value);
    return {};
  }
  static std::string show(const bool& flag) { return flag ? "true" : "false"; }
};

/// Limits in milliseconds; what is kept in seconds takes whole ones.
template <std::int64_t least, std::int64_t most>
struct Span {
  static constexpr ValueKind kKind = ValueKind::Duration;
  template <class Duration>
  static Stored store(Duration& target, const Value& value) {
    auto duration = parse_duration(text_of(value));
    if (!duration) return refuse(duration.error());
    auto whole = std::chrono::duration_cast<Duration>(*duration);
    if (whole != *duration) return refuse("it takes whole seconds");
    if (duration->count() < least || duration->count() > most) return refuse("it is out of range");
    target = whole;
    return {};
  }
  template <class Duration>
  static std::string show(const Duration& duration) {
    return toml_text(format_duration(duration));
  }
};
constexpr std::int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

template <std::uint64_t least, std::uint64_t most>
struct Octets {
  static constexpr ValueKind kKind = ValueKind::Size;
  static Stored store(std::uint64_t& target, const Value& value) {
    auto size = parse_size(text_of(value));
    if (!size) return refuse(size.error());
    if (*size < least || *size > most) return refuse("it is out of range");
    target = *size;
    return {};
  }
  static std::string show(const std::uint64_t& size) { return toml_text(format_size(size)); }
};
constexpr std::uint64_t kMiB = 1024 * 1024, kGiB = 1024 * kMiB;

/// A text that is kept as its parser gives it back.
template <auto parse>
struct Canonical {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Stored store(std::string& target, const Value& value) { return store_parsed(target, parse(text_of(value))); }
  static std::string show(const std::string& text) { return toml_text(text); }
};

/// One of an enumeration's words.
template <const auto& words>
struct Word {
  static constexpr ValueKind kKind = ValueKind::Text;
  template <class T>
  static Stored store(T& target, const Value& value) {
    auto found = std::ranges::find(words, text_of(value), [](const auto& each) { return each.first; });
    if (found == words.end()) return refuse("it is none of the words");
    target = found->second;
    return {};
  }
  template <class T>
  static std::string show(const T& target) {
    auto found = std::ranges::find(words, target, [](const auto& each) { return T(each.second); });
    return found == words.end() ? "" : toml_text(found->first);
  }
};

/// A list; each element by `parse` and back by `format`.
template <auto parse, auto format>
struct ListOf {
  static constexpr ValueKind kKind = ValueKind::List;
  template <class T>
  static Stored store(std::vector<T>& target, const Value& value) {
    std::vector<T> result;
    for (const std::string& text : std::get<std::vector<std::string>>(value)) {
      Parsed<T> element = parse(text);
      if (!element) return refuse(std::move(element.error()));
      if (std::ranges::find(result, *element) != result.end()) return refuse("\"" + text + "\" is in it twice");
      result.push_back(std::move(*element));
    }
    target = std::move(result);
    return {};
  }
  template <class T>
  static std::string show(const std::vector<T>& list) {
    std::string result = "[";
    for (const T& element : list) result += (result.size() > 1 ? ", " : "") + toml_text(format(element));
    return result + "]";
  }
};

template <class Target>
constexpr auto& reach(Target& target) {
  return target;
}
template <auto First, auto... Rest, class Target>
constexpr auto& reach(Target& target) {
  if constexpr (sizeof...(Rest) == 0) {
    return target.*First;
  } else {
    return reach<Rest...>(target.*First);
  }
}

enum class Need { Optional, Required };

template <class Target, class Kind, auto... Path>
constexpr Row<Target> row(KeyInfo info, Need need = Need::Optional) {
  return {info, Kind::kKind,
          [](Target& to, const Value& value) -> Stored { return Kind::store(reach<Path...>(to), value); },
          [](const Target& from) -> std::string { return Kind::show(reach<Path...>(from)); }, need == Need::Required};
}

// Parsers of texts for Canonical.
Parsed<std::string> parse_path(std::string_view text);
Parsed<std::string> parse_hostname(std::string_view text);  ///< empty is allowed
/// The administrator's words end up in logs and reports, one line each.
Parsed<std::string> parse_remark(std::string_view text);

}  // namespace postseal::settings
