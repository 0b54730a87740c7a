// SPDX-License-Identifier: Apache-2.0
#include "protocol/dmarc/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/dmarc/tree_walk.h"

namespace postseal::dmarc {
namespace {

/// A24: domains of signatures below the organizational domain, each of which costs a walk.
constexpr std::size_t kMaxWalks = 100;

enum class Aligned { No, Yes, Unknown };

struct Applicable {
  std::optional<FoundRecord> record;
  std::string why;  ///< there is none, in words
  bool unknown = false;
};

/// RFC 9989 §4.10.1: the record of the author's domain, else of its organizational domain, else of its public suffix.
Awaitable<Applicable> find_policy(TreeWalker& walker, Domain author) {
  Applicable applicable;
  Lookup own = co_await walker.look_at(author);
  if (own.unknown) {
    applicable.unknown = true;
    applicable.why = std::move(own.why);
    co_return applicable;
  }
  if (own.record) {
    applicable.record = FoundRecord{std::move(author), std::move(*own.record)};
    co_return applicable;
  }
  const Walk walk = co_await walker.walk(author);
  applicable.unknown = walk.unknown;
  applicable.why = walk.unknown ? walk.why : author.ascii() + " and the domains above it publish no DMARC record";
  if (walk.unknown) co_return applicable;
  const auto find = [&](auto predicate) {
    const auto found = std::ranges::find_if(walk.found, predicate);
    if (found != walk.found.end()) applicable.record = *found;
  };
  find([&](const FoundRecord& each) { return each.domain == walk.organizational; });
  if (!applicable.record) {
    find([](const FoundRecord& each) { return each.record.psd == PublicSuffix::Yes; });
  }
  co_return applicable;
}

std::string_view top_of(const Domain& domain) {
  const std::string_view name = domain.ascii();
  return name.substr(name.rfind('.') + 1);
}

struct Pair {
  Domain author, identifier;
};
enum class Reach { Walk, NoWalk };

/// RFC 9989 §4.4, §4.10.2.
Awaitable<Aligned> align(TreeWalker& walker, Pair names, Alignment mode, Reach reach) {
  const auto& [author, identifier] = names;
  if (identifier == author) co_return Aligned::Yes;
  // RFC 9989 §3.2.10.2: strict is identical.
  if (mode == Alignment::Strict) co_return Aligned::No;
  // RFC 9989 §4.10.2: what they could share is a name above both; without a common top there is none, whatever DNS
  // says.
  if (top_of(author) != top_of(identifier)) co_return Aligned::No;
  const Walk of_author = co_await walker.walk(author);
  if (of_author.unknown) co_return Aligned::Unknown;
  // An organizational domain is the name itself or above it: whoever is not below the author's cannot share it.
  if (!identifier.is_within(of_author.organizational)) co_return Aligned::No;
  // What nobody looked at is not known.
  if (reach == Reach::NoWalk) co_return Aligned::Unknown;
  const Walk of_identifier = co_await walker.walk(identifier);
  if (of_identifier.unknown) co_return Aligned::Unknown;
  // RFC 9989 §3.2.10.1: relaxed is the same organizational domain.
  co_return of_identifier.organizational == of_author.organizational ? Aligned::Yes : Aligned::No;
}

struct Effective {
  Policy existing = Policy::None;
  Policy missing = Policy::None;
};

/// RFC 9989 §4.7, §4.10.1: np, else sp, else p.
Effective below(const Record& record) {
  const Policy p = record.p.value_or(Policy::None);
  const Policy sp = record.sp.value_or(p);
  return {sp, record.np.value_or(sp)};
}

/// RFC 9989 §4.7 "t": one level below what is published.
Policy lowered(Policy policy) { return policy == Policy::Reject ? Policy::Quarantine : Policy::None; }

enum class Existence { Yes, No, Unknown };

class Check {
 public:
  Check(dns::Resolver& resolver, Question question, Deadline deadline)
      : resolver_(resolver), question_(std::move(question)), deadline_(deadline), walker_(resolver, deadline) {}

