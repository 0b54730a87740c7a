// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/message_pass.h"

namespace postseal::dkim {

void MessagePass::want(Canonicalization body) {
  switch (body) {
    case Canonicalization::Simple:
      wants_simple_ = true;
      return;
    case Canonicalization::Relaxed:
      wants_relaxed_ = true;
      return;
  }
}

void MessagePass::feed(std::string_view piece) {
  if (!in_body_) {
    piece.remove_prefix(collector_.feed(piece));
    if (collector_.state() != message::HeaderState::Complete) return;
    begin_body();
  }
  if (piece.empty()) return;
  if (simple_) simple_->feed(piece);
  if (relaxed_) relaxed_->feed(piece);
}

void MessagePass::begin_body() {
  in_body_ = true;
  index_ = FieldIndex(fields());
  signature_fields_ = index_.all("dkim-signature");
  std::vector<std::uint64_t> simple_marks, relaxed_marks;
  const auto take = [&](std::span<const std::size_t> places, std::size_t limit, SignatureKind kind,
                        std::vector<Found>& found) {
    // A24: a thousand signatures cost what the first few cost.
    places = places.first(std::min(places.size(), limit));
    found.reserve(places.size());
    for (const std::size_t place : places) {
      const auto& signature = found.emplace_back(place, parse_signature(fields()[place], kind)).signature;
      if (!signature) continue;
      want(signature->canonicalization.body);
      if (!signature->length) continue;
      const bool simple = signature->canonicalization.body == Canonicalization::Simple;
      (simple ? simple_marks : relaxed_marks).push_back(*signature->length);
    }
  };
  take(signature_fields_, kMaxSignatures, SignatureKind::Dkim, signatures_);
  take(index_.all("arc-message-signature"), kMaxArcSignatures, SignatureKind::ArcMessage, arc_signatures_);
  if (wants_simple_) simple_.emplace(Canonicalization::Simple, std::move(simple_marks));
  if (wants_relaxed_) relaxed_.emplace(Canonicalization::Relaxed, std::move(relaxed_marks));
}

void MessagePass::finish() {
  if (!in_body_) {
    collector_.finish();
    begin_body();
  }
  if (simple_) simple_->finish();
  if (relaxed_) relaxed_->finish();
}

const BodyHash* MessagePass::find(Canonicalization body) const {
  const auto& hash = body == Canonicalization::Simple ? simple_ : relaxed_;
  return hash ? &*hash : nullptr;
}

std::optional<Digest> MessagePass::body_hash(Canonicalization body, std::optional<std::uint64_t> length) const {
  const BodyHash* hash = find(body);
  return hash == nullptr ? std::nullopt : hash->digest(length);
}

std::uint64_t MessagePass::body_size(Canonicalization body) const {
  const BodyHash* hash = find(body);
  return hash == nullptr ? 0 : hash->size();
}

std::string signed_text(const MessagePass& pass, std::span<const std::string_view> names,
                        Canonicalization canonicalization, const message::HeaderField& own, std::size_t b_begin,
                        std::size_t b_end, std::size_t except) {
  const std::vector<std::size_t> picked = pass.index().pick(names, except);
  std::size_t most = own.raw.size() + kRelaxedSlack;
  for (const std::size_t field : picked) {
    if (field != FieldIndex::kNoField) most += pass.fields()[field].raw.size() + kRelaxedSlack;
  }
  std::string text;
  text.resize_and_overwrite(most, [&](char* const begin, std::size_t) {
    char* at = begin;
    // RFC 6376 §3.7: the fields in the order of h=, then the signature itself without what it is to become.
    for (const std::size_t field : picked) {
      if (field != FieldIndex::kNoField) at = write_field(at, canonicalization, pass.fields()[field]);
    }
    return static_cast<std::size_t>(write_signature_field(at, canonicalization, own, b_begin, b_end) - begin);
  });
  return text;
}

}  // namespace postseal::dkim
