// SPDX-License-Identifier: Apache-2.0
#include "lab/dns_packet.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "lab/tlsa_text.h"
#include "vocab/ip_address.h"

namespace postseal::lab {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::uint32_t kTtl = 300;

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 16> kTypes = {{
    {"A", 1},
    {"NS", 2},
    {"CNAME", 5},
    {"SOA", 6},
    {"PTR", 12},
    {"MX", 15},
    {"TXT", 16},
    {"AAAA", 28},
    {"SRV", 33},
    {"DNAME", 39},
    {"DS", 43},
    {"RRSIG", 46},
    {"NSEC", 47},
    {"DNSKEY", 48},
    {"TLSA", 52},
    {"ANY", 255},
}};

void put16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::uint16_t get16(std::span<const std::uint8_t> packet, std::size_t at) {
  return static_cast<std::uint16_t>(packet[at] << 8 | packet[at + 1]);
}

void put_name(Bytes& out, const Domain& name) {
  std::string_view rest = name.ascii();
  while (!rest.empty()) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    rest.remove_prefix(std::min(rest.size(), label.size() + 1));
  }
  out.push_back(0);
}

std::string_view take_word(std::string_view& rest) {
  const auto start = std::min(rest.find_first_not_of(' '), rest.size());
  rest.remove_prefix(start);
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

bool put_address(Bytes& out, std::string_view text, bool v4) {
  const auto address = IpAddress::parse(text);
  if (!address || address->is_v4() != v4) return false;
  out.insert(out.end(), address->bytes().begin(), address->bytes().end());
  return true;
}

bool put_target(Bytes& out, std::string_view text) {
  const auto name = Domain::parse_dns(text);
  if (name) put_name(out, *name);
  return name.has_value();
}

bool put_mx(Bytes& out, std::string_view rest) {
  const std::string_view preference = take_word(rest);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(preference.data(), preference.data() + preference.size(), number);
  put16(out, number);
  return error == std::errc() && end == preference.data() + preference.size() && put_target(out, take_word(rest));
}

/// One text, with or without quotes around it.
bool put_text(Bytes& out, std::string_view text) {
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) text = text.substr(1, text.size() - 2);
  if (text.size() > 1000) return false;
  do {
    const std::string_view part = text.substr(0, 255);
    out.push_back(static_cast<std::uint8_t>(part.size()));
    out.insert(out.end(), part.begin(), part.end());
    text.remove_prefix(part.size());
  } while (!text.empty());
  return true;
}

bool put_tlsa(Bytes& out, std::string_view text) {
  const auto spec = parse_tlsa_spec(text, std::nullopt);
  if (!spec || (spec->what != TlsaSpec::What::Exact && spec->what != TlsaSpec::What::Empty)) return false;
  out = {spec->usage, spec->selector, spec->matching};
  out.insert(out.end(), spec->data.begin(), spec->data.end());
  return true;
}

}  // namespace

std::optional<Question> parse_query(std::span<const std::uint8_t> packet) {
  if (packet.size() < kHeader || (packet[2] & 0x80) != 0 || get16(packet, 4) != 1) return std::nullopt;
  Question question;
  question.id = get16(packet, 0);
  std::string name;
  std::size_t at = kHeader;
  while (true) {
    if (at >= packet.size()) return std::nullopt;
    const std::size_t length = packet[at++];
    if (length == 0) break;
    // A dot within a label would read as two labels.
    if (length > 63 || at + length > packet.size() || name.size() + length > 253) return std::nullopt;
    const auto label = packet.subspan(at, length);
    if (std::ranges::find(label, '.') != label.end()) return std::nullopt;
    name.append(label.begin(), label.end());
    name += '.';
    at += length;
  }
  if (at + 4 > packet.size()) return std::nullopt;
  if (!name.empty()) {
    auto parsed = Domain::parse_dns(name);
    if (!parsed) return std::nullopt;
    question.name = std::move(*parsed);
  }
  question.type = get16(packet, at);
  question.end = at + 4;
  return question;
}

Bytes write_query(const Question& question) {
  Bytes out;
  put16(out, question.id);
  out.insert(out.end(), {0x00, 0x00, 0, 1, 0, 0, 0, 0, 0, 0});
  put_name(out, question.name);
  put16(out, question.type);
  put16(out, 1);
  return out;
}

std::string type_name(std::uint16_t type) {
  const auto found = std::ranges::find(kTypes, type, [](const auto& entry) { return entry.second; });
  return found == kTypes.end() ? fmt::format("TYPE{}", type) : std::string(found->first);
}

