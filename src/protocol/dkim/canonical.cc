// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/canonical.h"

namespace postseal::dkim {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// RFC 6376 §3.4.2: folds away, blanks to one, none at the ends. Writes no more octets than it reads.
char* write_relaxed_value(char* out, std::string_view value) {
  char* const begin = out;
  bool blank = false;
  const std::size_t size = value.size();
  for (std::size_t i = 0; i < size; ++i) {
    const char c = value[i];
    if (static_cast<unsigned char>(c) > 32) [[likely]] {
      if (blank && out != begin) *out++ = ' ';
      blank = false;
      *out++ = c;
    } else if (c == ' ' || c == '\t') {
      blank = true;
    } else if (c == '\r' && i + 1 < size && value[i + 1] == '\n') {
      ++i;
    } else {
      if (blank && out != begin) *out++ = ' ';
      blank = false;
      *out++ = c;
    }
  }
  return out;
}

/// Appends "name:value" without line end.
void append_relaxed(std::string& out, const message::HeaderField& field, std::string_view value) {
  const std::string_view name = field.name();
  const std::size_t before = out.size();
  out.resize(before + name.size() + 1 + value.size());
  char* at = out.data() + before;
  for (char c : name) *at++ = lower(c);
  *at++ = ':';
  at = write_relaxed_value(at, value);
  out.resize(static_cast<std::size_t>(at - out.data()));
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
  if (message::same_name(word, "simple")) return Canonicalization::Simple;
  if (message::same_name(word, "relaxed")) return Canonicalization::Relaxed;
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

void append_field(std::string& out, Canonicalization canonicalization, const message::HeaderField& field) {
  switch (canonicalization) {
    case Canonicalization::Simple:
      out += field.raw;
      // A message that ends within its header: what is signed are fields, and a field ends with CRLF.
      if (!field.raw.ends_with("\r\n")) out += "\r\n";
      return;
    case Canonicalization::Relaxed:
      append_relaxed(out, field, field.value());
      out += "\r\n";
      return;
  }
}

void append_signature_field(std::string& out, Canonicalization canonicalization, const message::HeaderField& field,
                            std::size_t value_begin, std::size_t value_end) {
  // RFC 6376 §3.7: the value of b= counts as the empty string, with the blanks around it (§3.5), and the field has no
  // CRLF at its end.
  std::string_view raw = field.raw;
  if (raw.ends_with("\r\n")) raw.remove_suffix(2);
  const std::string_view before = raw.substr(0, value_begin), behind = raw.substr(value_end);
  switch (canonicalization) {
    case Canonicalization::Simple:
      out += before;
      out += behind;
      return;
    case Canonicalization::Relaxed: {
      std::string value(before.substr(field.value_begin()));
      value += behind;
      append_relaxed(out, field, value);
      return;
    }
  }
}

}  // namespace postseal::dkim
