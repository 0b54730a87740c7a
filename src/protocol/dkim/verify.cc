// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/verify.h"

#include <algorithm>
#include <utility>

#include "protocol/dkim/added_field.h"
#include "protocol/dkim/key_record.h"
#include "vocab/await_all.h"

namespace postseal::dkim {
namespace {

/// A signature that is worth a question to DNS.
struct Candidate {
  const MessagePass::Found* found;
  std::size_t verdict;
  KeyAnswer key;
};

SignatureVerdict unread(const message::HeaderField& field) {
  SignatureLabels labels = read_labels(field);
  SignatureVerdict verdict;
  verdict.domain = std::move(labels.domain);
  verdict.selector = std::move(labels.selector);
  verdict.algorithm = std::move(labels.algorithm);
  verdict.identity = std::move(labels.identity);
  verdict.b_prefix = std::move(labels.b_prefix);
  return verdict;
}

SignatureVerdict labelled(const Signature& signature) {
  SignatureVerdict verdict;
  verdict.domain = signature.domain.ascii();
  verdict.selector = signature.selector;
  verdict.algorithm = to_string(signature.algorithm);
  verdict.identity = signature.identity;
  verdict.b_prefix = signature.b_prefix;
  return verdict;
}

/// What can be told without the key; Result::None: ask for it.
std::pair<Result, std::string> judge_without_key(const MessagePass& pass, const Signature& signature, WallTime now) {
  // RFC 6376 §3.5, §6.1.1 MAY (A25): a signature that is over is no signature.
  const auto at = now.time_since_epoch().count();
  if (signature.expires_at && at > 0 && static_cast<std::uint64_t>(at) > *signature.expires_at) {
    return {Result::PermError, "the signature has expired"};
  }
  // RFC 6376 §6.1.3 (step 3): the body first, since a body that was changed needs no key to be found out.
  const auto hash = pass.body_hash(signature.canonicalization.body, signature.length);
  // RFC 6376 §3.5 MUST NOT: l= beyond the end of the body.
  if (!hash) return {Result::PermError, "l= is larger than the body"};
  if (*hash != signature.body_hash) return {Result::Fail, "the body is not what was signed"};
  return {Result::None, ""};
}

/// The arithmetic.
void check(const MessagePass& pass, const Candidate& candidate, SignatureVerdict& verdict) {
  const Signature& signature = *candidate.found->signature;
  verdict.key_secure = candidate.key.secure;
  KeyCheck check{candidate.key.problem, candidate.key.reason, 0, false};
  if (candidate.key.problem == Result::None) {
    const std::size_t own = candidate.found->field;
    const std::string text = signed_text(pass, signature.names, signature.canonicalization.header, pass.fields()[own],
                                         signature.b_begin, signature.b_end, own);
    check = check_signature(candidate.key, {signature.algorithm, signature.identity_in_subdomain}, sha256(text),
                            signature.signature);
  }
  verdict.result = check.result;
  verdict.reason = std::move(check.reason);
  verdict.key_bits = check.key_bits;
  verdict.testing = check.testing;
  if (verdict.result != Result::Pass) return;
  if (const auto name = find_added_field(pass, signature.names)) {
    verdict.result = Result::Policy;
    verdict.reason = "there is a further " + std::string(*name) + " field, which is not signed";
    return;
  }
  if (verdict.unsigned_octets) {
    verdict.reason = "the last " + std::to_string(*verdict.unsigned_octets) + " octets of the body are not signed (l=)";
  }
}

}  // namespace

Awaitable<std::vector<SignatureVerdict>> verify(std::shared_ptr<const MessagePass> pass, dns::Resolver& resolver,
                                                Offload offload, WallTime now, Deadline deadline) {
  std::vector<SignatureVerdict> verdicts;
  if (pass->header_state() != message::HeaderState::Complete) {
    // A24: what lies behind the limit is not known, so nothing that is known counts.
    verdicts.emplace_back().result = Result::PermError;
    verdicts.back().reason = "the header is larger than what is looked at";
    co_return verdicts;
  }

  std::vector<Candidate> candidates;
  verdicts.reserve(std::min(pass->signature_count(), kMaxVerdicts));
  for (const MessagePass::Found& found : pass->signatures()) {
    if (!found.signature) {
      SignatureVerdict& verdict = verdicts.emplace_back(unread(pass->fields()[found.field]));
      verdict.result = found.signature.error().result;
      verdict.reason = found.signature.error().reason;
      continue;
    }
    const Signature& signature = *found.signature;
    SignatureVerdict& verdict = verdicts.emplace_back(labelled(signature));
    if (signature.length) {
      const std::uint64_t size = pass->body_size(signature.canonicalization.body);
      if (size > *signature.length) verdict.unsigned_octets = size - *signature.length;
    }
    std::tie(verdict.result, verdict.reason) = judge_without_key(*pass, signature, now);
    if (verdict.result == Result::None) candidates.push_back({&found, verdicts.size() - 1, {}});
  }
  // RFC 6376 §6.1 (A24): a verifier may limit how many signatures it tries; the others are told, not hidden.
  for (std::size_t i = pass->signatures().size(); i < pass->signature_count(); i += verdicts.back().unread) {
    const std::size_t left = pass->signature_count() - i;
    SignatureVerdict& verdict = verdicts.emplace_back();
    verdict.result = Result::Neutral;
    verdict.unread = verdicts.size() < kMaxVerdicts ? 1 : left;
    verdict.reason = "not looked at: the message has more than " + std::to_string(kMaxSignatures) + " signatures";
    if (verdict.unread > 1) verdict.reason += "; this stands for the last " + std::to_string(left);
  }
  if (candidates.empty()) co_return verdicts;

  if (candidates.size() == 1) {
    const Signature& signature = *candidates.front().found->signature;
    candidates.front().key = co_await lookup_key(resolver, signature.selector, signature.domain, deadline);
  } else {
    std::vector<Awaitable<KeyAnswer>> lookups;
    for (const Candidate& candidate : candidates) {
      const Signature& signature = *candidate.found->signature;
      lookups.push_back(lookup_key(resolver, signature.selector, signature.domain, deadline));
    }
    auto answers = co_await await_all(std::move(lookups));
    for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i].key = std::move(answers[i]);
  }
  co_await offload([&] {
    for (const Candidate& candidate : candidates) check(*pass, candidate, verdicts[candidate.verdict]);
  });
  co_return verdicts;
}

}  // namespace postseal::dkim
