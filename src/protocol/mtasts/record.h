#pragma once
// SPDX-License-Identifier: Apache-2.0
// The TXT record at _mta-sts.DOMAIN: is there a policy, and which edition? RFC 8461 §3.1, errata 6285.
#include <expected>
#include <string>
#include <vector>

#include "protocol/dns/records.h"

namespace postseal::mtasts {

struct Record {
  std::string id;  ///< 1..32 letters and digits
  bool operator==(const Record&) const = default;
};

enum class RecordVerdict {
  Valid,
  None,     ///< no record that begins with v=STSv1: the domain does not implement MTA-STS
  Several,  ///< more than one: the domain MUST be treated as not implementing MTA-STS
  Invalid,  ///< one, but it does not parse
};

struct RecordResult {
  RecordVerdict verdict = RecordVerdict::None;
  Record record;       ///< meaningful for Valid
  std::string reason;  ///< in words for people, for every verdict
};

/// All TXT records found at the name.
RecordResult parse_records(const std::vector<dns::TxtRecord>& records);

}  // namespace postseal::mtasts
