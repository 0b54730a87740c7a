#pragma once
// SPDX-License-Identifier: Apache-2.0
// What of a header field is hashed: RFC 6376 §3.4.1 (simple), §3.4.2 (relaxed). The body's side is in body_hash.h.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/message/header.h"

namespace postseal::dkim {

enum class Canonicalization { Simple, Relaxed };
std::string_view to_string(Canonicalization canonicalization);
std::optional<Canonicalization> parse_canonicalization(std::string_view word);

/// c=: header, then body.
struct CanonicalizationPair {
  Canonicalization header = Canonicalization::Simple, body = Canonicalization::Simple;
  bool operator==(const CanonicalizationPair&) const = default;
};
/// "relaxed/simple" or "relaxed" (then the body is simple: RFC 6376 §3.5).
std::optional<CanonicalizationPair> parse_canonicalization_pair(std::string_view text);

/// The field with its CRLF.
void append_field(std::string& out, Canonicalization canonicalization, const message::HeaderField& field);

/// A signature's own field: the octets of its b= value, given as offsets in raw, are left out, as is the final CRLF
/// (RFC 6376 §3.7). REQUIRES: field.value_begin() < value_begin <= value_end <= field.raw.size(); as with any tag,
/// "=" comes before the value, and behind it ";" or the end of the field.
void append_signature_field(std::string& out, Canonicalization canonicalization, const message::HeaderField& field,
                            std::size_t value_begin, std::size_t value_end);

/// The same, written to where there is room for field.raw.size() + kRelaxedSlack octets; returns the end.
char* write_field(char* out, Canonicalization canonicalization, const message::HeaderField& field);
char* write_signature_field(char* out, Canonicalization canonicalization, const message::HeaderField& field,
                            std::size_t value_begin, std::size_t value_end);
/// For a CRLF or a colon that was not there, and because octets are copied several at a time.
inline constexpr std::size_t kRelaxedSlack = 32;

}  // namespace postseal::dkim
