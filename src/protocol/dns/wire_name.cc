// SPDX-License-Identifier: Apache-2.0
#include "protocol/dns/wire_name.h"

#include <cstdio>
#include <utility>

namespace postseal::dns {
namespace {

using Rdata = std::span<const std::uint8_t>;

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxLabel = 63;

}  // namespace

std::optional<std::string> show_wire_name(Rdata wire) {
  // RFC 1035 §3.1, §2.3.4 MUST: labels of at most 63 octets, 255 octets in all, ended by the root label. Compression
  // pointers (the two high bits) have no place in rdata that stands alone, so no pointer can loop here (A31).
  if (wire.size() > kMaxName) return std::nullopt;
  std::string text;
  std::size_t at = 0;
  while (at < wire.size()) {
    const std::size_t length = wire[at++];
    if (length == 0) return at == wire.size() ? std::optional(std::move(text)) : std::nullopt;
    if (length > kMaxLabel || wire.size() - at < length) return std::nullopt;
    if (!text.empty()) text += '.';
    for (const std::uint8_t byte : wire.subspan(at, length)) {
      if (byte <= ' ' || byte >= 0x7f || byte == '.' || byte == '\\' || byte == '"' || byte == '(' || byte == ')' ||
          byte == ';' || byte == '@' || byte == '$') {
        char escaped[5];
        std::snprintf(escaped, sizeof escaped, "\\%03u", static_cast<unsigned>(byte));
        text += escaped;
      } else {
        text += static_cast<char>(byte);
      }
    }
    at += length;
  }
  return std::nullopt;
}

std::optional<Domain> parse_wire_name(Rdata wire) {
  const auto text = show_wire_name(wire);
  if (!text) return std::nullopt;
  if (text->empty()) return Domain{};
  auto domain = Domain::parse_dns(*text);
  return domain ? std::optional(std::move(*domain)) : std::nullopt;
}

Bytes format_wire_name(const Domain& name) {
  Bytes wire;
  std::string_view rest = name.ascii();
  while (!rest.empty()) {
    const auto label = rest.substr(0, rest.find('.'));
    const std::size_t length_at = wire.size();
    wire.push_back(0);
    for (std::size_t at = 0; at < label.size(); ++at) {
      // Domain::escape_dns writes three digits behind every backslash (RFC 1035 §5.1).
      if (label[at] == '\\') {
        wire.push_back(static_cast<std::uint8_t>((label[at + 1] - '0') * 100 + (label[at + 2] - '0') * 10 +
                                                 (label[at + 3] - '0')));
        at += 3;
      } else {
        wire.push_back(static_cast<std::uint8_t>(label[at]));
      }
    }
    wire[length_at] = static_cast<std::uint8_t>(wire.size() - length_at - 1);
    rest.remove_prefix(label.size() == rest.size() ? label.size() : label.size() + 1);
  }
  wire.push_back(0);
  return wire;
}

std::optional<Bytes> expand_name(Rdata message, std::size_t& at) {
  Bytes name;
  std::size_t here = at;
  bool jumped = false;
  while (here < message.size()) {
    const std::size_t length = message[here];
    if ((length & 0xc0) == 0xc0) {
      if (here + 1 >= message.size()) return std::nullopt;
      const std::size_t target = (length & 0x3f) << 8 | message[here + 1];
      if (!jumped) at = here + 2;
      jumped = true;
      // RFC 1035 §4.1.4: a pointer is to a prior occurrence. Backwards only, and 255 octets at most: no loop lasts
      // (A31).
      if (target >= here) return std::nullopt;
      here = target;
      continue;
    }
    if (length > kMaxLabel || message.size() - here - 1 < length || name.size() + 1 + length > kMaxName) {
      return std::nullopt;
    }
    name.push_back(static_cast<std::uint8_t>(length));
    for (const std::uint8_t byte : message.subspan(here + 1, length)) {
      name.push_back(byte >= 'A' && byte <= 'Z' ? static_cast<std::uint8_t>(byte + 32) : byte);
    }
    here += 1 + length;
    if (length == 0) {
      if (!jumped) at = here;
      return name;
    }
  }
  return std::nullopt;
}

}  // namespace postseal::dns
