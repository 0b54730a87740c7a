// SPDX-License-Identifier: Apache-2.0
#include "flow/local/verdict.h"

#include <fmt/format.h>

namespace postseal::local {
namespace {

constexpr EnhancedStatus kDelivered{2, 0, 0}, kRefused{5, 0, 0}, kLater{4, 0, 0};
constexpr EnhancedStatus kNoAnswer{4, 4, 1};       // RFC 3463 §3.5: no answer from host
constexpr EnhancedStatus kMailboxFull{4, 2, 2};    // RFC 3463 §3.3
constexpr EnhancedStatus kSystemFull{4, 3, 1};     // RFC 3463 §3.4: mail system full
constexpr EnhancedStatus kSystemFault{4, 3, 0};    // RFC 3463 §3.4
constexpr EnhancedStatus kMisconfigured{4, 3, 5};  // RFC 3463 §3.4: system incorrectly configured

Verdict lmtp_verdict(std::uint32_t index, const std::string& host, const smtp::RecipientOutcome& outcome,
                     const std::string& ended) {
  Verdict verdict{.index = index, .host = host};
  verdict.reply = outcome.reply;
  const std::string said = outcome.reply.to_string();
  if (outcome.accepted) {
    verdict.outcome = DeliveryOutcome::Delivered;
    verdict.status = outcome.reply.status.value_or(kDelivered);
    verdict.explanation = fmt::format("{}: delivered: {}", host, said);
    return verdict;
  }
  // RFC 2033 §4.2: each recipient's fate is in the class of his own reply; a full mailbox is 452 or 552, as its server
  // sees fit (RFC 5321 §4.2.1).
  const bool for_good = outcome.reply.permanent();
  verdict.outcome = for_good ? DeliveryOutcome::Bounced : DeliveryOutcome::Deferred;
  verdict.status = outcome.reply.status.value_or(for_good ? kRefused : kLater);
  if (outcome.stage == smtp::Stage::Local) {
    verdict.reply.reset();
    verdict.explanation = fmt::format("{}: {}", host, ended.empty() ? said : ended);
  } else {
    verdict.explanation = fmt::format("{}: refused in answer to {}: {}", host, smtp::to_string(outcome.stage), said);
  }
  return verdict;
}

struct Wording {
  EnhancedStatus status;
  std::string_view remedy;
};

Wording wording(maildir::FailureCode code) {
  switch (code) {
    case maildir::FailureCode::NoSpace:
      return {kSystemFull, "make room on that file system"};
    case maildir::FailureCode::OverQuota:
      return {kMailboxFull, "make room in the mailbox or raise its quota"};
    case maildir::FailureCode::ReadOnly:
      return {kSystemFault, "mount that file system for writing"};
    case maildir::FailureCode::NotAllowed:
      return {kMisconfigured, "give the folder to the user that the server runs as"};
    case maildir::FailureCode::LetterUnreadable:
      return {kSystemFault, "look for errors of the store in the log"};
    case maildir::FailureCode::Io:
      return {kSystemFault, "look for errors of that file system in the system's log"};
  }
  return {kSystemFault, ""};
}

}  // namespace

std::vector<Verdict> all_unreachable(const LocalJob& job, const std::string& host, const std::string& reason) {
  std::vector<Verdict> verdicts;
  for (const LocalRecipient& recipient : job.recipients) {
    verdicts.push_back({.index = recipient.index,
                        .outcome = DeliveryOutcome::Deferred,
                        .status = kNoAnswer,
                        .reply = std::nullopt,
                        .host = host,
                        .explanation = fmt::format("{}: {}; look whether that server runs", host, reason),
                        .site_wide = true});
  }
  return verdicts;
}

std::vector<Verdict> lmtp_verdicts(const LocalJob& job, const std::string& host,
                                   const std::vector<smtp::RecipientOutcome>& outcomes, const std::string& ended) {
  // A session that ended before it knew of the recipients says nothing of them.
  if (outcomes.size() != job.recipients.size()) return all_unreachable(job, host, ended);
  std::vector<Verdict> verdicts;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    verdicts.push_back(lmtp_verdict(job.recipients[i].index, host, outcomes[i], ended));
  }
  return verdicts;
}

Verdict maildir_verdict(std::uint32_t index, const std::string& host,
                        const std::expected<maildir::Stored, maildir::Failure>& result) {
  Verdict verdict{.index = index, .host = host};
  if (result) {
    verdict.outcome = DeliveryOutcome::Delivered;
    verdict.status = kDelivered;
    verdict.explanation = fmt::format(
        "{}: {}", host, result->was_there ? "an earlier delivery was found, nothing was written" : "stored");
    return verdict;
  }
  // Nothing about a disk says anything for good about a letter: it waits, and expires in the end.
  const Wording words = wording(result.error().code);
  verdict.outcome = DeliveryOutcome::Deferred;
  verdict.status = words.status;
  verdict.explanation = fmt::format("{}: {}; {}", host, result.error().what, words.remedy);
  verdict.site_wide =
      result.error().code == maildir::FailureCode::NoSpace || result.error().code == maildir::FailureCode::ReadOnly;
  return verdict;
}

}  // namespace postseal::local
