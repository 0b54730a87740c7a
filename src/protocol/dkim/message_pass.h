#pragma once
// SPDX-License-Identifier: Apache-2.0
// One look at a message for everybody who hashes it: DKIM and ARC verification, signing, sealing. The header is kept,
// the body streams through and leaves a hash for each canonicalisation that a signature names or a signer wants.
// Owned by one thread until finish(); after that it is only read, from as many as like.
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/dkim/body_hash.h"
#include "protocol/dkim/field_index.h"
#include "protocol/dkim/signature.h"
#include "protocol/message/header.h"

namespace postseal::dkim {

/// A24, RFC 6376 §6.1: of so many DKIM-Signature fields, from the top, the body hash and key are looked at.
inline constexpr std::size_t kMaxSignatures = 10;
/// RFC 8617 §4.2.1: instances.
inline constexpr std::size_t kMaxArcSignatures = 50;

class MessagePass {
 public:
  explicit MessagePass(message::HeaderLimits limits = {}) : collector_(limits) {}
  MessagePass(const MessagePass&) = delete;
  MessagePass& operator=(const MessagePass&) = delete;

  /// Hash the body in this way whatever the header says. REQUIRES: before the first feed().
  void want(Canonicalization body);
  /// The message with CRLF, in pieces of any size.
  void feed(std::string_view piece);
  void finish();

  /// Over a limit nothing may be concluded about what is absent: verify() and sign() refuse such a message.
  message::HeaderState header_state() const { return collector_.state(); }
  const std::vector<message::HeaderField>& fields() const { return collector_.fields(); }
  const FieldIndex& index() const { return index_; }

  /// A field and what became of it.
  struct Found {
    std::size_t field;  ///< index in fields()
    std::expected<Signature, SignatureProblem> signature;
  };
  /// DKIM-Signature in header order, no more than kMaxSignatures.
  const std::vector<Found>& signatures() const { return signatures_; }
  /// How many there are in all.
  std::size_t signature_count() const { return signature_fields_.size(); }
  const std::vector<std::size_t>& signature_fields() const { return signature_fields_; }
  /// ARC-Message-Signature in header order, no more than kMaxArcSignatures.
  const std::vector<Found>& arc_signatures() const { return arc_signatures_; }

  /// nullopt: the body is shorter than `length`. REQUIRES: finish(); a form that one of the signatures above names, or
  /// that was wanted.
  std::optional<Digest> body_hash(Canonicalization body, std::optional<std::uint64_t> length = std::nullopt) const;
  /// Octets of the canonical body. REQUIRES: as body_hash().
  std::uint64_t body_size(Canonicalization body) const;

 private:
  void begin_body();
  const BodyHash* find(Canonicalization body) const;

  message::HeaderCollector collector_;
  FieldIndex index_;
  std::vector<Found> signatures_, arc_signatures_;
  std::vector<std::size_t> signature_fields_;
  bool in_body_ = false, wants_simple_ = false, wants_relaxed_ = false;
  std::optional<BodyHash> simple_, relaxed_;
};

/// The text that a signature's b= signs: the named fields, then the signature's own field (RFC 6376 §3.7).
/// own: the field that carries b=, at offset b_begin to b_end. except: its index in the message, if it is there.
std::string signed_text(const MessagePass& pass, std::span<const std::string_view> names,
                        Canonicalization canonicalization, const message::HeaderField& own, std::size_t b_begin,
                        std::size_t b_end, std::size_t except = FieldIndex::kNoField);

}  // namespace postseal::dkim
