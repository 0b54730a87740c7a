#pragma once
// SPDX-License-Identifier: Apache-2.0
// The policy body and its mx patterns. RFC 8461 §3.2, §4.1.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vocab/clock.h"
#include "vocab/domain.h"

namespace postseal::mtasts {

enum class Mode { Enforce, Testing, None };
std::string_view to_string(Mode mode);
std::optional<Mode> parse_mode(std::string_view word);

/// "mail.example.com" or "*.example.com"; the wildcard stands for exactly one left-most label.
struct MxPattern {
  Domain name;  ///< without "*."
  bool wildcard = false;
  /// The error is one sentence for people.
  static std::expected<MxPattern, std::string> parse(std::string_view text);
  bool matches(const Domain& host) const;
  std::string to_string() const;
  bool operator==(const MxPattern&) const = default;
};

struct Policy {
  Mode mode = Mode::None;
  Seconds max_age{0};  ///< capped to kMaxAge
  std::vector<MxPattern> mx;
  bool operator==(const Policy&) const = default;
};

inline constexpr Seconds kMaxAge{31557600};
inline constexpr std::size_t kMaxPolicySize = 64 * 1024;

struct PolicyError {
  int line = 0;        ///< 1-based; 0 for the body as a whole
  std::string reason;  ///< in words for people
};

std::expected<Policy, PolicyError> parse_policy(std::string_view body);
/// The pattern that covers the host; nullopt if none does.
std::optional<MxPattern> match_host(const Policy& policy, const Domain& host);

}  // namespace postseal::mtasts
