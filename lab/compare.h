#pragma once
// SPDX-License-Identifier: Apache-2.0
// Expected against observed, for one case. Pure: looks at the delivery records, at what the servers logged and at what
// the name server was asked.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flow/outbound/record.h"
#include "lab/raw_log.h"
#include "lab/world.h"

namespace postseal::lab {

/// Everything that was seen while one case ran.
struct Observation {
  std::vector<outbound::DeliveryRecord> records;
  std::string wire;                                         ///< the letter with CRLF line ends
  std::vector<SessionLog> sessions;                         ///< of all cases that ran so far
  std::map<Domain, std::vector<std::string>> real_letters;  ///< what real servers have on disk
  std::vector<std::string> asked;                           ///< "TLSA _25._tcp.mx.d01.test", of all cases
  std::string trouble;                                      ///< the case could not run: why
};

struct Mismatch {
  std::string what;  ///< "outcome", "host", "body"
  std::string expected;
  std::string observed;
  bool operator==(const Mismatch&) const = default;
};

/// How one recipient fared: a row of the table.
struct RecipientRow {
  std::string recipient;
  std::string outcome;    ///< "delivered", "deferred", "bounced"
  std::string publishes;  ///< "DNSSEC, TLSA 3 1 1, MTA-STS enforce"
  std::string host;
  std::string proof;  ///< as records call it; empty unless delivered
  std::string status;
  std::string explanation;  ///< one line
  std::vector<Mismatch> mismatches;
};

struct CaseResult {
  std::string name;
  std::string about;
  std::vector<RecipientRow> rows;
  std::vector<Mismatch> mismatches;  ///< of the case as a whole
  std::vector<outbound::DeliveryRecord> records;
  std::string trouble;
  bool as_expected() const;
};

CaseResult compare(const CaseSpec& spec, Observation observation);

/// What the domain of a record publishes, in a few words.
std::string describe_published(const policy::Facts& facts);

/// "TLSA _25._tcp.MX.d01.test." and "TLSA _2525._tcp.mx.d01.test" are the same question in two labs.
std::string normal_question(std::string_view question);

}  // namespace postseal::lab
