#pragma once
// SPDX-License-Identifier: Apache-2.0
// One DMARC policy record (RFC 9989 §4.7, §4.8), and the one that counts among the TXT records of a name.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dns/records.h"

namespace postseal::dmarc {

enum class Policy { None, Quarantine, Reject };
std::string_view to_string(Policy policy);

enum class Alignment { Relaxed, Strict };
enum class PublicSuffix { Unknown, Yes, No };

struct Record {
  std::optional<Policy> p, sp, np;
  bool policy_broken = false;  ///< p is missing or wrong, or sp or np is wrong (RFC 9989 §4.10.1)
  Alignment adkim = Alignment::Relaxed;
  Alignment aspf = Alignment::Relaxed;
  bool testing = false;  ///< t=y
  PublicSuffix psd = PublicSuffix::Unknown;
  std::vector<std::string> rua, ruf;  ///< syntactically valid URIs, without the obsolete !size
  std::string fo = "0";
  bool operator==(const Record&) const = default;
};

/// nullopt: not a DMARC record. Everything behind the version that is wrong is ignored.
std::optional<Record> parse_record(std::string_view text);

/// nullopt: none, or several (RFC 9989 §4.10 steps 2 and 6).
std::optional<Record> select_record(const std::vector<dns::TxtRecord>& records);

}  // namespace postseal::dmarc
