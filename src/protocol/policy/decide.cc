// SPDX-License-Identifier: Apache-2.0
#include "protocol/policy/decide.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/policy/decide_host.h"

namespace postseal::policy {

namespace {

constexpr EnhancedStatus kNullMx{5, 1, 10};      // RFC 7505 §4.1
constexpr EnhancedStatus kBadDomain{5, 1, 2};    // RFC 3463 §3.2: bad destination system address
constexpr EnhancedStatus kRequireTls{5, 7, 30};  // RFC 8689 §4.2.1
constexpr EnhancedStatus kDnsFailure{4, 4, 3};   // RFC 3463 §3.5: directory server failure
constexpr EnhancedStatus kNoHost{4, 4, 4};       // RFC 3463 §3.5: unable to route
constexpr EnhancedStatus kLoop{4, 4, 6};         // RFC 3463 §3.5: routing loop detected
constexpr EnhancedStatus kPolicy{4, 7, 5};       // RFC 3463 §3.8: cryptographic failure

Decision end(Decision decision, Course course, EnhancedStatus status, ReasonCode code, std::string text) {
  decision.course = course;
  decision.status = status;
  decision.reasons.push_back({code, std::move(text)});
  return decision;
}

bool is_null_mx(const dns::Answer<dns::MxRecord>& mx) {
  return mx.found() && mx.records.size() == 1 && mx.records.front().exchange.is_root();
}

/// An unsigned "does not exist" can be forged. Where an enforced policy proves that the domain had mail servers, it is
/// not believed; a bounce cannot be taken back, a deferral can.
bool absence_is_doubtful(const Facts& facts, bool secure) {
  return !secure && facts.sts.policy && facts.sts.policy->mode == mtasts::Mode::Enforce;
}

bool has_reason(const HostDecision& host, ReasonCode code) {
  return std::ranges::find(host.reasons, code, &Reason::code) != host.reasons.end();
}

std::string domain_of(const Facts& facts) {
  const auto* domain = std::get_if<Domain>(&facts.next_hop);
  return domain ? domain->unicode() : to_string(facts.next_hop);
}

/// RFC 5321 §5.1 MUST: where this server is among the MX hosts, it and those that are no better are not tried: each
/// would send the mail back to us. Kept, not bounced, since an unsigned MX answer can name anybody.
void leave_out_ourselves(const Facts& facts, std::vector<HostDecision>& hosts) {
  if (!facts.mx_lookup || !facts.own_name) return;
  const auto ourselves = std::ranges::find(hosts, *facts.own_name, &HostDecision::host);
  if (ourselves == hosts.end()) return;
  const auto preference = ourselves->preference;
  for (HostDecision& host : hosts) {
    if (host.preference < preference || host.use != HostUse::Dial) continue;
    host.use = HostUse::Skip;
    host.requirement = {};
    host.reasons.push_back(
        {ReasonCode::Ourselves, fmt::format("the MX records name this server, {}, at preference {}: mail for {} would "
                                            "come back to us",
                                            facts.own_name->unicode(), preference, domain_of(facts))});
  }
}

/// No host can be dialled: what does that mean for the message?
Decision conclude_without_host(const Facts& facts, Decision decision) {
  const auto& hosts = decision.hosts;
  if (hosts.empty()) {
    return end(std::move(decision), Course::Defer, kNoHost, ReasonCode::NoHosts,
               fmt::format("the MX records of {} name no usable host", domain_of(facts)));
  }
  const auto dead = [](const HostDecision& host) { return host.use == HostUse::Dead; };
  const auto unauthentic = [](const HostDecision& host) {
    return has_reason(host, ReasonCode::RequireTlsUnauthenticMx);
  };
  // Hosts that were not looked at may exist and may have what the message asks for.
  const bool conclusive = !facts.hosts_left_out;
  if (std::ranges::all_of(hosts, dead) && conclusive) {
    const bool secure = facts.mx.secure &&
                        std::ranges::all_of(facts.hosts, [](const HostFacts& host) { return host.addresses.a.secure; });
    if (absence_is_doubtful(facts, secure)) {
      return end(std::move(decision), Course::Defer, kNoHost, ReasonCode::AllHostsNotFound,
                 "no MX host exists, but an enforced MTA-STS policy says that there are some");
    }
    // RFC 5321 §5.1 (D40): all of them are known not to exist.
    return end(std::move(decision), Course::Bounce, kBadDomain, ReasonCode::AllHostsNotFound,
               fmt::format("no mail server of {} exists", domain_of(facts)));
  }
  // RFC 8689 §4.2.1 (X05): no host that REQUIRETLS accepts, and no unknown fact that could change that: a policy that
  // could not be had might name these hosts.
  const bool policy_unknown = facts.sts.record_unknown || facts.sts.temporary_error;
  if (facts.message.requiretls && conclusive && !policy_unknown &&
      std::ranges::all_of(hosts, [&](const HostDecision& host) { return dead(host) || unauthentic(host); })) {
    return end(std::move(decision), Course::Bounce, kRequireTls, ReasonCode::RequireTlsUnauthenticMx,
               fmt::format("REQUIRETLS cannot be satisfied by any mail server of {}", domain_of(facts)));
  }
  const bool unknown = std::ranges::any_of(hosts, [&](const HostDecision& host) {
    return has_reason(host, ReasonCode::AddressUnknown) || has_reason(host, ReasonCode::TlsaUnknown) ||
           has_reason(host, ReasonCode::StsNotAsked) || (unauthentic(host) && policy_unknown);
  });
  decision.course = Course::Defer;
  const bool loop =
      std::ranges::any_of(hosts, [](const HostDecision& host) { return has_reason(host, ReasonCode::Ourselves); });
  decision.status = unknown ? kDnsFailure : loop ? kLoop : kPolicy;
  return decision;
}

}  // namespace

Decision decide(const Facts& facts) {
  Decision decision;
  decision.weakened = is_weakened(facts.message);
  if (facts.local && facts.local->expires && *facts.local->expires <= facts.now) {
    Facts without = facts;
    without.local.reset();
    decision = decide(without);
    decision.reasons.push_back({ReasonCode::LocalRuleExpired, "a local rule for this destination has expired"});
    return decision;
  }

  if (facts.mx_lookup) {
    const auto& mx = facts.mx;
    // RFC 7672 §2.1.2 MUST (D27): without a trustworthy MX answer nothing is known: keep the whole domain's mail.
    if (mx.unknown()) {
      return end(std::move(decision), Course::Defer, kDnsFailure, ReasonCode::MxUnknown,
                 fmt::format("the MX records of {} are not known: {}{}{}", domain_of(facts),
                             dns::describe(mx.state, mx.secure, mx.failure), mx.why.empty() ? "" : ", ", mx.why));
    }
    // RFC 7505 §3 MUST (D39, S39): the domain says that it takes no mail.
    if (is_null_mx(mx)) {
      return end(std::move(decision), Course::Bounce, kNullMx, ReasonCode::NullMx,
                 fmt::format("{} accepts no mail (null MX)", domain_of(facts)));
    }
    if (mx.state == dns::AnswerState::NxDomain) {
      if (absence_is_doubtful(facts, mx.secure)) {
        return end(
            std::move(decision), Course::Defer, kDnsFailure, ReasonCode::DomainNotFound,
            fmt::format("an unsigned answer says that {} does not exist, but an enforced MTA-STS policy is known",
                        domain_of(facts)));
      }
      // RFC 5321 §5.1 (D40): no such domain.
      return end(std::move(decision), Course::Bounce, kBadDomain, ReasonCode::DomainNotFound,
                 fmt::format("{} does not exist", domain_of(facts)));
    }
    decision.reasons.push_back(mx.secure ? Reason{ReasonCode::MxSecure, "the MX answer is signed and valid"}
                                         : Reason{ReasonCode::MxInsecure, "the MX answer is not signed"});
  }

  // RFC 7672 §2.2.1 (D42): the order is that of preference alone; what a host publishes does not move it.
  for (const HostFacts& host : facts.hosts) decision.hosts.push_back(decide_host(facts, host));
  leave_out_ourselves(facts, decision.hosts);
  const bool any = std::ranges::any_of(decision.hosts, [](const auto& host) { return host.use == HostUse::Dial; });
  if (!any) return conclude_without_host(facts, std::move(decision));
  decision.course = Course::Dial;
  return decision;
}

}  // namespace postseal::policy
