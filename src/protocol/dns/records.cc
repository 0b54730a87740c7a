// SPDX-License-Identifier: Apache-2.0
#include "protocol/dns/records.h"

#include <algorithm>
#include <span>
#include <utility>

#include "protocol/dns/wire_name.h"

namespace postseal::dns {
namespace {

using Rdata = std::span<const std::uint8_t>;

/// Everything but the records.
template <class R>
Answer<R> without_records(const RawAnswer& raw) {
  Answer<R> answer;
  answer.state = raw.state;
  answer.secure = raw.secure;
  answer.failure = raw.failure;
  answer.question = raw.question;
  answer.canonical = raw.canonical;
  answer.ttl = raw.ttl;
  answer.why = raw.why;
  return answer;
}

template <class R>
Answer<R> malformed(const RawAnswer& raw, std::string why) {
  auto answer = without_records<R>(raw);
  answer.state = AnswerState::Failed;
  answer.failure = Failure::Malformed;
  answer.secure = false;
  answer.ttl = Seconds{0};
  answer.why = std::move(why);
  return answer;
}

/// Parses every record, or none. `parse` returns an optional.
template <class R, class Parse>
Answer<R> parse_each(const RawAnswer& raw, std::string_view type, Parse parse) {
  if (!raw.found()) return without_records<R>(raw);
  if (raw.records.empty()) return malformed<R>(raw, "the answer claims records and has none");
  auto answer = without_records<R>(raw);
  answer.records.reserve(raw.records.size());
  for (const Bytes& rdata : raw.records) {
    std::optional<R> record = parse(Rdata(rdata));
    if (!record) return malformed<R>(raw, "a " + std::string(type) + " record does not parse");
    answer.records.push_back(std::move(*record));
  }
  return answer;
}

std::optional<TxtRecord> parse_strings(Rdata wire) {
  // RFC 1035 §3.3.14: one or more character-strings, each a length octet and that many octets.
  if (wire.empty()) return std::nullopt;
  TxtRecord record;
  record.strings.reserve(wire.size() / 256 + 1);
  while (!wire.empty()) {
    const std::size_t length = wire[0];
    if (wire.size() - 1 < length) return std::nullopt;
    const auto text = wire.subspan(1, length);
    record.strings.emplace_back(text.begin(), text.end());
    wire = wire.subspan(1 + length);
  }
  return record;
}

}  // namespace

std::string_view to_string(RecordType type) {
  switch (type) {
    case RecordType::A:
      return "A";
    case RecordType::NS:
      return "NS";
    case RecordType::CNAME:
      return "CNAME";
    case RecordType::SOA:
      return "SOA";
    case RecordType::PTR:
      return "PTR";
    case RecordType::MX:
      return "MX";
    case RecordType::TXT:
      return "TXT";
    case RecordType::AAAA:
      return "AAAA";
    case RecordType::DS:
      return "DS";
    case RecordType::DNSKEY:
      return "DNSKEY";
    case RecordType::TLSA:
      return "TLSA";
  }
  return "unknown type";
}

std::string TxtRecord::joined() const {
  std::size_t size = 0;
  for (const auto& text : strings) size += text.size();
  std::string all;
  all.reserve(size);
  for (const auto& text : strings) all += text;
  return all;
}

Answer<MxRecord> parse_mx(const RawAnswer& raw) {
  if (!raw.found()) return without_records<MxRecord>(raw);
  auto answer = without_records<MxRecord>(raw);
  answer.records.reserve(raw.records.size());
  for (const Bytes& rdata : raw.records) {
    // RFC 1035 §3.3.9: 16 bits of preference, then the exchange.
    if (rdata.size() < 3 || !show_wire_name(Rdata(rdata).subspan(2))) {
      return malformed<MxRecord>(raw, "an MX record does not parse");
    }
    auto exchange = parse_wire_name(Rdata(rdata).subspan(2));
    // A well-formed name that no host can have: that record is useless, the others are not.
    if (!exchange) continue;
    const auto preference = static_cast<std::uint16_t>(rdata[0] << 8 | rdata[1]);
    answer.records.push_back({preference, std::move(*exchange)});
  }
  if (answer.records.empty()) return malformed<MxRecord>(raw, "no MX record names a host that could exist");
  return answer;
}

Answer<TxtRecord> parse_txt(const RawAnswer& raw) { return parse_each<TxtRecord>(raw, "TXT", parse_strings); }

Answer<TlsaRecord> parse_tlsa(const RawAnswer& raw) {
  return parse_each<TlsaRecord>(raw, "TLSA", [](Rdata wire) -> std::optional<TlsaRecord> {
    // RFC 6698 §2.1: three octets, then the data. Empty data parses: it is unusable (D12), which is not unknown.
    if (wire.size() < 3) return std::nullopt;
    return TlsaRecord{wire[0], wire[1], wire[2], Bytes(wire.begin() + 3, wire.end())};
  });
}

Answer<IpAddress> parse_addresses(const RawAnswer& raw) {
  const std::size_t size = raw.records.empty() ? 0 : raw.records.front().size();
  return parse_each<IpAddress>(raw, size == 16 ? "AAAA" : "A", [size](Rdata wire) -> std::optional<IpAddress> {
    // RFC 1035 §3.4.1, RFC 3596 §2.2; one answer is of one type.
    if (wire.size() != size) return std::nullopt;
    if (size == 4) {
      std::array<std::uint8_t, 4> octets;
      std::ranges::copy(wire, octets.begin());
      return IpAddress::v4(octets);
    }
    if (size == 16) {
      std::array<std::uint8_t, 16> octets;
      std::ranges::copy(wire, octets.begin());
      return IpAddress::v6(octets);
    }
    return std::nullopt;
  });
}

Answer<Domain> parse_ptr(const RawAnswer& raw) {
  auto answer = without_records<Domain>(raw);
  if (!raw.found()) return answer;
  for (const Bytes& rdata : raw.records) {
    // RFC 1035 §3.3.12: a name and nothing else.
    if (!show_wire_name(Rdata(rdata))) return malformed<Domain>(raw, "a PTR record does not parse");
    if (auto name = parse_wire_name(Rdata(rdata))) answer.records.push_back(std::move(*name));
  }
  return answer;
}

Answer<Domain> parse_cname(const RawAnswer& raw) { return parse_each<Domain>(raw, "CNAME", parse_wire_name); }

}  // namespace postseal::dns
