// SPDX-License-Identifier: Apache-2.0
#include "vocab/moment_text.h"

#include <array>
#include <cstdio>

namespace postseal {

std::string moment_text(WallTime at) {
  const auto midnight = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss time(at - midnight);
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", int(date.year()),
                                   unsigned(date.month()), unsigned(date.day()), int(time.hours().count()),
                                   int(time.minutes().count()), int(time.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace postseal
