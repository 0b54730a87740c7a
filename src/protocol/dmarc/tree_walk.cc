// SPDX-License-Identifier: Apache-2.0
#include "protocol/dmarc/tree_walk.h"

#include <algorithm>
#include <utility>

namespace postseal::dmarc {
namespace {

/// RFC 9989 §4.10: a name of more labels than this is cut to so many behind the first query.
constexpr std::size_t kLongestBehindFirst = 7;

Domain cut_to(Domain domain, std::size_t labels) {
  while (domain.label_count() > labels) domain = *domain.parent();
  return domain;
}

}  // namespace

std::vector<Domain> walk_targets(const Domain& start) {
  std::vector<Domain> targets;
  if (start.is_root()) return targets;
  targets.push_back(start);
  // RFC 9989 §4.10 steps 3 and 4: one label less, or seven where that would be eight and more.
  Domain next = cut_to(*start.parent(), kLongestBehindFirst);
  // RFC 9989 §4.10 step 7: one label less each time, down to the top-level domain.
  for (; !next.is_root(); next = *next.parent()) targets.push_back(next);
  return targets;
}

Domain select_organizational(const Domain& start, const std::vector<FoundRecord>& found) {
  for (const FoundRecord& each : found) {
    // RFC 9989 §4.10.2 rule 1: psd=n.
    if (each.record.psd == PublicSuffix::No) return each.domain;
    // RFC 9989 §4.10.2 rule 2: one label below psd=y, unless that is where the walk began.
    if (each.record.psd == PublicSuffix::Yes && each.domain != start) {
      return cut_to(start, each.domain.label_count() + 1);
    }
  }
  // RFC 9989 §4.10.2 rule 3: the shortest name with a record; without any, where the walk began.
  return found.empty() ? start : found.back().domain;
}

Awaitable<Lookup> TreeWalker::look_at(Domain domain) {
  if (const auto known = lookups_.find(domain); known != lookups_.end()) co_return known->second;
  Lookup lookup;
  // A name that is too long for "_dmarc." in front of it has no record.
  if (const auto name = domain.prefixed("_dmarc")) {
    queries_.push_back(name->ascii());
    auto raw = co_await resolver_.lookup(*name, dns::RecordType::TXT, deadline_);
    // RFC 1035 §3.3.14 wants a string at least; a record of none beside others is none of ours.
    if (raw.records.size() > 1) std::erase_if(raw.records, [](const Bytes& rdata) { return rdata.empty(); });
    const auto answer = dns::parse_txt(raw);
    secure_ = secure_ && answer.secure;
    lookup.unknown = answer.unknown();
    // RFC 6604 §2: behind a CNAME the NXDOMAIN is that of another name.
    lookup.name_may_miss = answer.state == dns::AnswerState::NxDomain && !answer.aliased();
    if (lookup.unknown) lookup.why = "DNS gave no usable answer about " + name->ascii() + ": " + answer.why;
    lookup.record = select_record(answer.records);
  } else {
    lookup.name_may_miss = true;
  }
  lookups_.emplace(std::move(domain), lookup);
  co_return lookup;
}

Awaitable<Walk> TreeWalker::walk(Domain start) {
  if (const auto known = walks_.find(start); known != walks_.end()) co_return known->second;
  Walk walk;
  for (Domain& target : walk_targets(start)) {
    Lookup lookup = co_await look_at(target);
    if (lookup.unknown) {
      walk.unknown = true;
      walk.why = std::move(lookup.why);
      break;
    }
    if (!lookup.record) continue;
    walk.found.push_back({std::move(target), std::move(*lookup.record)});
    // RFC 9989 §4.10 steps 2 and 6: psd=n and psd=y end the walk.
    if (walk.found.back().record.psd != PublicSuffix::Unknown) break;
  }
  walk.organizational = select_organizational(start, walk.found);
  walks_.emplace(std::move(start), walk);
  co_return walk;
}

}  // namespace postseal::dmarc
