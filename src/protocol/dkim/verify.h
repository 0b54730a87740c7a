#pragma once
// SPDX-License-Identifier: Apache-2.0
// Every DKIM signature of a message, judged by itself: RFC 6376 §6.1. A message is as good as its best signature; what
// that is worth is for DMARC to say.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/dkim/message_pass.h"
#include "protocol/dkim/result.h"
#include "protocol/dns/resolver.h"
#include "vocab/offload.h"

namespace postseal::dkim {

struct SignatureVerdict {
  /// d= (A-labels where it parses), s=, a=, i= ("@" and d= without one), as far as they could be read.
  std::string domain, selector, algorithm, identity;
  Result result = Result::Neutral;
  std::string reason;       ///< in words for people; empty for a plain pass
  bool key_secure = false;  ///< the key came by DNSSEC
  unsigned key_bits = 0;    ///< 0: no key was looked at
  bool testing = false;     ///< t=y: RFC 6376 §3.6.1, to be treated like no signature
  /// Octets at the end of the body that l= left out; unset without l=, and when it covers all.
  std::optional<std::uint64_t> unsigned_octets;
  /// How many signatures this stands for that nobody looked at; 0 for one that was.
  std::size_t unread = 0;
  std::string b_prefix;  ///< the first 8 characters of b= (RFC 6008 §4): tells signatures of one domain apart
  bool operator==(const SignatureVerdict&) const = default;
};

/// A24: of so many signatures there is a verdict each; the last of them may stand for further ones.
inline constexpr std::size_t kMaxVerdicts = 100;

/// In header order; empty without any signature. More than kMaxSignatures: the further ones are Neutral, unread. A
/// header over its limits makes one PermError. Keys are looked up in parallel, the arithmetic goes through `offload`.
Awaitable<std::vector<SignatureVerdict>> verify(std::shared_ptr<const MessagePass> pass, dns::Resolver& resolver,
                                                Offload offload, WallTime now, Deadline deadline);

}  // namespace postseal::dkim
