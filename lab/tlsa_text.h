#pragma once
// SPDX-License-Identifier: Apache-2.0
// TLSA records as a world writes them: "3 1 1", "3 1 1 wrong", "2 1 1 intermediate of mx.other.test", "3 1 1 0123ab…".
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "vocab/codec.h"
#include "vocab/domain.h"

namespace postseal::lab {

struct TlsaSpec {
  enum class What {
    Usual,  ///< usage 0 and 2: the root CA; else the leaf
    Leaf,
    Intermediate,
    Root,
    Wrong,  ///< well-formed and of nothing that is shown
    Short,  ///< half a digest (D12)
    Empty,  ///< no data (D12)
    Exact,  ///< the data as written
  };
  std::uint8_t usage = 3, selector = 1, matching = 1;
  What what = What::Usual;
  std::optional<Domain> of;  ///< the host whose certificate is meant, if not the record's own
  int count = 1;             ///< with Wrong: so many different records
  Bytes data;                ///< with Exact
};

inline constexpr int kMaxTlsaCount = 1000;

/// Names of hosts are resolved as everywhere in a case. The error says what is allowed.
std::expected<TlsaSpec, std::string> parse_tlsa_spec(std::string_view text, const std::optional<Domain>& origin);

}  // namespace postseal::lab