std::optional<std::uint16_t> type_number(std::string_view name) {
  const auto found = std::ranges::find(kTypes, name, [](const auto& entry) { return entry.first; });
  return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

Bytes write_reply(std::span<const std::uint8_t> query, const Question& question, Rcode code, bool truncated) {
  Bytes out(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(question.end));
  // QR and AA; the query's RD stays.
  out[2] = static_cast<std::uint8_t>(0x84 | (query[2] & 0x79) | (truncated ? kTruncated : 0));
  out[3] = static_cast<std::uint8_t>(code);
  std::fill(out.begin() + 6, out.begin() + kHeader, std::uint8_t{0});
  return out;
}

std::expected<Rdata, std::string> parse_rdata(std::string_view text) {
  std::string_view rest = text;
  const std::string_view type = take_word(rest);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  Rdata out{type_number(type).value_or(0), {}};
  bool good = false;
  if (type == "A") good = put_address(out.data, rest, true);
  if (type == "AAAA") good = put_address(out.data, rest, false);
  if (type == "CNAME") good = put_target(out.data, rest);
  if (type == "MX") good = put_mx(out.data, rest);
  if (type == "TXT") good = put_text(out.data, rest);
  if (type == "TLSA") good = put_tlsa(out.data, rest);
  if (good) return out;
  return std::unexpected(
      fmt::format("answer \"{}\" must be like \"MX 10 evil.test.\"; types A, AAAA, CNAME, MX, TXT, "
                  "TLSA",
                  text.substr(0, 80)));
}

Bytes write_answer(std::span<const std::uint8_t> query, const Question& question, std::span<const Rdata> records) {
  Bytes out = write_reply(query, question, Rcode::NoError, false);
  std::size_t count = 0;
  for (const Rdata& record : records) {
    if (question.type != record.type && record.type != type_number("CNAME")) continue;
    ++count;
    // The owner: a pointer to the question's name.
    out.insert(out.end(), {0xc0, kHeader});
    put16(out, record.type);
    put16(out, 1);
    put16(out, kTtl >> 16);
    put16(out, kTtl & 0xffff);
    put16(out, record.data.size());
    out.insert(out.end(), record.data.begin(), record.data.end());
  }
  out[6] = static_cast<std::uint8_t>(count >> 8);
  out[7] = static_cast<std::uint8_t>(count);
  return out;
}

Bytes write_referral(std::span<const std::uint8_t> query, const Question& question, const Domain& zone,
                     std::uint16_t count, const Domain& below) {
  Bytes out = write_reply(query, question, Rcode::NoError, false);
  out[2] &= static_cast<std::uint8_t>(~0x04);
  out[8] = static_cast<std::uint8_t>(count >> 8);
  out[9] = static_cast<std::uint8_t>(count);
  // The zone's name is the end of the question's: a pointer into it. That of the victim follows the first server's
  // label.
  const std::size_t owner = question.end - 5 - zone.ascii().size() - (zone.is_root() ? 0 : 1);
  std::size_t victim = 0;
  for (std::uint16_t i = 1; i <= count; ++i) {
    put16(out, 0xc000 | owner);
    put16(out, *type_number("NS"));
    put16(out, 1);
    put16(out, kTtl >> 16);
    put16(out, kTtl & 0xffff);
    Bytes name;
    const std::string label = fmt::format("n{}", i);
    name.push_back(static_cast<std::uint8_t>(label.size()));
    name.insert(name.end(), label.begin(), label.end());
    if (victim == 0) {
      victim = out.size() + 2 + name.size();
      put_name(name, below);
    } else {
      put16(name, 0xc000 | victim);
    }
    put16(out, name.size());
    out.insert(out.end(), name.begin(), name.end());
  }
  return out;
}

void swap_case(Bytes& reply, const Question& question) {
  for (std::size_t at = kHeader; at + 4 < question.end && at < reply.size(); ++at) {
    std::uint8_t& c = reply[at];
    // The octets that say how long a label is are below 64.
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) c ^= 0x20;
  }
}

std::optional<ReplyHead> parse_reply_head(std::span<const std::uint8_t> packet, std::uint16_t id) {
  if (packet.size() < kHeader || get16(packet, 0) != id || (packet[2] & 0x80) == 0) return std::nullopt;
  return ReplyHead{static_cast<Rcode>(packet[3] & 0x0f), (packet[2] & 0x04) != 0};
}

}  // namespace postseal::lab