  Awaitable<Verdict> run() {
    Applicable applicable = co_await find_policy(walker_, question_.author);
    if (applicable.unknown) co_return finish(Result::TempError, std::move(applicable.why));
    if (!applicable.record) {
      verdict_.organizational_domain = question_.author;
      co_return finish(Result::None, std::move(applicable.why));
    }
    adopt(std::move(*applicable.record));
    if (verdict_.record->policy_broken && verdict_.record->rua.empty()) {
      // RFC 9989 §4.10.1: without a valid policy and without anybody to report to DMARC does not apply.
      std::string why = "the record of " + verdict_.record_domain->ascii() + " asks for nothing that could be done";
      co_return finish(Result::None, std::move(why));
    }
    co_await choose_policy();
    co_return co_await judge();
  }

 private:
  void adopt(FoundRecord found) {
    verdict_.record_domain = std::move(found.domain);
    verdict_.rua = found.record.rua;
    verdict_.ruf = found.record.ruf;
    verdict_.record = std::move(found.record);
  }

  Awaitable<void> choose_policy() {
    const Record& record = *verdict_.record;
    // RFC 9989 §4.10.1 MUST: a record with reports and without a valid policy is one of p=none.
    if (record.policy_broken) {
      verdict_.policy = Policy::None;
      co_return;
    }
    // RFC 9989 §4.10.1: p for the domain that has the record, sp and np for those below it.
    if (*verdict_.record_domain == question_.author) {
      verdict_.policy = record.p;
      co_return;
    }
    const Effective policies = below(record);
    if (policies.existing == policies.missing) {
      verdict_.policy = policies.existing;
      co_return;
    }
    switch (co_await author_exists()) {
      case Existence::Yes:
        verdict_.policy = policies.existing;
        co_return;
      case Existence::No:
        verdict_.policy = policies.missing;
        co_return;
      case Existence::Unknown:
        existence_known_ = false;
        verdict_.policy = std::min(policies.existing, policies.missing);
        co_return;
    }
  }

  /// RFC 9989 §3.2.13, RFC 8020 §2: NXDOMAIN, for a query of any type, is a domain that does not exist.
  Awaitable<Existence> author_exists() {
    const Lookup below_it = co_await walker_.look_at(question_.author);
    if (!below_it.name_may_miss) co_return Existence::Yes;
    const auto answer = co_await resolver_.lookup(question_.author, dns::RecordType::A, deadline_);
    existence_secure_ = answer.secure;
    if (answer.unknown()) co_return Existence::Unknown;
    // RFC 6604 §2: behind a CNAME the NXDOMAIN is that of another name; this one exists, since it has the CNAME.
    const bool missing = answer.state == dns::AnswerState::NxDomain && !answer.aliased();
    co_return missing ? Existence::No : Existence::Yes;
  }

  /// Whether any of these identities is aligned.
  Awaitable<Aligned> any_aligned(std::vector<Domain> identifiers, Alignment mode) {
    Aligned worst = Aligned::No;
    std::size_t walks = 0;
    // The identical one needs no lookup.
    if (std::ranges::find(identifiers, question_.author) != identifiers.end()) co_return Aligned::Yes;
    for (const Domain& identifier : identifiers) {
      const bool known = walker_.walked(identifier);
      const Reach reach = known || walks < kMaxWalks ? Reach::Walk : Reach::NoWalk;
      const Aligned aligned = co_await align(walker_, {question_.author, identifier}, mode, reach);
      if (!known && walker_.walked(identifier)) ++walks;
      if (aligned == Aligned::Yes) co_return aligned;
      if (aligned == Aligned::Unknown) worst = aligned;
    }
    co_return worst;
  }

