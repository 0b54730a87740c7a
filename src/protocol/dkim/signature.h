#pragma once
// SPDX-License-Identifier: Apache-2.0
// A DKIM-Signature field taken apart: RFC 6376 §3.5 and §6.1.1. Also an ARC-Message-Signature (RFC 8617 §4.1.2), which
// has the same tags but for v= and another i=.
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dkim/body_hash.h"
#include "protocol/dkim/key.h"
#include "protocol/dkim/result.h"
#include "vocab/domain.h"

namespace postseal::dkim {

enum class SignatureKind { Dkim, ArcMessage };

struct Signature {
  Algorithm algorithm = Algorithm::RsaSha256;
  CanonicalizationPair canonicalization;
  Domain domain;
  std::string selector;                 ///< as written
  std::string identity;                 ///< i=, decoded; "@" and d= without one. ARC: the instance as written
  bool identity_in_subdomain = false;   ///< of d=
  std::vector<std::string_view> names;  ///< h=; views into the field
  std::string signature;                ///< b=, decoded
  Digest body_hash{};                   ///< bh=, decoded
  std::optional<std::uint64_t> length;  ///< l=
  std::optional<std::uint64_t> signed_at, expires_at;  ///< t=, x=
  std::string b_prefix;                                ///< RFC 6008 §4: the first characters of b=
  std::size_t b_begin = 0, b_end = 0;                  ///< where the value of b= stands in the field's raw
};

/// What of it can be told although it is not acceptable.
struct SignatureProblem {
  Result result = Result::PermError;
  std::string reason;
};

/// The tags that are shown whatever the verdict; empty where absent. Control characters are gone.
struct SignatureLabels {
  std::string domain, selector, algorithm, identity, b_prefix;
};
SignatureLabels read_labels(const message::HeaderField& field);

/// d= or s=: RFC 8616 §4 lets both be written in U-labels. Underscores are in use; what else DNS could hold is not.
std::optional<Domain> parse_signer_name(std::string_view text);

std::expected<Signature, SignatureProblem> parse_signature(const message::HeaderField& field, SignatureKind kind);

}  // namespace postseal::dkim
