// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/canonical.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "vocab/ascii.h"

namespace postseal::dkim {
namespace {

constexpr std::size_t kStep = 16;
static_assert(kStep <= kRelaxedSlack);
using Octets = unsigned char __attribute__((vector_size(kStep)));
using Bits = bool __attribute__((ext_vector_type(kStep)));

Octets load(const char* at) {
  Octets octets;
  std::memcpy(&octets, at, kStep);
  return octets;
}

/// A bit for each of kStep octets that is not simply copied: control characters, and a blank before another or before
/// one of them. REQUIRES: kStep + 1 octets.
unsigned special_octets(const char* at) {
  const Octets here = load(at), next = load(at + 1);
  const auto special = (here < ' ') | ((here == ' ') & (next <= ' '));
  return std::bit_cast<std::uint16_t>(__builtin_convertvector(special, Bits));
}

bool is_line_end(std::string_view text, std::size_t at) {
  return text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
}

/// RFC 6376 §3.4.2: folds away, blanks to one, none at the ends. Writes no more octets than it reads, and then up to
/// kStep that mean nothing.
char* write_relaxed_value(char* out, std::string_view value) {
  char* const begin = out;
  for (std::size_t i = 0; i < value.size();) {
    bool blank = false;
    for (; i < value.size(); ++i) {
      if (is_blank(value[i])) {
        blank = true;
      } else if (is_line_end(value, i)) {
        ++i;
      } else {
        break;
      }
    }
    if (i >= value.size()) break;
    if (blank && out != begin) *out++ = ' ';
    while (i < value.size() && !is_blank(value[i]) && !is_line_end(value, i)) {
      const char* from = value.data() + i;
      char last[kStep + 1] = {};
      const std::size_t left = value.size() - i;
      if (left <= kStep) from = static_cast<const char*>(std::memcpy(last, from, left));
      std::memcpy(out, from, kStep);
      const unsigned special = special_octets(from);
      // A jump, so that the next step need not wait for this number.
      if (special == 0) [[likely]] {
        out += kStep;
        i += kStep;
        continue;
      }
      // The octet that stopped is neither blank nor line end: a control character like any other.
      const auto plain = std::max(1, std::countr_zero(special));
      out += plain;
      i += static_cast<std::size_t>(plain);
    }
  }
  return out;
}

/// Writes "name:value" without line end.
char* write_relaxed(char* out, const message::HeaderField& field, std::string_view value) {
  for (const char c : field.name()) *out++ = ascii_lower(c);
  *out++ = ':';
  return write_relaxed_value(out, value);
}

char* write(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// Appends what `write` writes, which is no more than this.
template <class Write>
void append(std::string& out, std::size_t most, Write write_to) {
  const std::size_t before = out.size();
  out.resize(before + most);
  out.resize(static_cast<std::size_t>(write_to(out.data() + before) - out.data()));
}

}  // namespace

std::string_view to_string(Canonicalization canonicalization) {
  switch (canonicalization) {
    case Canonicalization::Simple:
      return "simple";
    case Canonicalization::Relaxed:
      return "relaxed";
  }
  return "simple";
}

std::optional<Canonicalization> parse_canonicalization(std::string_view word) {
  if (equals_ignoring_case(word, "simple")) return Canonicalization::Simple;
  if (equals_ignoring_case(word, "relaxed")) return Canonicalization::Relaxed;
  return std::nullopt;
}

std::optional<CanonicalizationPair> parse_canonicalization_pair(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto header = parse_canonicalization(text.substr(0, slash));
  // RFC 6376 §3.5: one word is that of the header, and the body is simple.
  const auto body = slash == std::string_view::npos ? std::optional(Canonicalization::Simple)
                                                    : parse_canonicalization(text.substr(slash + 1));
  if (!header || !body) return std::nullopt;
  return CanonicalizationPair{*header, *body};
}

char* write_field(char* out, Canonicalization canonicalization, const message::HeaderField& field) {
  switch (canonicalization) {
    case Canonicalization::Simple:
      out = write(out, field.raw);
      // A message that ends within its header: what is signed are fields, and a field ends with CRLF.
      return field.raw.ends_with("\r\n") ? out : write(out, "\r\n");
    case Canonicalization::Relaxed:
      return write(write_relaxed(out, field, field.value()), "\r\n");
  }
  return out;
}

char* write_signature_field(char* out, Canonicalization canonicalization, const message::HeaderField& field,
                            std::size_t value_begin, std::size_t value_end) {
  // RFC 6376 §3.7: the value of b= counts as the empty string, with the blanks around it (§3.5), and the field has no
  // CRLF at its end.
  std::string_view raw = field.raw;
  if (raw.ends_with("\r\n")) raw.remove_suffix(2);
  const std::string_view before = raw.substr(0, value_begin), behind = raw.substr(value_end);
  switch (canonicalization) {
    case Canonicalization::Simple:
      return write(write(out, before), behind);
    case Canonicalization::Relaxed:
      // There are no blanks where the two meet, so each is reduced by itself.
      return write_relaxed_value(write_relaxed(out, field, before.substr(field.value_begin())), behind);
  }
  return out;
}

void append_field(std::string& out, Canonicalization canonicalization, const message::HeaderField& field) {
  append(out, field.raw.size() + kRelaxedSlack, [&](char* at) { return write_field(at, canonicalization, field); });
}

void append_signature_field(std::string& out, Canonicalization canonicalization, const message::HeaderField& field,
                            std::size_t value_begin, std::size_t value_end) {
  append(out, field.raw.size() + kRelaxedSlack,
         [&](char* at) { return write_signature_field(at, canonicalization, field, value_begin, value_end); });
}

}  // namespace postseal::dkim
