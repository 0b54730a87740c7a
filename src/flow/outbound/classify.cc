// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/classify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "flow/outbound/remedy.h"

namespace postseal::outbound {

namespace {

constexpr EnhancedStatus kDelivered{2, 0, 0};
constexpr EnhancedStatus kRequireTls{5, 7, 30};    // RFC 8689 §4.2.1: REQUIRETLS support required
constexpr EnhancedStatus kNeedsTls{5, 7, 10};      // RFC 8689 §4.2.1: encryption needed
constexpr EnhancedStatus kPolicyFailure{4, 7, 5};  // RFC 3463 §3.8: cryptographic failure
constexpr EnhancedStatus kNoAnswer{4, 4, 1};       // RFC 3463 §3.5: no answer from host
constexpr EnhancedStatus kBadConnection{4, 4, 2};  // RFC 3463 §3.5

bool has_reason(const policy::HostDecision& host, policy::ReasonCode code) {
  return std::ranges::find(host.reasons, code, &policy::Reason::code) != host.reasons.end();
}

std::string with_remedy(std::string text, std::string_view remedy) {
  return remedy.empty() ? text : fmt::format("{}; {}", text, remedy);
}

std::string explain_reason(const policy::Reason& reason) {
  return with_remedy(fmt::format("{} ({})", reason.text, policy::section(reason.code)), remedy(reason.code));
}

/// An address literal's host has no name: then its address, as far as there was a connection.
std::string name_of(const Domain& host, const std::optional<policy::SessionEvidence>& evidence) {
  if (!host.is_root()) return host.unicode();
  return evidence ? evidence->address.to_string() : "the address";
}

/// What the host failed by: the first rule that demands TLS or more of it. Published ones come before our own.
std::string rule_of(const policy::Decision& decision, const Domain& name) {
  using enum policy::ReasonCode;
  static constexpr std::array kDemands{TlsaUsable,    TlsaUnusable,   StsEnforce, LocalEncrypt, LocalSecure,
                                       LocalDaneOnly, OnlyIfVerified, RequireTls, RememberedTls};
  const auto host = std::ranges::find(decision.hosts, name, &policy::HostDecision::host);
  if (host == decision.hosts.end()) return "";
  const auto demands = [](const policy::Reason& reason) {
    return std::ranges::find(kDemands, reason.code) != kDemands.end();
  };
  const auto reason = std::ranges::find_if(host->reasons, demands);
  if (reason == host->reasons.end()) return "";
  const auto section = policy::section(reason->code);
  return fmt::format(" ({})", section == "local" ? std::string_view(reason->text) : section);
}

std::string explain_attempt(const HostAttempt& attempt, const policy::Decision& decision) {
  std::string text = fmt::format("{}: {}", name_of(attempt.host, attempt.evidence), attempt.problem);
  if (attempt.tls_result) text += rule_of(decision, attempt.host);
  if (attempt.reply) text += fmt::format(" ({})", attempt.reply->to_string());
  const auto failure = attempt.evidence ? attempt.evidence->verdict.failure : policy::ProofFailure::None;
  if (const auto specific = remedy(failure); !specific.empty()) return with_remedy(std::move(text), specific);
  return attempt.tls_result ? with_remedy(std::move(text), remedy(*attempt.tls_result)) : text;
}

/// The last thing that stood in the way: a host's own reason for being skipped, or the domain's.
const policy::Reason* obstacle(const policy::Decision& decision) {
  for (auto host = decision.hosts.rbegin(); host != decision.hosts.rend(); ++host) {
    if (host->use != policy::HostUse::Dial && !host->reasons.empty()) return &host->reasons.back();
  }
  return decision.reasons.empty() ? nullptr : &decision.reasons.back();
}

/// RFC 8689 §4.2.1 (X05): every host was asked, and each plainly lacks what REQUIRETLS asks for. A host that could not
/// be reached, or was not tried for want of time, might have it.
bool requiretls_is_unmet(const policy::Decision& decision, const std::vector<HostAttempt>& attempts) {
  const auto lacks = [&](const policy::HostDecision& host) {
    switch (host.use) {
      case policy::HostUse::Dead:
        return true;
      case policy::HostUse::Skip:
        return has_reason(host, policy::ReasonCode::RequireTlsUnauthenticMx);
      case policy::HostUse::Dial:
        break;
    }
    const auto at_host = [&](const HostAttempt& attempt) { return attempt.host == host.host; };
    return std::ranges::any_of(attempts, at_host) && std::ranges::all_of(attempts, [&](const HostAttempt& attempt) {
             return !at_host(attempt) || attempt.lacks_demand;
           });
  };
  return !attempts.empty() && std::ranges::all_of(decision.hosts, lacks);
}

/// RFC 8689 §4.2.1 SHOULD (X05): 5.7.10 where TLS to a proved server could not be had anywhere; 5.7.30 where it was
/// only REQUIRETLS that was missing, or where no name of a server could be believed.
EnhancedStatus requiretls_status(const policy::Decision& decision, const std::vector<HostAttempt>& attempts) {
  const bool no_tls =
      std::ranges::all_of(attempts, [](const HostAttempt& attempt) { return attempt.tls_result.has_value(); });
  const bool doubtful = std::ranges::any_of(
      decision.hosts, [](const policy::HostDecision& host) { return host.use == policy::HostUse::Skip; });
  return no_tls && !doubtful ? kNeedsTls : kRequireTls;
}

/// No host of the domain has the extension that the letter needs; all of them were asked.
bool cannot_anywhere(const policy::Decision& decision, const Unsettled& left) {
  return !left.cannot_at.empty() && std::ranges::all_of(decision.hosts, [&](const policy::HostDecision& host) {
    return host.use == policy::HostUse::Dead || std::ranges::find(left.cannot_at, host.host) != left.cannot_at.end();
  });
}

/// RFC 3207 §4: 530; RFC 3463 §3.8: X.7.Y is about security and policy. Some say it at MAIL, in words only.
bool may_be_for_want_of_tls(const smtp::RecipientOutcome& outcome) {
  const auto& reply = outcome.reply;
  if (reply.code == 530 || reply.code == 523 || reply.code == 538) return true;
  return reply.status ? reply.status->subject == 7 : outcome.stage == smtp::Stage::Mail;
}

}  // namespace

Standing classify_reply(const smtp::RecipientOutcome& outcome, bool lacks_tls) {
  if (outcome.accepted) return Standing::Delivered;
  if (smtp::worth_another_try(outcome)) return Standing::NextHost;
  // Whoever can only break TLS must not make a letter bounce by that.
  if (lacks_tls && may_be_for_want_of_tls(outcome)) return Standing::NextHost;
  // The server has satisfied the decision before MAIL was said, so a 5xx is the true server's word.
  return outcome.stage == smtp::Stage::Local ? Standing::CannotHere : Standing::Bounced;
}

bool has_answer(const smtp::SessionEnd& end, std::size_t recipient) {
  return recipient < end.transaction.size() && end.transaction[recipient].stage != smtp::Stage::Local;
}

Standing classify_session_end(const smtp::SessionEnd& end, std::size_t recipient, bool lacks_tls) {
  if (has_answer(end, recipient)) return classify_reply(end.transaction[recipient], lacks_tls);
  const bool wait = end.in_doubt || end.failure == smtp::SessionFailure::MessageBroken;
  return wait ? Standing::Wait : Standing::NextHost;
}

ProofShown proof_of(const policy::SessionEvidence& evidence, const policy::HostDecision& decision) {
  if (!evidence.tls) return ProofShown::Plaintext;
  if (evidence.verdict.result != policy::ProofResult::Verified) return ProofShown::Encrypted;
  if (evidence.verdict.matched) return ProofShown::Dane;
  return has_reason(decision, policy::ReasonCode::StsEnforce) ? ProofShown::MtaSts : ProofShown::Pkix;
}

std::string proof_name(const policy::SessionEvidence& evidence, const policy::HostDecision& decision) {
  switch (proof_of(evidence, decision)) {
    case ProofShown::None:
      return "none";
    case ProofShown::Plaintext:
      return "plaintext";
    case ProofShown::Encrypted:
      return "TLS unauthenticated";
    case ProofShown::Pkix:
      return "PKIX";
    case ProofShown::MtaSts:
      return "MTA-STS/PKIX";
    case ProofShown::Dane:
      // RFC 7672 §2.2.1 (D25): the host is proved, that it is the domain's MX is not: never shown as the same thing.
      return dane::name_of(*evidence.verdict.matched) + (decision.mx_authentic ? "" : " (host verified, MX not)");
  }
  return "";
}

RecipientVerdict settled(const Mailbox& recipient, DeliveryOutcome outcome, const smtp::RecipientOutcome& reply,
                         const policy::HostDecision& host, const HostAttempt& attempt) {
  RecipientVerdict verdict{.recipient = recipient, .outcome = outcome};
  verdict.reply = reply.reply;
  verdict.answered = true;
  verdict.host = host.host;
  const EnhancedStatus fallback = outcome == DeliveryOutcome::Delivered ? kDelivered : EnhancedStatus{5, 0, 0};
  verdict.status = reply.reply.status.value_or(fallback);
  const std::string who = name_of(host.host, attempt.evidence);
  if (attempt.evidence) {
    verdict.proof = proof_of(*attempt.evidence, host);
    verdict.proof_name = proof_name(*attempt.evidence, host);
    verdict.mx_authentic = host.mx_authentic;
  }
  if (outcome == DeliveryOutcome::Delivered) {
    verdict.explanation = fmt::format("{} took it; {}", who, verdict.proof_name);
  } else {
    verdict.explanation =
        fmt::format("{} refused it at {}: {}", who, smtp::to_string(reply.stage), reply.reply.to_string());
  }
  return verdict;
}

RecipientVerdict conclude(const Mailbox& recipient, const policy::Decision& decision,
                          const std::vector<HostAttempt>& attempts, const Unsettled& left, const policy::Facts& facts) {
  RecipientVerdict verdict{.recipient = recipient};
  if (!attempts.empty()) verdict.host = attempts.back().host;

  // Hosts that were not looked at may have what the others lack.
  const bool conclusive = !facts.hosts_left_out;
  if (facts.message.requiretls && conclusive && requiretls_is_unmet(decision, attempts)) {
    verdict.outcome = DeliveryOutcome::Bounced;
    verdict.status = requiretls_status(decision, attempts);
    verdict.explanation = with_remedy("REQUIRETLS is not met: " + explain_attempt(attempts.back(), decision),
                                      remedy(policy::ReasonCode::RequireTlsUnauthenticMx));
    return verdict;
  }
  if (left.last_refusal) {
    const auto& refusal = *left.last_refusal;
    const bool bounced = conclusive && cannot_anywhere(decision, left);
    // RFC 3464 §2.3.6: what is told as the server's word is one that it has said.
    if (refusal.stage != smtp::Stage::Local) verdict.reply = refusal.reply;
    verdict.answered = true;
    verdict.outcome = bounced ? DeliveryOutcome::Bounced : DeliveryOutcome::Deferred;
    verdict.status = refusal.reply.status.value_or(EnhancedStatus{4, 0, 0});
    verdict.status.klass = bounced ? 5 : 4;
    const auto evidence = attempts.empty() ? std::nullopt : attempts.back().evidence;
    verdict.explanation = fmt::format("{} at {}: {}", name_of(verdict.host, evidence), smtp::to_string(refusal.stage),
                                      refusal.reply.to_string());
    return verdict;
  }
  if (!attempts.empty()) {
    const HostAttempt& last = attempts.back();
    verdict.reply = last.reply;
    verdict.status = last.tls_result ? kPolicyFailure : last.dial_failures.empty() ? kBadConnection : kNoAnswer;
    verdict.explanation = explain_attempt(last, decision);
    return verdict;
  }
  verdict.outcome = decision.course == policy::Course::Bounce ? DeliveryOutcome::Bounced : DeliveryOutcome::Deferred;
  verdict.status = decision.status;
  if (const auto* reason = obstacle(decision)) verdict.explanation = explain_reason(*reason);
  return verdict;
}

}  // namespace postseal::outbound
