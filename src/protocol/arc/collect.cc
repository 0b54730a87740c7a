// SPDX-License-Identifier: Apache-2.0
// From fields in any order to sets in the right one.
#include <algorithm>
#include <array>
#include <utility>

#include "protocol/arc/set.h"
#include "protocol/dkim/tag_list.h"
#include "vocab/ascii.h"

namespace postseal::arc {
namespace {

/// While the fields come in: which instances have which.
struct Slot {
  std::optional<std::size_t> results, message_signature, seal;
};
using Slots = std::array<Slot, kMaxInstance + 1>;

std::string about(std::string_view name, unsigned instance) {
  return std::string(name) + " of instance " + std::to_string(instance);
}

/// Sorts the fields of one name into their slots; the first that has no place is the problem.
template <class InstanceOf>
std::string sort_in(const dkim::MessagePass& pass, std::string_view name, Slots& slots,
                    std::optional<std::size_t> Slot::* place, InstanceOf instance_of) {
  for (const std::size_t field : pass.index().all(name)) {
    const auto instance = instance_of(pass.fields()[field]);
    // RFC 8617 §4.2.1: without a number from 1 to 50 it belongs nowhere, and what belongs nowhere was not sealed.
    if (!instance) return "an " + std::string(name) + " field has no instance from 1 to 50";
    auto& slot = slots[*instance].*place;
    // RFC 8617 §5.2 step 3 A MUST: exactly one of each.
    if (slot) return "there is more than one " + about(name, *instance);
    slot = field;
  }
  return {};
}

std::optional<unsigned> instance_of_tags(const message::HeaderField& field) {
  const auto tags = dkim::parse_tag_list(field.value());
  const auto digits = tags ? tags->value("i") : std::nullopt;
  return digits ? parse_instance(*digits) : std::nullopt;
}

std::optional<unsigned> instance_of_results(const message::HeaderField& field) {
  const auto results = parse_results(field);
  return results ? std::optional(results->instance) : std::nullopt;
}

/// RFC 8617 §5.2 step 3 C MUST: none at the first, pass at all others.
std::string judge_cv(const Seal& seal) {
  const auto wanted = seal.instance == 1 ? ChainValidation::None : ChainValidation::Pass;
  if (seal.cv == wanted) return {};
  return "ARC-Seal of instance " + std::to_string(seal.instance) + " says cv=" + std::string(to_string(seal.cv)) +
         " where only " + std::string(to_string(wanted)) + " may stand";
}

std::expected<dkim::Signature, dkim::SignatureProblem> signature_of(const dkim::MessagePass& pass, std::size_t field) {
  const auto& all = pass.arc_signatures();
  const auto found = std::ranges::find(all, field, &dkim::MessagePass::Found::field);
  if (found == all.end()) return std::unexpected(dkim::SignatureProblem{dkim::Result::PermError, "it was not read"});
  if (!found->signature) return found->signature;
  for (const auto name : found->signature->names) {
    // RFC 8617 §4.1.2 MUST NOT: an ARC-Message-Signature does not cover seals, which come after it.
    if (equals_ignoring_case(name, "arc-seal")) {
      return std::unexpected(dkim::SignatureProblem{dkim::Result::PermError, "it signs ARC-Seal, which it must not"});
    }
  }
  return found->signature;
}

/// One set out of its three fields.
std::expected<ArcSet, std::string> build(const dkim::MessagePass& pass, const Slot& slot, unsigned instance) {
  // RFC 8617 §5.2 step 3 A and B MUST: one of each, and no instance left out.
  if (!slot.results) return std::unexpected("there is no " + about("ARC-Authentication-Results", instance));
  if (!slot.message_signature) return std::unexpected("there is no " + about("ARC-Message-Signature", instance));
  if (!slot.seal) return std::unexpected("there is no " + about("ARC-Seal", instance));
  const auto& fields = pass.fields();
  auto seal = parse_seal(fields[*slot.seal]);
  if (!seal) return std::unexpected(about("ARC-Seal", instance) + " is not valid: " + seal.error());
  if (std::string why = judge_cv(*seal); !why.empty()) return std::unexpected(std::move(why));
  return ArcSet{.results = *slot.results,
                .message_signature = *slot.message_signature,
                .seal_field = *slot.seal,
                .payload = parse_results(fields[*slot.results])->payload,
                .signature = signature_of(pass, *slot.message_signature),
                .seal = std::move(*seal)};
}

}  // namespace

Chain collect(const dkim::MessagePass& pass) {
  Chain chain;
  Slots slots;
  for (const std::string_view name : {"arc-seal", "arc-message-signature", "arc-authentication-results"}) {
    // RFC 8617 §4.2.1 (A24): no more than 50, before any of them is read.
    if (pass.index().count(name) <= kMaxInstance) continue;
    chain.highest = kMaxInstance;
    chain.problem = "there are more than 50 fields " + std::string(name);
    return chain;
  }
  const std::string problems[] = {
      sort_in(pass, "ARC-Seal", slots, &Slot::seal, instance_of_tags),
      sort_in(pass, "ARC-Message-Signature", slots, &Slot::message_signature, instance_of_tags),
      sort_in(pass, "ARC-Authentication-Results", slots, &Slot::results, instance_of_results)};
  for (unsigned instance = 1; instance <= kMaxInstance; ++instance) {
    const Slot& slot = slots[instance];
    if (slot.results || slot.message_signature || slot.seal) chain.highest = instance;
  }
  // RFC 8617 §5.2 step 2: who sealed last has said it; nothing else is looked at.
  if (chain.highest > 0 && slots[chain.highest].seal) {
    const auto newest = parse_seal(pass.fields()[*slots[chain.highest].seal]);
    chain.newest_failed = newest && newest->cv == ChainValidation::Fail;
  }
  if (chain.newest_failed) {
    chain.problem = "ARC-Seal of instance " + std::to_string(chain.highest) + " says that the chain had failed before";
    return chain;
  }
  for (const auto& problem : problems) {
    if (chain.problem.empty()) chain.problem = problem;
  }
  for (unsigned instance = 1; instance <= chain.highest && chain.problem.empty(); ++instance) {
    auto set = build(pass, slots[instance], instance);
    if (!set) {
      chain.problem = set.error();
      break;
    }
    chain.sets.push_back(std::move(*set));
  }
  return chain;
}

}  // namespace postseal::arc
