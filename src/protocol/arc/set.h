#pragma once
// SPDX-License-Identifier: Apache-2.0
// The ARC Sets of a message, taken apart and put in order: RFC 8617 §4.1, §4.2. Nothing is asked and nothing computed.
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "protocol/dkim/message_pass.h"

namespace postseal::arc {

/// RFC 8617 §4.2.1 MUST: no instance is above.
inline constexpr unsigned kMaxInstance = 50;

/// RFC 8617 §4.1.3: cv=.
enum class ChainValidation : std::uint8_t { None, Pass, Fail };
std::string_view to_string(ChainValidation cv);

/// RFC 8617 §4.1.3: an ARC-Seal field.
struct Seal {
  unsigned instance = 0;
  ChainValidation cv = ChainValidation::None;
  dkim::Algorithm algorithm = dkim::Algorithm::RsaSha256;
  Domain domain;
  std::string selector;   ///< as written
  std::string signature;  ///< b=, decoded
  std::optional<std::uint64_t> sealed_at;
  std::size_t b_begin = 0, b_end = 0;  ///< where the value of b= stands in the field's raw
};

/// The error says why it is none, in words for people.
std::expected<Seal, std::string> parse_seal(const message::HeaderField& field);

/// RFC 8617 §4.2.1: i= of an ARC-Seal or ARC-Message-Signature; nullopt unless it is 1 to 50.
std::optional<unsigned> parse_instance(std::string_view digits);

/// RFC 8617 §4.1.1: an ARC-Authentication-Results field.
struct Results {
  unsigned instance = 0;
  std::string payload;  ///< behind "i=N;", on one line: what authres::parse() reads
};
std::optional<Results> parse_results(const message::HeaderField& field);

/// One link. The numbers are indices in MessagePass::fields().
struct ArcSet {
  std::size_t results = 0, message_signature = 0, seal_field = 0;
  std::string payload;
  std::expected<dkim::Signature, dkim::SignatureProblem> signature;
  Seal seal;
};

struct Chain {
  std::vector<ArcSet> sets;    ///< instances 1, 2, ... without a gap, unless `problem` says otherwise
  unsigned highest = 0;        ///< the highest instance that any of its fields has; 0 without a chain
  bool newest_failed = false;  ///< RFC 8617 §5.2 step 2: the seal of the highest instance says cv=fail
  std::string problem;         ///< empty: the structure is sound
};

/// RFC 8617 §5.2 steps 1 to 3.
Chain collect(const dkim::MessagePass& pass);

}  // namespace postseal::arc
