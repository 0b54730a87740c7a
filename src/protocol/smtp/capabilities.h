#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a server offers in its reply to EHLO (LHLO): RFC 5321 §4.1.1.1, and each extension's own RFC.
#include <cstdint>
#include <optional>

#include "vocab/reply.h"

namespace postseal::smtp {

/// What the last EHLO (LHLO) reply offered. Forgotten at STARTTLS (RFC 3207 §4.2).
struct Capabilities {
  bool ehlo = false;  ///< false: the peer knows HELO only
  bool starttls = false, pipelining = false, eight_bit_mime = false, smtputf8 = false, dsn = false;
  bool enhanced_status_codes = false, chunking = false, requiretls = false;
  std::optional<std::uint64_t> size;  ///< RFC 1870; 0 or no number: no fixed limit, then nullopt with size_offered
  bool size_offered = false;
  std::optional<std::uint32_t> mail_max, rcpt_max, rcpt_domain_max;  ///< RFC 9422 LIMITS
  bool operator==(const Capabilities&) const = default;
};

/// Keywords in any case; unknown ones and malformed parameters are as if absent. REQUIRES: a positive reply to EHLO.
Capabilities parse_capabilities(const Reply& ehlo_reply);

}  // namespace postseal::smtp
