// SPDX-License-Identifier: Apache-2.0
#include "protocol/dns/message.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/dns/wire_name.h"

namespace postseal::dns {
namespace {

using Message = std::span<const std::uint8_t>;

constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kInternet = 1;
constexpr std::uint16_t kSoa = 6;
constexpr std::uint16_t kOpt = 41;
constexpr std::uint16_t kUdpSize = 1232;
constexpr int kNxDomain = 3;
/// libunbound's own limit is 11.
constexpr int kMaxAliases = 11;

struct Record {
  Bytes owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  Bytes rdata;  ///< names in it uncompressed
};

std::uint16_t u16(Message message, std::size_t at) {
  return static_cast<std::uint16_t>(message[at] << 8 | message[at + 1]);
}

void put_u16(Bytes& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value & 0xff));
}

bool is(std::uint16_t type, RecordType wanted) { return type == static_cast<std::uint16_t>(wanted); }

/// Rdata with its name uncompressed, for the types that hold one (RFC 3597 §4: only old types may be compressed).
std::optional<Bytes> plain_rdata(Message message, std::size_t at, std::size_t length, std::uint16_t type) {
  const std::size_t end = at + length;
  const bool mx = is(type, RecordType::MX);
  if (!mx && !is(type, RecordType::CNAME) && !is(type, RecordType::NS) && !is(type, RecordType::PTR)) {
    return Bytes(message.begin() + static_cast<std::ptrdiff_t>(at), message.begin() + static_cast<std::ptrdiff_t>(end));
  }
  Bytes rdata;
  if (mx) {
    if (length < 3) return std::nullopt;
    put_u16(rdata, u16(message, at));
    at += 2;
  }
  const auto name = expand_name(message.first(end), at);
  if (!name || at != end) return std::nullopt;
  rdata.insert(rdata.end(), name->begin(), name->end());
  return rdata;
}

/// The records of one section; `at` moves behind it.
std::optional<std::vector<Record>> parse_section(Message message, std::size_t& at, std::size_t count) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < count; ++i) {
    auto owner = expand_name(message, at);
    if (!owner || message.size() - at < 10) return std::nullopt;
    const std::uint16_t type = u16(message, at);
    const std::uint16_t klass = u16(message, at + 2);
    const auto ttl = static_cast<std::uint32_t>(u16(message, at + 4)) << 16 | u16(message, at + 6);
    const std::size_t length = u16(message, at + 8);
    at += 10;
    if (message.size() - at < length) return std::nullopt;
    auto rdata = plain_rdata(message, at, length, type);
    if (!rdata) return std::nullopt;
    at += length;
    if (klass == kInternet) records.push_back({std::move(*owner), type, ttl, std::move(*rdata)});
  }
  return records;
}

RawAnswer failed(RawAnswer answer, Failure failure, std::string why) {
  answer.state = AnswerState::Failed;
  answer.failure = failure;
  answer.secure = false;
  answer.records.clear();
  answer.why = std::move(why);
  return answer;
}

/// From the question along the aliases to the records. `answer` has question and secure set.
RawAnswer follow(RawAnswer answer, const std::vector<Record>& records, RecordType type, int rcode) {
  Bytes owner = format_wire_name(answer.question);
  std::uint32_t ttl = UINT32_MAX;
  for (int aliases = 0; aliases <= kMaxAliases; ++aliases) {
    const Record* alias = nullptr;
    for (const auto& record : records) {
      if (record.owner != owner) continue;
      if (is(record.type, type)) {
        answer.records.push_back(record.rdata);
        ttl = std::min(ttl, record.ttl);
      } else if (is(record.type, RecordType::CNAME)) {
        alias = &record;
      }
    }
    if (!answer.records.empty() || alias == nullptr) {
      // A question may have octets that no alias may lead to (Domain::escape_dns).
      auto canonical =
          owner == format_wire_name(answer.question) ? std::optional(answer.question) : parse_wire_name(owner);
      if (!canonical) return failed(answer, Failure::Malformed, "it is an alias of a name that cannot be printed");
      answer.canonical = std::move(*canonical);
      answer.state = !answer.records.empty() ? AnswerState::Found
                     : rcode == kNxDomain    ? AnswerState::NxDomain
                                             : AnswerState::NoData;
      // RFC 2181 §8: the top bit makes a TTL zero. An absence carries none here: it is good for this moment.
      answer.ttl = Seconds{answer.found() && ttl <= INT32_MAX ? ttl : 0};
      return answer;
    }
    owner = alias->rdata;
    ttl = std::min(ttl, alias->ttl);
  }
  return failed(answer, Failure::AliasLimit,
                "the aliases lead nowhere within " + std::to_string(kMaxAliases) + " links");
}

}  // namespace

