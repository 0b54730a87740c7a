#pragma once
// SPDX-License-Identifier: Apache-2.0
// May this host send as that domain? RFC 7208: check_host() for the MAIL FROM identity, or for HELO by itself.
#include <optional>
#include <string>

#include "protocol/dns/resolver.h"
#include "protocol/spf/result.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"
#include "vocab/ip_address.h"

namespace postseal::spf {

/// As SMTP gave it: nothing here needs to be well-formed.
struct Question {
  IpAddress ip;
  std::string mail_from;  ///< local@domain without angle brackets; "" for <>: then HELO is asked about
  std::string helo;
  std::string receiver;              ///< our name, for %{r} in explanations; "unknown" where empty
  std::optional<WallTime> now = {};  ///< for %{t} in explanations; the system's clock where empty
};

struct Verdict {
  Result result = Result::None;
  /// Only for Fail: what the domain's owner wants the sender to be told, printable US-ASCII, at most
  /// kMaxExplanation octets. Empty where he says nothing. The words are a stranger's: show them as such.
  std::string explanation;
  /// The term that decided, as published ("-all", "include:example.net"); "default" where none did; empty for None.
  std::string mechanism;
  std::string reason;  ///< in words for people, printable
  unsigned lookups = 0;
  unsigned void_lookups = 0;
  std::string domain;      ///< the identity's domain, lower case A-labels; as given where it is malformed
  bool from_helo = false;  ///< the identity is postmaster@HELO
  bool secure = false;     ///< every DNS answer that was used was validated by DNSSEC
};

/// RFC 7208 §4.6.4, §11.1.
inline constexpr unsigned kMaxLookups = 10;
inline constexpr unsigned kMaxVoidLookups = 2;
inline constexpr unsigned kMaxNames = 10;  ///< of one mx, or of the client's PTR records
inline constexpr std::chrono::seconds kTimeLimit{20};
inline constexpr std::size_t kMaxExplanation = 400;

/// The MAIL FROM identity (RFC 7208 §2.4). Never throws; ends at the deadline or after kTimeLimit with TempError.
/// REQUIRES: resolver outlives the wait.
Awaitable<Verdict> check(dns::Resolver& resolver, Question question, Deadline deadline);

/// The HELO identity (RFC 7208 §2.3), whatever MAIL FROM is.
Awaitable<Verdict> check_helo(dns::Resolver& resolver, Question question, Deadline deadline);

}  // namespace postseal::spf
