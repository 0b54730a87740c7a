#pragma once
// SPDX-License-Identifier: Apache-2.0
// Validates the chain of a message: RFC 8617 §5.2. Whether those who sealed it are to be believed is for the caller.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/arc/set.h"
#include "protocol/dkim/message_pass.h"
#include "protocol/dkim/result.h"
#include "protocol/dns/resolver.h"
#include "vocab/clock.h"
#include "vocab/offload.h"

namespace postseal::arc {

/// RFC 8617 §4.4: the Chain Validation Status.
enum class Result : std::uint8_t { None, Pass, Fail };
std::string_view to_string(Result result);

struct InstanceVerdict {
  unsigned instance = 0;
  ChainValidation cv = ChainValidation::None;
  std::string domain, selector, algorithm;  ///< of the seal
  dkim::Result seal = dkim::Result::None;   ///< None: not looked at, since the chain had failed before
  std::string signature_domain, signature_selector;
  bool signs_author = false;                    ///< the ARC-Message-Signature covers From
  dkim::Result signature = dkim::Result::None;  ///< of the ARC-Message-Signature; older ones may fail
  std::string reason;                           ///< why one of them does not hold
  bool key_secure = false;                      ///< the seal's key came by DNSSEC
  bool testing = false;                         ///< RFC 6376 §3.6.1: the seal's key, or the signature's, says t=y
  std::string authentication_results;           ///< the payload, on one line, for authres::parse()
};

struct ChainVerdict {
  Result result = Result::None;
  std::string reason;  ///< why it is not pass, in words for people
  /// DNS could not say now, and nothing else was wrong. RFC 8617 §5.2.1 makes that fail; whoever can defer may do so.
  bool temporary = false;
  /// It fails by RFC 6376 §8.15 alone, a field that was added or was there twice: our own judgement, which is not for a
  /// seal to make final.
  bool by_policy = false;
  std::vector<InstanceVerdict> instances;  ///< oldest first; empty unless the structure is sound
  /// RFC 8617 §5.2 step 5: the oldest instance whose ARC-Message-Signature, as all newer ones, still holds; 0: all do.
  unsigned oldest_pass = 0;
  unsigned highest = 0;        ///< the highest instance there is, sound or not
  bool newest_failed = false;  ///< the newest seal says cv=fail: nobody adds another (RFC 8617 §5.1)

  /// The domains that sealed it, oldest first.
  std::vector<std::string> sealers() const;
};

/// Keys are looked up in parallel, first the newest signature's and then all others'; the arithmetic goes through
/// `offload`.
Awaitable<ChainVerdict> verify(std::shared_ptr<const dkim::MessagePass> pass, dns::Resolver& resolver, Offload offload,
                               WallTime now, Deadline deadline);

}  // namespace postseal::arc
