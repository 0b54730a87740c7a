// SPDX-License-Identifier: Apache-2.0
#include "protocol/arc/scope.h"

namespace postseal::arc {
namespace {

/// RFC 8617 §5.1.1: relaxed, whatever the message signature's c= says.
constexpr auto kRelaxed = dkim::Canonicalization::Relaxed;

}  // namespace

std::string whole_text(const dkim::MessagePass& pass, std::span<const ArcSet> sets) {
  std::string text;
  for (const ArcSet& set : sets) {
    // RFC 8617 §5.1.1 MUST: by instance, and in each set the results, the message signature, the seal.
    for (const std::size_t field : {set.results, set.message_signature, set.seal_field}) {
      dkim::append_field(text, kRelaxed, pass.fields()[field]);
    }
  }
  return text;
}

std::string sealed_text(const dkim::MessagePass& pass, std::span<const ArcSet> sets) {
  std::string text = whole_text(pass, sets.first(sets.size() - 1));
  const ArcSet& last = sets.back();
  dkim::append_field(text, kRelaxed, pass.fields()[last.results]);
  dkim::append_field(text, kRelaxed, pass.fields()[last.message_signature]);
  dkim::append_signature_field(text, kRelaxed, pass.fields()[last.seal_field], last.seal.b_begin, last.seal.b_end);
  return text;
}

}  // namespace postseal::arc
