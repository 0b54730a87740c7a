#pragma once
// SPDX-License-Identifier: Apache-2.0
// Makes DKIM-Signature fields: RFC 6376 §5. Several keys in one pass over the message.
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dkim/message_pass.h"
#include "vocab/clock.h"
#include "vocab/domain.h"

namespace postseal::dkim {

struct SignSettings {
  Domain domain;
  std::string selector;
  std::shared_ptr<const SigningKey> key;
  CanonicalizationPair canonicalization{Canonicalization::Relaxed, Canonicalization::Relaxed};
  /// h= as it shall stand; must have From. Empty: the fields of default_names() that the message has, and once more
  /// than it has of those that must not be added (oversigning).
  std::vector<std::string> headers;
  std::optional<WallTime> time;    ///< t=
  std::optional<WallTime> expiry;  ///< x=
  std::string identity;            ///< i=; empty: no tag
};

enum class SignErrorCode { NoFrom, SeveralFrom, BeginsFolded, HeaderTooLarge, FromNotSigned, BadSetting, KeyFailed };
struct SignError {
  SignErrorCode code;
  std::string what;
};

/// RFC 5322 §2.2.3: the first line goes on with the field above it. There is none, so it would go on with what is put
/// in front, which would then not be what was signed.
bool begins_folded(const MessagePass& pass);

/// What is wrong with an h= of these names over this message, in words; empty: nothing. For DKIM and for ARC.
std::string find_fault(const MessagePass& pass, std::span<const std::string_view> names);

/// The whole field with CRLF. Arithmetic: belongs on an Offload. REQUIRES: the pass is finished, and its body hashed as
/// settings.canonicalization.body says.
std::expected<std::string, SignError> sign(const MessagePass& pass, const SignSettings& settings);

class Signer {
 public:
  explicit Signer(std::vector<SignSettings> settings);
  /// The message with CRLF, in pieces of any size.
  void feed(std::string_view piece) { pass_.feed(piece); }
  /// The fields, in the order of the settings, to be put in front of the message. Arithmetic: belongs on an Offload.
  std::expected<std::string, SignError> finish();

 private:
  std::vector<SignSettings> settings_;
  MessagePass pass_;
};

/// What is signed where nothing else is configured (RFC 6376 §5.4.1).
struct DefaultName {
  std::string_view name;
  bool oversigned;  ///< once more than the message has it, so that none can be added (RFC 6376 §8.15)
};
const std::vector<DefaultName>& default_names();

}  // namespace postseal::dkim
