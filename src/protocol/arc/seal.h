#pragma once
// SPDX-License-Identifier: Apache-2.0
// Adds a link to the chain: RFC 8617 §5.1. Whoever changes a message on its way says first how it came.
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/arc/verify.h"
#include "protocol/dkim/message_pass.h"
#include "vocab/clock.h"

namespace postseal::arc {

struct SealSettings {
  Domain domain;
  std::string selector;
  std::shared_ptr<const dkim::SigningKey> key;
  /// h= of the ARC-Message-Signature as it shall stand; must have From, must not have ARC or result fields. Empty: what
  /// a DKIM signature covers where nothing else is configured, and all DKIM-Signature fields.
  std::vector<std::string> headers;
  WallTime time;
};

enum class SealErrorCode : std::uint8_t {
  ChainEnded,    ///< the newest seal says cv=fail: nothing is added any more
  TooManySets,   ///< there are 50 already
  Undecided,     ///< DNS could not say whether the chain holds: a seal would make that final
  Doubtful,      ///< it fails by our own judgement, which a seal would make final
  BeginsFolded,  ///< the first line would go on with the seal
  HeaderTooLarge,
  BadSetting,
  KeyFailed,
};
struct SealError {
  SealErrorCode code;
  std::string what;  ///< one line
};

/// Each with its name and CRLF.
struct SealedSet {
  unsigned instance = 0;
  ChainValidation cv = ChainValidation::None;
  std::string seal, message_signature, results;
  /// In the order in which they stand in front of the message.
  std::string text() const { return seal + message_signature + results; }
};

/// payload: authserv-id and results (authres::format_payload(), join_statements()). Arithmetic: belongs on an Offload.
/// REQUIRES: the pass is finished, and its body hashed relaxed (want(Canonicalization::Relaxed)); the chain is the
/// verdict on the same message.
std::expected<SealedSet, SealError> seal(const dkim::MessagePass& pass, const ChainVerdict& chain,
                                         std::string_view payload, const SealSettings& settings);

}  // namespace postseal::arc
