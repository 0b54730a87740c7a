// SPDX-License-Identifier: Apache-2.0
#include "protocol/arc/verify.h"

#include <algorithm>
#include <map>
#include <utility>

#include "protocol/arc/scope.h"
#include "protocol/dkim/added_field.h"
#include "protocol/dkim/key_record.h"
#include "vocab/ascii.h"
#include "vocab/await_all.h"

namespace postseal::arc {
namespace {

/// Keys by selector and domain: a chain through one forwarder twice asks once.
using KeyName = std::pair<std::string, std::string>;
using Keys = std::map<KeyName, dkim::KeyAnswer>;

KeyName key_of(const Seal& seal) { return {seal.selector, seal.domain.ascii()}; }
KeyName key_of(const dkim::Signature& signature) { return {signature.selector, signature.domain.ascii()}; }

/// Those known already are not asked for again.
Awaitable<Keys> lookup_keys(dns::Resolver& resolver, std::map<KeyName, Domain> names, Keys keys, Deadline deadline) {
  std::erase_if(names, [&](const auto& entry) { return keys.contains(entry.first); });
  std::vector<Awaitable<dkim::KeyAnswer>> lookups;
  for (const auto& [name, domain] : names) {
    lookups.push_back(dkim::lookup_key(resolver, name.first, domain, deadline));
  }
  auto answers = co_await await_all(std::move(lookups));
  std::size_t at = 0;
  for (const auto& [name, domain] : names) keys.emplace(name, std::move(answers[at++]));
  co_return keys;
}

struct Outcome {
  dkim::Result result = dkim::Result::None;
  std::string reason;
  bool testing = false;  ///< the key says t=y
};

/// What can be told of a message signature without its key; Result::None: ask for it. RFC 8617 §5.2 step 4 validates
/// it as a DKIM signature.
Outcome judge_without_key(const dkim::MessagePass& pass, const ArcSet& set, WallTime now) {
  if (!set.signature) return {set.signature.error().result, set.signature.error().reason};
  const dkim::Signature& signature = *set.signature;
  const auto at = now.time_since_epoch().count();
  // RFC 6376 §3.5 x=.
  if (signature.expires_at && at > 0 && static_cast<std::uint64_t>(at) > *signature.expires_at) {
    return {dkim::Result::PermError, "it has expired"};
  }
  const auto hash = pass.body_hash(signature.canonicalization.body, signature.length);
  if (!hash) return {dkim::Result::PermError, "l= is larger than the body"};
  if (*hash != signature.body_hash) return {dkim::Result::Fail, "the body is not what was signed"};
  return {};
}

Outcome check(const dkim::KeyAnswer& key, dkim::Algorithm algorithm, const std::string& text,
              const std::string& signature) {
  if (key.problem != dkim::Result::None) return {key.problem, key.reason};
  auto checked = dkim::check_signature(key, {.algorithm = algorithm, .identity_in_subdomain = false},
                                       dkim::sha256(text), signature);
  return {checked.result, std::move(checked.reason), checked.testing};
}

Outcome check_message(const dkim::MessagePass& pass, const ArcSet& set, const Keys& keys) {
  const dkim::Signature& signature = *set.signature;
  return check(
      keys.at(key_of(signature)), signature.algorithm,
      dkim::signed_text(pass, signature.names, signature.canonicalization.header, pass.fields()[set.message_signature],
                        signature.b_begin, signature.b_end, set.message_signature),
      signature.signature);
}

InstanceVerdict describe(const ArcSet& set) {
  InstanceVerdict verdict;
  verdict.instance = set.seal.instance;
  verdict.cv = set.seal.cv;
  verdict.domain = set.seal.domain.ascii();
  verdict.selector = set.seal.selector;
  verdict.algorithm = dkim::to_string(set.seal.algorithm);
  if (set.signature) {
    verdict.signature_domain = set.signature->domain.ascii();
    verdict.signature_selector = set.signature->selector;
    verdict.signs_author = std::ranges::any_of(
        set.signature->names, [](std::string_view name) { return equals_ignoring_case(name, "from"); });
  }
  verdict.authentication_results = set.payload;
  return verdict;
}

void note(ChainVerdict& chain, InstanceVerdict& verdict, std::string_view field, const Outcome& outcome, bool breaks) {
  if (outcome.result == dkim::Result::Pass || outcome.result == dkim::Result::None) return;
  const std::string why = std::string(field) + ": " + outcome.reason;
  verdict.reason += (verdict.reason.empty() ? "" : "; ") + why;
  if (!breaks) return;
  // RFC 8617 §5.2.1 MUST: whatever keeps a link from being validated breaks the chain, a silent DNS included. It is
  // said apart, because a receiver that can ask the sender to come again need not decide on it.
  const bool temporary = outcome.result == dkim::Result::TempError;
  if (chain.result != Result::Fail || (chain.temporary && !temporary)) {
    chain.reason = "instance " + std::to_string(verdict.instance) + ", " + why;
    chain.temporary = temporary;
  }
  chain.result = Result::Fail;
}

/// The seals and the older message signatures.
void check_others(const dkim::MessagePass& pass, const std::vector<ArcSet>& sets, const Keys& keys,
                  std::vector<Outcome>& signatures, std::vector<Outcome>& seals) {
  for (std::size_t i = 0; i + 1 < sets.size(); ++i) {
    if (signatures[i].result == dkim::Result::None) signatures[i] = check_message(pass, sets[i], keys);
  }
  for (std::size_t i = 0; i < sets.size(); ++i) {
    seals[i] = check(keys.at(key_of(sets[i].seal)), sets[i].seal.algorithm,
                     sealed_text(pass, std::span(sets).first(i + 1)), sets[i].seal.signature);
  }
}

/// RFC 8617 §5.2 step 5: from the newest down to the first that does not hold.
unsigned oldest_pass(const std::vector<Outcome>& signatures) {
  for (std::size_t i = signatures.size(); i-- > 0;) {
    if (signatures[i].result != dkim::Result::Pass) return static_cast<unsigned>(i + 2);
  }
  return 0;
}

}  // namespace

std::string_view to_string(Result result) {
  switch (result) {
    case Result::None:
      return "none";
    case Result::Pass:
      return "pass";
    case Result::Fail:
      return "fail";
  }
  std::unreachable();
}

std::vector<std::string> ChainVerdict::sealers() const {
  std::vector<std::string> domains;
  for (const auto& instance : instances) domains.push_back(instance.domain);
  return domains;
}

Awaitable<ChainVerdict> verify(std::shared_ptr<const dkim::MessagePass> pass, dns::Resolver& resolver, Offload offload,
                               WallTime now, Deadline deadline) {
  ChainVerdict verdict;
  // RFC 8617 §5.2 step 1: without any field there is no chain.
  const bool any = pass->index().count("arc-seal") + pass->index().count("arc-message-signature") +
                       pass->index().count("arc-authentication-results") >
                   0;
  if (pass->header_state() != message::HeaderState::Complete) {
    // A24: what lies behind the limit is not known, so nothing that is known counts; and of a chain of which nothing
    // has been seen nobody says that it is broken.
    if (any) verdict.result = Result::Fail;
    verdict.reason = "the header is larger than what is looked at";
    co_return verdict;
  }
  if (!any) co_return verdict;
  const Chain chain = collect(*pass);
  verdict.highest = chain.highest;
  verdict.newest_failed = chain.newest_failed;
  // RFC 8617 §5.2 steps 2 and 3.
  if (!chain.problem.empty()) {
    verdict.result = Result::Fail;
    verdict.reason = chain.problem;
    co_return verdict;
  }
  const std::vector<ArcSet>& sets = chain.sets;
  for (const ArcSet& set : sets) verdict.instances.push_back(describe(set));

  // RFC 8617 §5.2 step 4 MUST: the newest message signature holds. A chain that was pasted onto another message ends
  // here, before it can make us ask for fifty keys.
  std::vector<Outcome> signatures(sets.size()), seals(sets.size());
  Keys keys;
  InstanceVerdict& newest = verdict.instances.back();
  signatures.back() = judge_without_key(*pass, sets.back(), now);
  if (signatures.back().result == dkim::Result::None) {
    std::map<KeyName, Domain> name{{key_of(*sets.back().signature), sets.back().signature->domain}};
    keys = co_await lookup_keys(resolver, std::move(name), {}, deadline);
    co_await offload([&] { signatures.back() = check_message(*pass, sets.back(), keys); });
    // RFC 8617 §5.2 step 4, RFC 6376 §8.15 (A25): it holds for another field than the one that is shown.
    if (signatures.back().result == dkim::Result::Pass) {
      if (const auto added = dkim::find_added_field(*pass, sets.back().signature->names)) {
        verdict.by_policy = true;
        signatures.back() = {dkim::Result::Policy,
                             "there is a further " + std::string(*added) + " field, which is not signed"};
      }
    }
  }
  newest.signature = signatures.back().result;
  note(verdict, newest, "ARC-Message-Signature", signatures.back(), true);
  if (verdict.result == Result::Fail) co_return verdict;

  std::map<KeyName, Domain> names;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    names.emplace(key_of(sets[i].seal), sets[i].seal.domain);
    if (i + 1 == sets.size()) continue;
    signatures[i] = judge_without_key(*pass, sets[i], now);
    if (signatures[i].result == dkim::Result::None) {
      names.emplace(key_of(*sets[i].signature), sets[i].signature->domain);
    }
  }
  keys = co_await lookup_keys(resolver, std::move(names), std::move(keys), deadline);
  co_await offload([&] { check_others(*pass, sets, keys, signatures, seals); });

  // RFC 8617 §5.2 step 6 MUST: every seal holds, from the newest to the first.
  for (std::size_t i = sets.size(); i-- > 0;) {
    InstanceVerdict& instance = verdict.instances[i];
    instance.signature = signatures[i].result;
    instance.seal = seals[i].result;
    instance.testing = signatures[i].testing || seals[i].testing;
    instance.key_secure = keys.at(key_of(sets[i].seal)).secure;
    note(verdict, instance, "ARC-Message-Signature", i + 1 < sets.size() ? signatures[i] : Outcome{}, false);
    note(verdict, instance, "ARC-Seal", seals[i], true);
  }
  verdict.oldest_pass = oldest_pass(signatures);
  // RFC 8617 §5.2 step 7.
  if (verdict.result != Result::Fail) verdict.result = Result::Pass;
  co_return verdict;
}

}  // namespace postseal::arc
