// SPDX-License-Identifier: Apache-2.0
#include "flow/dispatch/verdict_words.h"

#include <algorithm>

namespace postseal::dispatch {

namespace {

bool has_reason(const policy::HostDecision& host, policy::ReasonCode code) {
  return std::ranges::find(host.reasons, code, &policy::Reason::code) != host.reasons.end();
}

/// A server's own word is about the recipient; a session that satisfied the decision and broke is about the letter;
/// what could not be proved is about the destination; hosts that could not be reached are about the site.
queue::Scope scope_of(const outbound::DeliveryRecord& record, const outbound::RecipientVerdict& verdict) {
  if (verdict.outcome != DeliveryOutcome::Deferred || verdict.answered) return queue::Scope::Recipient;
  if (record.decision.course != policy::Course::Dial || record.attempts.empty()) return queue::Scope::Destination;
  if (record.attempts.back().opened) return queue::Scope::Recipient;
  const auto unproved = [](const outbound::HostAttempt& attempt) {
    return attempt.tls_result.has_value() || attempt.lacks_demand;
  };
  return std::ranges::any_of(record.attempts, unproved) ? queue::Scope::Destination : queue::Scope::Site;
}

queue::Security security_of(outbound::ProofShown proof) {
  switch (proof) {
    case outbound::ProofShown::None:
      return queue::Security::Unknown;
    case outbound::ProofShown::Plaintext:
      return queue::Security::Plaintext;
    case outbound::ProofShown::Encrypted:
    case outbound::ProofShown::Pkix:
      return queue::Security::Tls;
    case outbound::ProofShown::MtaSts:
      return queue::Security::StsEnforce;
    case outbound::ProofShown::Dane:
      return queue::Security::Dane;
  }
  return queue::Security::Unknown;
}

/// RFC 3461 §5.2.2: by the host that has this recipient's letter, whichever others were tried for the rest.
bool took_over_dsn(const outbound::DeliveryRecord& record, const outbound::RecipientVerdict& verdict) {
  const auto at_host = [&](const outbound::HostAttempt& attempt) { return attempt.host == verdict.host; };
  const auto last = std::ranges::find_if(record.attempts.rbegin(), record.attempts.rend(), at_host);
  return last != record.attempts.rend() && last->dsn_offered;
}

/// Only what is remembered of the domain stood in the way: a server was there, and showed no TLS.
bool misses_remembered_tls(const outbound::DeliveryRecord& record) {
  if (!record.facts.remembered_tls || record.attempts.empty()) return false;
  const auto& attempt = record.attempts.back();
  const auto host = std::ranges::find(record.decision.hosts, attempt.host, &policy::HostDecision::host);
  return host != record.decision.hosts.end() && has_reason(*host, policy::ReasonCode::RememberedTls) &&
         attempt.tls_result.has_value();
}

}  // namespace

std::string_view desired_security(const policy::Decision& decision) {
  const auto host = std::ranges::find(decision.hosts, policy::HostUse::Dial, &policy::HostDecision::use);
  if (host == decision.hosts.end()) return "none";
  switch (host->requirement.proof) {
    case policy::Proof::Dane:
      return "dane";
    case policy::Proof::Pkix:
      return has_reason(*host, policy::ReasonCode::StsEnforce) ? "mta-sts" : "secure";
    case policy::Proof::None:
      break;
  }
  switch (host->requirement.tls) {
    case policy::TlsUse::Required:
      return "encrypt";
    case policy::TlsUse::IfOffered:
      return "may";
    case policy::TlsUse::Never:
      return "none";
  }
  return "none";
}

std::vector<queue::RecipientResult> results_of(const outbound::DeliveryRecord& record) {
  std::vector<queue::RecipientResult> results;
  for (const auto& verdict : record.recipients) {
    queue::RecipientResult result;
    result.index = static_cast<std::uint32_t>(verdict.index);
    result.outcome = verdict.outcome;
    result.scope = scope_of(record, verdict);
    result.status = verdict.status;
    result.host = verdict.host.ascii();
    result.explanation = verdict.explanation;
    result.reply = verdict.reply;
    result.proof = verdict.proof_name;
    result.desired = desired_security(record.decision);
    result.actual = security_of(verdict.proof);
    result.tls_missing = verdict.outcome == DeliveryOutcome::Deferred && misses_remembered_tls(record);
    result.dsn_passed_on = took_over_dsn(record, verdict);
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace postseal::dispatch
