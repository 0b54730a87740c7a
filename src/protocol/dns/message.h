#pragma once
// SPDX-License-Identifier: Apache-2.0
// One question to a recursive resolver and its answer, as DNS messages (RFC 1035 §4, RFC 6891). Used only towards a
// resolver on loopback that validates for us: everything else is libunbound's work, but for one look at its messages.
#include <cstdint>
#include <optional>
#include <span>

#include "protocol/dns/answer.h"
#include "protocol/dns/records.h"

namespace postseal::dns {

/// What an rcode other than NOERROR and NXDOMAIN means.
Failure failure_of_rcode(int rcode);

/// Recursion desired, and RFC 6840 §5.7: the AD bit asks for the AD bit.
Bytes format_query(std::uint16_t id, const Domain& name, RecordType type);

struct Response {
  bool truncated = false;  ///< ask again over TCP; the answer means nothing
  RawAnswer answer;        ///< secure where the AD bit is set
};

/// nullopt: not the answer to this question (id, question, not a response): keep waiting for the right one. What is the
/// answer but does not parse is Failed/Malformed.
std::optional<Response> parse_response(std::span<const std::uint8_t> message, std::uint16_t id, const Domain& name,
                                       RecordType type);

/// A response without the records that were asked for, which does not say that there are none but who might know them:
/// NS records and no SOA record in its authority section. False for what does not parse.
bool is_referral(std::span<const std::uint8_t> message);

}  // namespace postseal::dns
