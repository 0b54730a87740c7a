#pragma once
// SPDX-License-Identifier: Apache-2.0
// The key record: RFC 6376 §3.6.1, RFC 8463 §4. Parsed, found in DNS, and put to use on a signature. Shared with ARC.
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dkim/key.h"
#include "protocol/dkim/result.h"
#include "protocol/dns/resolver.h"

namespace postseal::dkim {

struct KeyRecord {
  KeyType type = KeyType::Rsa;
  bool sha256 = true;            ///< h=: may be used with SHA-256
  bool email = true;             ///< s=: may be used for mail
  bool testing = false;          ///< t=y
  bool strict_identity = false;  ///< t=s: i= must have the domain of d=
  std::string key;               ///< p=, decoded; empty: revoked
};
/// The error says why it is to be discarded, in words for people.
std::expected<KeyRecord, std::string> parse_key_record(std::string_view text);

/// What DNS has at selector._domainkey.domain.
struct KeyAnswer {
  Result problem = Result::None;  ///< TempError, PermError: no record to use, reason says why
  std::string reason;
  bool secure = false;  ///< DNSSEC
  std::vector<std::string> records;
};
inline constexpr std::size_t kMaxKeyRecords = 8, kMaxKeyRecordOctets = 16'384;

/// selector and domain: as in s= and d=, A-labels or U-labels (RFC 8616 §4).
Awaitable<KeyAnswer> lookup_key(dns::Resolver& resolver, std::string selector, Domain domain, Deadline deadline);

struct KeyUse {
  Algorithm algorithm = Algorithm::RsaSha256;
  bool identity_in_subdomain = false;  ///< i= has a domain below d=
};
struct KeyCheck {
  Result result = Result::PermError;
  std::string reason;  ///< empty for Pass
  unsigned key_bits = 0;
  bool testing = false;
};
/// Arithmetic: belongs on an Offload. RFC 6376 §6.1.2: with several records, one that holds is enough.
KeyCheck check_signature(const KeyAnswer& answer, const KeyUse& use, const Digest& digest, std::string_view signature);

}  // namespace postseal::dkim
