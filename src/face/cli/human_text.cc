// SPDX-License-Identifier: Apache-2.0
#include "face/cli/human_text.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "protocol/smtp/printable.h"

namespace postseal::cli {

namespace {

constexpr std::size_t kNarrowest = 80, kWidest = 120, kUnknown = 100;

/// Code points: near enough to columns for addresses and English.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// Octets of the first `columns` code points.
std::size_t octets_of(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) continue;
    if (seen++ == columns) break;
  }
  return at;
}

}  // namespace

std::string age_text(Seconds age) {
  struct Unit {
    std::int64_t seconds;
    char letter;
  };
  constexpr Unit kUnits[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};
  const std::int64_t count = age.count();
  if (count < 0) return "now";
  for (const Unit& unit : kUnits)
    if (count >= 2 * unit.seconds) return fmt::format("{}{}", count / unit.seconds, unit.letter);
  return fmt::format("{}s", count);
}

std::string size_text(std::uint64_t octets) {
  if (octets < 1000) return fmt::to_string(octets);
  double value = static_cast<double>(octets) / 1024;
  for (char unit : {'K', 'M', 'G', 'T'}) {
    if (value < 999.5 || unit == 'T')
      return value < 9.95 ? fmt::format("{:.1f}{}", value, unit) : fmt::format("{:.0f}{}", value, unit);
    value /= 1024;
  }
  return "";
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUnknown;
  return std::clamp<std::size_t>(size.ws_col, kNarrowest, kWidest);
}

std::string fit(std::string_view text, std::size_t width) {
  std::string clean = smtp::printable(text);
  if (width_of(clean) <= width) return clean;
  clean.resize(octets_of(clean, width == 0 ? 0 : width - 1));
  return width == 0 ? clean : clean + "\xe2\x80\xa6";
}

std::string wrap(std::string_view text, std::size_t indent, std::size_t width) {
  const std::string clean = smtp::printable(text);
  const std::size_t room = width > indent + 20 ? width - indent : 20;
  std::string result;
  for (std::string_view rest = clean; !rest.empty();) {
    std::size_t end = rest.size();
    if (width_of(rest) > room) {
      const std::size_t most = octets_of(rest, room);
      end = rest.rfind(' ', most);
      if (end == std::string_view::npos || end == 0) end = rest.find(' ', most);
      if (end == std::string_view::npos) end = rest.size();
    }
    result += std::string(indent, ' ') + std::string(rest.substr(0, end)) + '\n';
    rest.remove_prefix(end);
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(' ')));
  }
  return result;
}

}  // namespace postseal::cli
