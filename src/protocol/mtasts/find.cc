// SPDX-License-Identifier: Apache-2.0
#include "protocol/mtasts/find.h"

#include <algorithm>

#include "protocol/mtasts/refresh.h"

namespace postseal::mtasts {
namespace {

using tlsrpt::ResultType;

/// What the TXT lookup says. RFC 8461 §3.1.
void judge_record(StsFacts& facts, const dns::Answer<dns::TxtRecord>& txt, std::string& announced_id) {
  if (txt.unknown()) {
    // S03: nobody knows whether there is a policy. Not the same as none: it is counted and asked again next time.
    facts.record_unknown = true;
    const bool bogus = txt.state == dns::AnswerState::Bogus;
    facts.findings.push_back({bogus ? ResultType::DnssecInvalid : ResultType::StsPolicyFetchError,
                              "the TXT record of " + txt.question.ascii() + " could not be looked up (" +
                                  dns::describe(txt.state, txt.secure, txt.failure) + ")" +
                                  (txt.why.empty() ? "" : ": " + txt.why)});
    return;
  }
  const RecordResult record = parse_records(txt.records);
  facts.record = record.verdict;
  switch (record.verdict) {
    case RecordVerdict::Valid:
      announced_id = record.record.id;
      return;
    case RecordVerdict::None:  // S01
      return;
    case RecordVerdict::Several:
    case RecordVerdict::Invalid:
      facts.findings.push_back({std::nullopt, record.reason});
      return;
  }
}

std::string patterns(const Policy& policy) {
  std::string out;
  for (const MxPattern& pattern : policy.mx) out += (out.empty() ? "" : ", ") + pattern.to_string();
  return out.empty() ? "no mx" : out;
}

/// S43: whoever holds the policy host or a certificate for it can replace the policy; the owner shall see it.
void note_replacement(StsFacts& facts, const CachedPolicy& before, const CachedPolicy& after) {
  if (before.policy.mode != Mode::Enforce) return;
  auto sorted = [](std::vector<MxPattern> mx) {
    std::ranges::sort(mx, {}, &MxPattern::to_string);
    return mx;
  };
  if (after.policy.mode != Mode::Enforce) {
    facts.findings.push_back({std::nullopt, "the enforced policy " + before.id + " was replaced by " + after.id +
                                                " with the mode " + std::string(to_string(after.policy.mode))});
  } else if (sorted(before.policy.mx) != sorted(after.policy.mx)) {
    facts.findings.push_back({std::nullopt, "the enforced policy " + before.id + " (" + patterns(before.policy) +
                                                ") was replaced by " + after.id + " (" + patterns(after.policy) + ")"});
  }
}

void put_in_force(StsFacts& facts, Source source, const CachedPolicy& policy) {
  facts.source = source;
  facts.policy = policy.policy;
  facts.id = policy.id;
  facts.expires = policy.expires();
}

std::string position(const PolicyError& error) {
  return error.line == 0 ? std::string() : "line " + std::to_string(error.line) + ": ";
}

/// A fetch, or why there is no policy by it.
Awaitable<std::expected<Policy, FetchError>> fetch_policy(PolicyFetcher& fetcher, Domain policy_domain,
                                                          Deadline deadline) {
  auto body = co_await fetcher.fetch(policy_domain, deadline);
  if (!body) co_return std::unexpected(std::move(body.error()));
  auto policy = parse_policy(*body);
  if (!policy) {
    co_return std::unexpected(
        FetchError{ResultType::StsPolicyInvalid, position(policy.error()) + policy.error().reason});
  }
  co_return std::move(*policy);
}

void note_failure(StsFacts& facts, std::optional<ResultType> result, const std::string& id, const std::string& reason,
                  const std::optional<CachedPolicy>& current) {
  facts.temporary_error = true;
  // RFC 8461 §3.3 SHOULD: administrators hear of it when a refresh fails, as it may be somebody's doing (pitfall 1).
  facts.findings.push_back({result, "the policy " + id + " could not be had: " + reason +
                                        (current ? "; the policy " + current->id + " stays in force" : "")});
}

}  // namespace

Awaitable<StsFacts> find_policy(dns::Resolver& resolver, PolicyFetcher& fetcher, PolicyCache& cache, const Clock& clock,
                                Domain policy_domain, FindSettings settings, Deadline deadline) {
  StsFacts facts;
  // RFC 8461 §3.4 MUST NOT (S34): the name itself, never a parent.
  const auto name = policy_domain.prefixed("_mta-sts");
  if (policy_domain.is_root() || !name) co_return facts;

  // RFC 8461 §3.1, §8.2 (S08): the resolver follows aliases, by which a provider hosts the record.
  const dns::RawAnswer raw =
      co_await resolver.lookup(*name, dns::RecordType::TXT, Deadline::in(settings.lookup_at_most).earlier(deadline));
  std::string id;
  judge_record(facts, dns::parse_txt(raw), id);

  CacheEntry entry = cache.load(policy_domain);
  const WallTime now = clock.now();
  std::optional<CachedPolicy> current;
  if (entry.policy && in_force(*entry.policy, now)) current = entry.policy;

  // While DNS is silent, or says without a signature that there is no valid record, a policy that is due is refreshed
  // under the id it has: else whoever drops or forges TXT answers could let it run out. A record that is securely known
  // to be gone is its owner's word: the policy runs out.
  if (current && id.empty() && (facts.record_unknown || !raw.secure)) id = current->id;

  // S09: HTTPS is asked for an id that is new, and for a policy that has grown old.
  const bool wanted =
      !id.empty() && (!current || current->id != id || refresh_due(*current, policy_domain, settings, now));
  if (wanted && backing_off(entry, id, settings, now)) {
    note_failure(facts, entry.failure->result, id, entry.failure->reason, current);
  } else if (wanted) {
    auto policy = co_await fetch_policy(fetcher, policy_domain, deadline);
    if (policy) {
      // S42: adopted at once, also where it asks for less than before.
      const CachedPolicy fetched{id, std::move(*policy), clock.now()};
      if (current) note_replacement(facts, *current, fetched);
      // S23: a max_age of 0 is good for this delivery and leaves nothing behind.
      const bool kept = fetched.policy.max_age > Seconds(0);
      cache.save(policy_domain, {kept ? std::optional(fetched) : std::nullopt, std::nullopt});
      put_in_force(facts, Source::Fetched, fetched);
      co_return facts;
    }
    // RFC 8461 §3.3 MUST (S09, pitfall 1): a failure takes nothing away from what is remembered.
    const FetchError& error = policy.error();
    if (error.not_asked) {
      // A35, E2: strangers whose policy hosts are slow must not pass for somebody who keeps this domain's from us.
      facts.not_asked = !current;
      note_failure(facts, std::nullopt, id, error.reason, current);
    } else {
      entry.failure = FetchFailureMemo{id, clock.now(), error.reason, error.result};
      cache.save(policy_domain, entry);
      note_failure(facts, error.result, id, error.reason, current);
    }
  }

  // RFC 8461 §3.3, §5.1 MUST (S02, S03, S10): an unexpired policy is applied whatever DNS or HTTPS say now; without one
  // the domain is as one that has none.
  if (current) put_in_force(facts, Source::Cached, *current);
  co_return facts;
}

}  // namespace postseal::mtasts
