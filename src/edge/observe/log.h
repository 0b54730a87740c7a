#pragma once
// SPDX-License-Identifier: Apache-2.0
// Structured log lines on standard error (journald takes them from there): one event with fields, as text for people or
// as JSON. Values that came from the network are made printable here; nobody can write a line of his own into our log.
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <variant>

namespace postseal::observe {

enum class Level { Debug, Info, Warning, Error };
enum class LogFormat { Text, Json };

struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

/// Safe to use from several threads; a slow reader of standard error never holds up a session for long. Its own thread
/// begins with the first line.
class Log {
 public:
  Log(LogFormat format, Level least);
  ~Log();
  /// event: a short fixed word, "accepted", "attempt", "session"; fields in the order given.
  void write(Level level, std::string_view event, std::initializer_list<Field> fields);
  void set_level(Level least);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::observe
