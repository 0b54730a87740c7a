#pragma once
// SPDX-License-Identifier: Apache-2.0
// One event as one line, for people or as JSON. No I/O: log.cc writes it, the tests read it.
#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "edge/observe/log.h"

namespace postseal::observe {

using LogTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// "debug", "info", "warning", "error".
std::string_view to_string(Level level);

struct Event {
  LogTime time;
  Level level = Level::Info;
  std::string_view name;
  std::span<const Field> fields;
};

/// `2026-11-22T08:32:35.120Z INFO accepted id=… size=4711`, without line end. Values with blanks, quotes or an equals
/// sign stand in quotes.
std::string text_line(const Event& event);
/// {"time":"…","level":"info","event":"accepted","id":"…","size":4711}. A field that is named like one of the first
/// three, or like an earlier one, gets an underscore, so that no field passes for another.
std::string json_line(const Event& event);

}  // namespace postseal::observe
