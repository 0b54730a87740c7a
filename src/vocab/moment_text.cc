// SPDX-License-Identifier: Apache-2.0
#include "vocab/moment_text.h"

#include <algorithm>

namespace postseal {

namespace {

/// With zeros in front, and what stands behind it.
void add(std::string& text, int number, std::size_t width, char behind) {
  const std::string digits = std::to_string(number);
  text.append(width - std::min(width, digits.size()), '0');
  (text += digits) += behind;
}

}  // namespace

std::string moment_text(WallTime at) {
  const auto midnight = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss time(at - midnight);
  std::string text;
  text.reserve(24);
  add(text, int(date.year()), 4, '-');
  add(text, static_cast<int>(unsigned(date.month())), 2, '-');
  add(text, static_cast<int>(unsigned(date.day())), 2, 'T');
  add(text, int(time.hours().count()), 2, ':');
  add(text, int(time.minutes().count()), 2, ':');
  add(text, int(time.seconds().count()), 2, 'Z');
  return text;
}

}  // namespace postseal
