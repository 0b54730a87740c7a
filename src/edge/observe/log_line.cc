// SPDX-License-Identifier: Apache-2.0
#include "edge/observe/log_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <cmath>
#include <vector>

#include "protocol/smtp/printable.h"

namespace postseal::observe {
namespace {

// Longer values, a reply of many lines for example, are cut: a peer does not decide how large the log grows.
constexpr std::size_t kLongestValue = 4096;

/// A21: whatever a peer wrote, the line stays one line and moves nobody's cursor.
std::string shown(std::string_view text) {
  bool cut = text.size() > kLongestValue;
  std::string result = smtp::printable(text.substr(0, kLongestValue));
  if (cut) result += "...";
  return result;
}

std::string rfc3339(LogTime time) {
  auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(whole)),
                     (time - whole).count());
}

std::string_view upper(Level level) {
  switch (level) {
    case Level::Debug:
      return "DEBUG";
    case Level::Info:
      return "INFO";
    case Level::Warning:
      return "WARNING";
    case Level::Error:
      return "ERROR";
  }
  return "";
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=\\") != std::string_view::npos;
}

void append_text(std::string& line, std::string_view value) {
  std::string clean = shown(value);
  if (!needs_quotes(clean)) {
    line += clean;
    return;
  }
  line += '"';
  for (char c : clean) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  line += '"';
}

std::string json_string(std::string_view text) {
  std::string clean = shown(text);
  return boost::json::serialize(boost::json::string_view(clean.data(), clean.size()));
}

struct AppendText {
  std::string& line;
  void operator()(std::string_view value) const { append_text(line, value); }
  void operator()(std::int64_t value) const { line += fmt::to_string(value); }
  void operator()(double value) const { line += fmt::to_string(value); }
  void operator()(bool value) const { line += value ? "true" : "false"; }
};

struct AppendJson {
  std::string& line;
  void operator()(std::string_view value) const { line += json_string(value); }
  void operator()(std::int64_t value) const { line += fmt::to_string(value); }
  // JSON has no word for what is no number.
  void operator()(double value) const { line += std::isfinite(value) ? fmt::to_string(value) : "null"; }
  void operator()(bool value) const { line += value ? "true" : "false"; }
};

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::Debug:
      return "debug";
    case Level::Info:
      return "info";
    case Level::Warning:
      return "warning";
    case Level::Error:
      return "error";
  }
  return "";
}

std::string text_line(const Event& event) {
  std::string line = fmt::format("{} {} {}", rfc3339(event.time), upper(event.level), shown(event.name));
  for (const Field& field : event.fields) {
    line += fmt::format(" {}=", shown(field.key));
    std::visit(AppendText{line}, field.value);
  }
  return line;
}

std::string json_line(const Event& event) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":{})", rfc3339(event.time),
                                 to_string(event.level), json_string(event.name));
  std::vector<std::string> used{"time", "level", "event"};
  for (const Field& field : event.fields) {
    std::string key = shown(field.key);
    while (std::ranges::find(used, key) != used.end()) key += '_';
    line += fmt::format(",{}:", boost::json::serialize(boost::json::string_view(key.data(), key.size())));
    std::visit(AppendJson{line}, field.value);
    used.push_back(std::move(key));
  }
  line += '}';
  return line;
}

}  // namespace postseal::observe