Failure failure_of_rcode(int rcode) { return rcode == 5 ? Failure::Refused : Failure::ServFail; }

Bytes format_query(std::uint16_t id, const Domain& name, RecordType type) {
  Bytes query;
  put_u16(query, id);
  put_u16(query, 0x0120);  // RD, AD
  put_u16(query, 1);
  put_u16(query, 0);
  put_u16(query, 0);
  put_u16(query, 1);
  const Bytes wire = format_wire_name(name);
  query.insert(query.end(), wire.begin(), wire.end());
  put_u16(query, static_cast<std::uint16_t>(type));
  put_u16(query, kInternet);
  query.push_back(0);  // RFC 6891 §6.1.2: the OPT record of the root
  put_u16(query, kOpt);
  put_u16(query, kUdpSize);
  put_u16(query, 0);
  put_u16(query, 0);
  put_u16(query, 0);
  return query;
}

std::optional<Response> parse_response(Message message, std::uint16_t id, const Domain& name, RecordType type) {
  // RFC 5452 §9.1 MUST (A32): the id and the question are ours, or it is somebody else's packet.
  if (message.size() < kHeader || u16(message, 0) != id) return std::nullopt;
  const std::uint16_t flags = u16(message, 2);
  const bool response = (flags & 0x8000) != 0 && (flags & 0x7800) == 0;
  if (!response || u16(message, 4) != 1) return std::nullopt;
  std::size_t at = kHeader;
  const auto asked = expand_name(message, at);
  if (!asked || *asked != format_wire_name(name) || message.size() - at < 4) return std::nullopt;
  if (u16(message, at) != static_cast<std::uint16_t>(type) || u16(message, at + 2) != kInternet) return std::nullopt;
  at += 4;

  Response result;
  result.truncated = (flags & 0x0200) != 0;
  RawAnswer answer;
  answer.question = answer.canonical = name;
  answer.secure = (flags & 0x0020) != 0;
  const int rcode = flags & 0x000f;
  if (rcode != 0 && rcode != kNxDomain) {
    result.answer =
        failed(answer, failure_of_rcode(rcode), "the resolver answers with error code " + std::to_string(rcode));
    return result;
  }
  // Without recursion an empty answer says nothing about the name.
  if ((flags & 0x0080) == 0) {
    result.answer = failed(answer, Failure::Refused, "the resolver does not resolve for others");
    return result;
  }
  const auto records = parse_section(message, at, u16(message, 6));
  result.answer = records ? follow(answer, *records, type, rcode)
                          : failed(answer, Failure::Malformed, "the resolver's answer does not parse");
  return result;
}

bool is_referral(Message message) {
  if (message.size() < kHeader || u16(message, 4) > 1) return false;
  std::size_t at = kHeader;
  if (u16(message, 4) == 1) {
    if (!expand_name(message, at) || message.size() - at < 4) return false;
    at += 4;
  }
  if (!parse_section(message, at, u16(message, 6))) return false;
  const auto authority = parse_section(message, at, u16(message, 8));
  if (!authority) return false;
  // RFC 2308 §2.2: what says that there is no data has an SOA record, or else no NS record either.
  const auto has = [&](std::uint16_t type) {
    return std::ranges::find(*authority, type, &Record::type) != authority->end();
  };
  return has(static_cast<std::uint16_t>(RecordType::NS)) && !has(kSoa);
}

}  // namespace postseal::dns
