#pragma once
// SPDX-License-Identifier: Apache-2.0
// The policy in force for a policy domain: TXT record, cache and HTTPS fetch put together. The only file of this room
// that awaits. RFC 8461 §3.3, §5.1; pitfalls: a failed fetch never discards an unexpired policy, a policy's life is
// never prolonged by the TXT record alone, and back-off is per domain and id.
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "protocol/dns/resolver.h"
#include "protocol/mtasts/policy.h"
#include "protocol/mtasts/record.h"
#include "protocol/tlsrpt/result_type.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"

namespace postseal::mtasts {

/// A fetch that failed, named as TLSRPT names it.
struct FetchError {
  tlsrpt::ResultType result = tlsrpt::ResultType::StsPolicyFetchError;
  std::string reason;
  /// Other fetches took the time that this one had. It says nothing of the policy host.
  bool not_asked = false;
};

/// GET https://mta-sts.DOMAIN/.well-known/mta-sts.txt with every limit of RFC 8461 §3.3. Implemented in edge/http.
class PolicyFetcher {
 public:
  virtual ~PolicyFetcher() = default;
  /// The body of a 200 text/plain answer, at most kMaxPolicySize.
  virtual Awaitable<std::expected<std::string, FetchError>> fetch(Domain policy_domain, Deadline deadline) = 0;
};

struct CachedPolicy {
  std::string id;
  Policy policy;
  WallTime fetched;  ///< the last successful HTTPS fetch
  WallTime expires() const { return fetched + policy.max_age; }
  bool operator==(const CachedPolicy&) const = default;
};

struct FetchFailureMemo {
  std::string id;
  WallTime at;
  std::string reason;
  tlsrpt::ResultType result = tlsrpt::ResultType::StsPolicyFetchError;
  bool operator==(const FetchFailureMemo&) const = default;
};

struct CacheEntry {
  std::optional<CachedPolicy> policy;
  std::optional<FetchFailureMemo> failure;
};

/// Memory that survives restart. Implemented in edge/store. A broken entry is as good as none, and is said in the log.
class PolicyCache {
 public:
  virtual ~PolicyCache() = default;
  virtual CacheEntry load(const Domain& policy_domain) = 0;
  virtual void save(const Domain& policy_domain, const CacheEntry& entry) = 0;
};

enum class Source { None, Fetched, Cached };

/// Something on the way to the policy that TLSRPT or an operator wants to know; the policy may be in force all the
/// same.
struct Finding {
  std::optional<tlsrpt::ResultType> result;  ///< set when it counts for TLSRPT
  std::string text;
};

/// What is known about MTA-STS for one domain.
struct StsFacts {
  Source source = Source::None;
  std::optional<Policy> policy;  ///< in force; absent: as if the domain had none
  std::string id;
  WallTime expires{};
  RecordVerdict record = RecordVerdict::None;
  bool record_unknown = false;  ///< the TXT lookup failed or was bogus: S03
  /// An announced edition could not be had: back-off is running or the fetch just failed.
  bool temporary_error = false;
  /// It was not even asked for, and none is cached: what the domain demands is not known.
  bool not_asked = false;
  std::vector<Finding> findings;
};

struct FindSettings {
  Seconds retry_after{300};                          ///< S44: back-off per id after a failed fetch
  Seconds refresh_at_most{86400};                    ///< refetch daily at least
  double refresh_fraction = 0.5;                     ///< or at this part of max_age, whichever comes first
  double refresh_jitter = 0.1;                       ///< spread, as part of the refresh interval, by hash of the domain
  std::chrono::milliseconds lookup_at_most{12'000};  ///< for the TXT record; a silent name server is not the fetch
};

/// The policy domain is the recipient's domain itself (S34, S36), or the smart host's (S35).
Awaitable<StsFacts> find_policy(dns::Resolver& resolver, PolicyFetcher& fetcher, PolicyCache& cache, const Clock& clock,
                                Domain policy_domain, FindSettings settings, Deadline deadline);

}  // namespace postseal::mtasts
