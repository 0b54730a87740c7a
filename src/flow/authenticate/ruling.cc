// SPDX-License-Identifier: Apache-2.0
#include "flow/authenticate/ruling.h"

#include <algorithm>

#include "flow/authenticate/trust.h"

namespace postseal::authenticate {

using settings::AuthenticationSettings;
using settings::Treatment;

namespace {

Course course_of(Treatment treatment) {
  switch (treatment) {
    case Treatment::Accept:
      return Course::Accept;
    case Treatment::Quarantine:
      return Course::Quarantine;
    case Treatment::Reject:
      return Course::Reject;
  }
  return Course::Accept;
}

Course course_of(dmarc::Policy policy) {
  switch (policy) {
    case dmarc::Policy::None:
      return Course::Accept;
    case dmarc::Policy::Quarantine:
      return Course::Quarantine;
    case dmarc::Policy::Reject:
      return Course::Reject;
  }
  return Course::Accept;
}

/// The nearest of the domain itself and those above it.
const settings::DmarcException* exception_for(const AuthenticationSettings& settings, const Domain& author) {
  const settings::DmarcException* nearest = nullptr;
  for (const auto& exception : settings.exceptions) {
    if (!author.is_within(exception.domain)) continue;
    if (nearest == nullptr || exception.domain.label_count() > nearest->domain.label_count()) nearest = &exception;
  }
  return nearest;
}

bool passes_dmarc(const Findings& findings) { return findings.dmarc && findings.dmarc->result == dmarc::Result::Pass; }

/// The author's domain, or the operator for it, is known to want something else than that the letter is taken.
bool asks_for_more(const Findings& findings, const AuthenticationSettings& settings) {
  if (!findings.author || !findings.dmarc || !findings.dmarc->policy) return false;
  if (const auto* exception = exception_for(settings, findings.author->domain))
    return exception->treatment != Treatment::Accept;
  // RFC 9989 §4.7 "t": what is only tested asks for one level less.
  const bool testing = findings.dmarc->record && findings.dmarc->record->testing;
  return *findings.dmarc->policy > (testing ? dmarc::Policy::Quarantine : dmarc::Policy::None);
}

/// RFC 7208 §8.6, RFC 9989 §5.3.6: nobody can say now.
Ruling rule_unknown(const AuthenticationSettings& settings) {
  const bool defer = settings.temperror == settings::Unknown::Defer;
  return {defer ? Course::Defer : Course::Accept, Cause::Unknown, "", {}};
}

Ruling rule_failure(const Findings& findings, const AuthenticationSettings& settings) {
  // RFC 8617 §7.2.1: the seals of those whom the operator trusts may outweigh the failure.
  if (findings.voucher) return {Course::Accept, Cause::Dmarc, "trusted sealer", {}};
  // RFC 9989 §5.3.6: quarantine and reject are what the owner of the domain asks for.
  Ruling ruling{course_of(findings.dmarc->disposition), Cause::Dmarc, "", {}};
  if (const auto* exception = exception_for(settings, findings.author->domain))
    ruling = {course_of(exception->treatment), Cause::Dmarc, "exception", {}};
  // To accept it would be to believe a seal that was not checked, to refuse it to lose mail over a name server's bad
  // day.
  if (ruling.course != Course::Accept && may_be_vouched_for(findings.arc, settings.trusted_sealers))
    ruling = {Course::Defer, Cause::Unknown, "", {}};
  return ruling;
}

Ruling rule_unreplied(const Findings& findings, const AuthenticationSettings& settings) {
  // A24: what strangers make us ask must not become a way around the checks, so this does not follow temperror=.
  if (findings.gave_up && !passes_dmarc(findings)) return {Course::Defer, Cause::Crowded, "", {}};
  if (findings.dmarc && findings.dmarc->result == dmarc::Result::TempError) {
    // A24: strangers choose whose name servers are asked, and these may be slow or fail at once. That would be a way
    // around the checks, too, where we know what the author's domain asks for.
    if (asks_for_more(findings, settings) && !findings.voucher) return {Course::Defer, Cause::Unknown, "", {}};
    return rule_unknown(settings);
  }
  if (!findings.author) return {course_of(settings.unclear_from), Cause::UnclearFrom, "", {}};
  if (findings.dmarc && findings.dmarc->result == dmarc::Result::Fail) {
    const auto ruling = rule_failure(findings, settings);
    if (ruling.course != Course::Accept || findings.voucher) return ruling;
  }
  // RFC 9989 §7.1: "-all" alone is no reason to refuse before DMARC has been asked. Where that passes, SPF does not
  // matter.
  if (!passes_dmarc(findings) && settings.spf_fail != Treatment::Accept) {
    if (findings.spf.result == spf::Result::Fail) return {course_of(settings.spf_fail), Cause::SpfFail, "", {}};
    if (findings.spf.result == spf::Result::TempError) return rule_unknown(settings);
  }
  if (findings.dmarc && findings.dmarc->result == dmarc::Result::Fail) return rule_failure(findings, settings);
  return {};
}

}  // namespace

std::string_view to_string(Course course) {
  switch (course) {
    case Course::Accept:
      return "accept";
    case Course::Quarantine:
      return "quarantine";
    case Course::Reject:
      return "reject";
    case Course::Defer:
      return "defer";
  }
  return "";
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::None:
      return "none";
    case Cause::Dmarc:
      return "dmarc";
    case Cause::UnclearFrom:
      return "unclear-from";
    case Cause::SpfFail:
      return "spf";
    case Cause::Unknown:
      return "temperror";
    case Cause::Crowded:
      return "crowded";
  }
  return "";
}

Ruling rule(const Findings& findings, const AuthenticationSettings& settings) {
  Ruling ruling = rule_unreplied(findings, settings);
  if (settings.dmarc == settings::DmarcUse::Report && ruling.course != Course::Accept)
    ruling = {Course::Accept, ruling.cause, "report only", {}};
  if (ruling.course == Course::Reject || ruling.course == Course::Defer)
    ruling.reply = reply_for(ruling.cause, ruling.course, findings);
  return ruling;
}

}  // namespace postseal::authenticate
