#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which letters an operation is about, as the operator says it: `domain=example.org older=4h reason=timeout`. All terms
// must hold. Pure.
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/spool/letter.h"

namespace postseal::queue {

/// What is not set selects everything. About recipients are domain, recipient, mx and reason: all four must hold of the
/// same one.
struct Selector {
  std::vector<spool::LetterId> ids;  ///< one of these
  std::string domain;                ///< of a recipient: "example.org", ".example.org" (below it), "[192.0.2.1]"
  std::string recipient;             ///< "user@example.org"
  std::string mx;                    ///< an MX host of the recipient's site: "mx.example.org", ".example.org"
  std::string sender;                ///< "user@example.org", "@example.org", ".example.org", "<>" for notifications
  std::string reason;                ///< a part of the explanation or of the code of the last attempt; case is ignored
  std::optional<Seconds> older, younger;         ///< accepted at least, or less than, that long ago
  std::optional<std::uint64_t> larger, smaller;  ///< octets: at least, or less than
  std::optional<bool> held;
  bool operator==(const Selector&) const = default;

  bool everything() const { return *this == Selector(); }
};

/// Terms are "key=value", or "all", "held", "not-held", or a letter id. No term at all is an error: who means
/// everything says so. The error is a sentence for people.
std::expected<Selector, std::string> parse_selector(std::span<const std::string> terms);

/// Those that wait and that the selector means, by index. site_of: the site of a destination (NextHop::key()), "" if
/// none is known.
std::vector<std::uint32_t> matching_recipients(const Selector& selector, const spool::QueuedLetter& letter,
                                               WallTime now,
                                               const std::function<std::string(std::string_view)>& site_of);

}  // namespace postseal::queue
