// SPDX-License-Identifier: Apache-2.0
#include "lab/zone_line.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "lab/zones.h"

namespace postseal::lab {
namespace {

std::string_view take_word(std::string_view& rest) {
  const auto start = rest.find_first_not_of(" \t");
  if (start == std::string_view::npos) {
    rest = {};
    return {};
  }
  rest.remove_prefix(start);
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

std::string mapped(std::string_view text, int (*map)(int)) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [map](unsigned char c) { return static_cast<char>(map(c)); });
  return out;
}

bool is_ttl(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string absolute(std::string_view owner, const Domain& zone) {
  std::string origin = zone.ascii() + ".";
  if (owner == "@") return origin;
  std::string name = mapped(owner, std::tolower);
  if (name.ends_with('.')) return name;
  return zone.is_root() ? name + "." : name + "." + origin;
}

/// Every word of the rdata that is a symbolic name; text in quotes is left alone.
std::string rdata_with_port(std::string_view rest, std::uint16_t port) {
  if (rest.contains('"')) return std::string(rest);
  std::string out;
  while (true) {
    const std::string_view word = take_word(rest);
    if (word.empty()) return out;
    if (!out.empty()) out += ' ';
    out += with_port(word, port);
  }
}

}  // namespace

std::expected<std::vector<ZoneLine>, std::string> read_zone_line(std::string_view line, const LineContext& context) {
  std::string_view rest = line;
  ZoneLine record;
  record.owner = absolute(with_port(take_word(rest), context.smtp_port), context.zone);
  std::string_view word = take_word(rest);
  if (is_ttl(word)) word = take_word(rest);
  record.type = mapped(word, std::toupper);
  if (record.type == "IN") record.type = mapped(take_word(rest), std::toupper);
  if (record.type.empty() || rest.find_first_not_of(" \t") == std::string_view::npos) {
    return std::unexpected(fmt::format("record \"{}\" is not OWNER TYPE DATA", line));
  }
  const auto first = rest.find_first_not_of(" \t");
  if (record.type != "TLSA" || rest.substr(first).starts_with("\\#")) {
    record.rdata = rdata_with_port(rest.substr(first), context.smtp_port);
    return std::vector{std::move(record)};
  }
  const auto spec = parse_tlsa_spec(rest, std::nullopt);
  if (!spec) return std::unexpected(fmt::format("record \"{}\": {}", line, spec.error()));
  const auto rdata = tlsa_rdata(*spec, std::nullopt, context.credentials);
  if (!rdata) return std::unexpected(fmt::format("record \"{}\": {}", line, rdata.error()));
  std::vector<ZoneLine> records;
  for (const std::string& data : *rdata) records.push_back({record.owner, record.type, data});
  return records;
}

}  // namespace postseal::lab