  Awaitable<Verdict> judge() {
    const Record record = *verdict_.record;
    const Aligned spf = co_await any_aligned(spf_domains(spf::Result::Pass), record.aspf);
    const Aligned dkim = co_await any_aligned(dkim_domains(dkim::Result::Pass), record.adkim);
    verdict_.spf_aligned = spf == Aligned::Yes;
    verdict_.dkim_aligned = dkim == Aligned::Yes;
    co_await note_organizational();
    // RFC 9989 §5.3.5: one aligned identifier is a pass.
    if (verdict_.spf_aligned || verdict_.dkim_aligned) {
      const char* by = !verdict_.dkim_aligned ? "SPF" : verdict_.spf_aligned ? "SPF and DKIM" : "DKIM";
      co_return finish(Result::Pass, fmt::format("{} proved {}", by, question_.author.ascii()));
    }
    // RFC 9989 §5.3.6: what DNS did not answer leaves the message without a pass and without a fail.
    const std::string name = question_.author.ascii();
    if (spf == Aligned::Unknown || dkim == Aligned::Unknown) {
      co_return finish(Result::TempError, "DNS did not say which domains belong together with " + name);
    }
    const Aligned late_spf = co_await any_aligned(spf_domains(spf::Result::TempError), record.aspf);
    const Aligned late_dkim = co_await any_aligned(dkim_domains(dkim::Result::TempError), record.adkim);
    if (late_spf != Aligned::No || late_dkim != Aligned::No) {
      co_return finish(Result::TempError, "DNS did not answer a check of SPF or DKIM that could have proved " + name);
    }
    if (!existence_known_) co_return finish(Result::TempError, "DNS did not say whether " + name + " exists");
    co_return finish(Result::Fail, fmt::format("neither SPF nor DKIM proved {}; {} asks for {}{}", name,
                                               verdict_.record_domain->ascii(), to_string(*verdict_.policy),
                                               record.testing ? " and is testing that" : ""));
  }

  std::vector<Domain> spf_domains(spf::Result result) const {
    // RFC 9989 §4.4.2: the MAIL FROM identity alone.
    if (!question_.spf || question_.spf->result != result) return {};
    return {question_.spf->domain};
  }

  std::vector<Domain> dkim_domains(dkim::Result result) const {
    std::vector<Domain> domains;
    for (const DkimIdentity& each : question_.dkim) {
      if (each.result == result && std::ranges::find(domains, each.domain) == domains.end()) {
        domains.push_back(each.domain);
      }
    }
    return domains;
  }

  /// For people and for reports. RFC 9989 §4.10.2: where all that was authenticated is the author's domain, and it has
  /// a record, it is its own organizational domain without a walk.
  Awaitable<void> note_organizational() {
    if ((verdict_.spf_aligned || verdict_.dkim_aligned) && !walker_.walked(question_.author)) {
      verdict_.organizational_domain = question_.author;
      co_return;
    }
    const Walk walk = co_await walker_.walk(question_.author);
    if (!walk.unknown) verdict_.organizational_domain = walk.organizational;
  }

  Verdict finish(Result result, std::string reason) {
    verdict_.result = result;
    verdict_.reason = std::move(reason);
    verdict_.queries = walker_.queries();
    verdict_.secure = walker_.secure() && existence_secure_;
    if (result == Result::Fail) {
      verdict_.disposition = verdict_.record->testing ? lowered(*verdict_.policy) : *verdict_.policy;
    }
    if (result == Result::None) verdict_.policy.reset();
    return std::move(verdict_);
  }

  dns::Resolver& resolver_;
  Question question_;
  Deadline deadline_;
  TreeWalker walker_;
  Verdict verdict_;
  bool existence_secure_ = true;
  bool existence_known_ = true;
};

}  // namespace

std::string_view to_string(Result result) {
  switch (result) {
    case Result::None:
      return "none";
    case Result::Pass:
      return "pass";
    case Result::Fail:
      return "fail";
    case Result::TempError:
      return "temperror";
    case Result::PermError:
      return "permerror";
  }
  return "permerror";
}

Awaitable<Verdict> check(dns::Resolver& resolver, Question question, Deadline deadline) {
  Check check(resolver, std::move(question), deadline);
  co_return co_await check.run();
}

}  // namespace postseal::dmarc
