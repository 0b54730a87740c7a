#pragma once
// SPDX-License-Identifier: Apache-2.0
// iprev: does the address have a name that leads back to it? RFC 8601 §3.
#include <optional>
#include <string>
#include <string_view>

#include "protocol/dns/resolver.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"
#include "vocab/ip_address.h"

namespace postseal::spf {

/// RFC 8601 §2.7.3.
enum class IprevResult { Pass, Fail, TempError, PermError };
std::string_view to_string(IprevResult result);

struct IprevVerdict {
  IprevResult result = IprevResult::TempError;
  /// Pass: the name that leads back. Fail: the first name that the address claims, proved by nothing.
  std::optional<Domain> name;
  std::string reason;   ///< in words for people
  bool secure = false;  ///< every answer that was used was validated by DNSSEC
};

/// Looks at up to kMaxNames names. Never throws, ends at the deadline.
Awaitable<IprevVerdict> check_iprev(dns::Resolver& resolver, IpAddress ip, Deadline deadline);

}  // namespace postseal::spf
