#pragma once
// SPDX-License-Identifier: Apache-2.0
// Is the author's domain what somebody authenticated, and if not, what does its owner ask for? RFC 9989.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dkim/result.h"
#include "protocol/dmarc/record.h"
#include "protocol/dns/resolver.h"
#include "protocol/spf/result.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"
#include "vocab/domain.h"

namespace postseal::dmarc {

enum class Result { None, Pass, Fail, TempError, PermError };
std::string_view to_string(Result result);

/// The MAIL FROM identity; with <>, postmaster@HELO (RFC 9989 §3.2.4). Never the HELO identity by itself.
struct SpfIdentity {
  Domain domain;
  spf::Result result = spf::Result::None;
  bool operator==(const SpfIdentity&) const = default;
};

/// d= of one signature.
struct DkimIdentity {
  Domain domain;
  dkim::Result result = dkim::Result::None;
  bool operator==(const DkimIdentity&) const = default;
};

struct Question {
  Domain author;  ///< of the one address in From
  std::optional<SpfIdentity> spf = {};
  std::vector<DkimIdentity> dkim = {};
  bool operator==(const Question&) const = default;
};

struct Verdict {
  Result result = Result::None;
  std::optional<Policy> policy;         ///< published for this name: p, sp or np; the milder of sp and np where
                                        ///< nobody knows whether it exists; empty without a record
  Policy disposition = Policy::None;    ///< what a receiver is asked to do: None unless Fail; t=y is applied
  std::optional<Domain> record_domain;  ///< where the record is
  std::optional<Domain> organizational_domain;
  std::optional<Record> record;
  bool spf_aligned = false;
  bool dkim_aligned = false;
  std::vector<std::string> queries;  ///< names asked for records, each once, in order: "_dmarc.example.com"
  std::string reason;                ///< in words for people
  bool secure = false;               ///< every DNS answer that was used was validated by DNSSEC
  std::vector<std::string> rua, ruf;
};

/// Never throws; ends at the deadline with TempError. REQUIRES: resolver outlives the wait.
Awaitable<Verdict> check(dns::Resolver& resolver, Question question, Deadline deadline);

}  // namespace postseal::dmarc
