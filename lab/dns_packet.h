#pragma once
// SPDX-License-Identifier: Apache-2.0
// As much of a DNS message (RFC 1035 §4.1) as the name front must understand: header and question of a query; and the
// answers it makes up by itself. Queries come from the network: every read is bounded.
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vocab/codec.h"
#include "vocab/domain.h"

namespace postseal::lab {

struct Question {
  std::uint16_t id = 0;
  Domain name;
  std::uint16_t type = 0;
  std::size_t end = 0;  ///< where the question section ends in the packet
};

/// A query with one question whose name is plain (no compression, letters that names of hosts have); else nullopt.
std::optional<Question> parse_query(std::span<const std::uint8_t> packet);
Bytes write_query(const Question& question);

/// "TLSA", or "TYPE123".
std::string type_name(std::uint16_t type);
std::optional<std::uint16_t> type_number(std::string_view name);

enum class Rcode : std::uint8_t { NoError = 0, ServFail = 2, NxDomain = 3, Refused = 5 };
inline constexpr std::uint8_t kTruncated = 0x02;  ///< in the third octet
inline constexpr std::uint8_t kAuthentic = 0x20;  ///< in the fourth octet

/// An empty answer to the query. REQUIRES: parse_query() took it.
Bytes write_reply(std::span<const std::uint8_t> query, const Question& question, Rcode code, bool truncated);
/// A reply that the lab made up is cut to its head if UDP would fragment it.
inline constexpr std::size_t kMaxUdpReply = 1232;

/// "MX 10 evil.test." as wire type and rdata: types A, AAAA, CNAME, MX, TXT, TLSA (data as parse_tlsa_spec's digits).
struct Rdata {
  std::uint16_t type = 0;
  Bytes data;
};
std::expected<Rdata, std::string> parse_rdata(std::string_view text);
/// An authoritative answer of these records, all owned by the question's name, unsigned.
Bytes write_answer(std::span<const std::uint8_t> query, const Question& question, std::span<const Rdata> records);

/// Not authoritative: the zone is said to be on `count` name servers n1, n2, ... below a name, without addresses.
Bytes write_referral(std::span<const std::uint8_t> query, const Question& question, const Domain& zone,
                     std::uint16_t count, const Domain& below);
/// Upper case for lower case and the other way round, in the question of a reply to it.
void swap_case(Bytes& reply, const Question& question);

/// The rcode and AA bit of a reply to the question; nullopt if it is none.
struct ReplyHead {
  Rcode code = Rcode::NoError;
  bool authoritative = false;
};
std::optional<ReplyHead> parse_reply_head(std::span<const std::uint8_t> packet, std::uint16_t id);

}  // namespace postseal::lab
