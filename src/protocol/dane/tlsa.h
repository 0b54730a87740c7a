#pragma once
// SPDX-License-Identifier: Apache-2.0
// TLSA records as a sender on port 25 sees them: presentation format, and which of them can be used at all.
// RFC 6698 §2, RFC 7671 §4-5, RFC 7672 §3.1.
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dns/records.h"

namespace postseal::dane {

using dns::TlsaRecord;

enum class Unusable {
  PkixUsage,            ///< usage 0 or 1: RFC 7672 §3.1.3
  UnknownUsage,         ///< usage 4..255
  UnknownSelector,      ///< above 1
  UnknownMatchingType,  ///< above 2
  DigestLength,         ///< not 32 bytes for SHA2-256, not 64 for SHA2-512
  Empty,                ///< matching type 0 without data
  Unparsable,           ///< matching type 0: not a DER certificate (selector 0) or public key (selector 1)
};
std::string_view to_string(Unusable why);

struct UnusableRecord {
  TlsaRecord record;
  Unusable why;
  bool operator==(const UnusableRecord&) const = default;
};

struct TlsaSet {
  std::vector<TlsaRecord> usable;
  std::vector<UnusableRecord> unusable;
  /// Records beyond kMaxRecords that were not looked at (local limit, D50).
  std::size_t dropped = 0;
  bool operator==(const TlsaSet&) const = default;
};

/// D50: bounded work. An RRset larger than this keeps its first kMaxRecords usable records after sorting.
inline constexpr std::size_t kMaxRecords = 100;

/// Whether a matching-type-0 record's data is a DER certificate or SubjectPublicKeyInfo. Implemented in edge/tls with
/// OpenSSL; handed in so that this room stays free of it.
using FullDataCheck = bool (*)(const TlsaRecord& record);

/// RFC 7671 §4.1, RFC 7672 §3.1: sorts records into usable and not; duplicates are dropped.
TlsaSet select_usable(const std::vector<TlsaRecord>& records, FullDataCheck parses);

/// "3 1 1 HEX" (blanks inside HEX allowed). The error says what is wrong.
std::expected<TlsaRecord, std::string> parse_tlsa_text(std::string_view text);
/// "3 1 1 0123ab..."
std::string format_tlsa(const TlsaRecord& record);
/// "DANE-EE 3 1 1" / "DANE-TA 2 0 1": how a proof is named to people.
std::string name_of(const TlsaRecord& record);

}  // namespace postseal::dane
