// SPDX-License-Identifier: Apache-2.0
#include "vocab/mailbox.h"

#include <algorithm>
#include <utility>

#include "vocab/ascii.h"
#include "vocab/atext.h"

namespace postseal {
namespace {

// RFC 5321 §4.5.3.1.1 and §4.5.3.1.3: a local part has 64 octets, a path 256 with its angle brackets.
constexpr std::size_t kMaxLocalPart = 64;
constexpr std::size_t kMaxMailbox = 254;
// What may come in: quoting that is not needed makes a text longer than what it stands for.
constexpr std::size_t kMaxText = 2048;

using Failure = std::unexpected<NameError>;

Failure fail(NameErrorCode code, std::string context) { return Failure(NameError{code, std::move(context)}); }
Failure bad_local_part(std::string context) { return fail(NameErrorCode::BadLocalPart, std::move(context)); }
Failure bad_literal(std::string context) { return fail(NameErrorCode::NotAnAddress, std::move(context)); }

bool is_non_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// Length of the UTF-8 sequence at the start of text (RFC 3629 §4: shortest form, no surrogates, up to U+10FFFF), 0 if
/// it is none or stands for a control character or a line or paragraph separator.
std::size_t clean_sequence(std::string_view text) {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = at(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  char32_t point = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (at(i) & 0x3fu);
  }
  bool too_long = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  bool surrogate = point >= 0xd800 && point <= 0xdfff;
  bool control = point < 0xa0 || point == 0x2028 || point == 0x2029;
  return too_long || surrogate || control || point > 0x10ffff ? 0 : length;
}

bool is_clean_utf8(std::string_view text) {
  while (!text.empty()) {
    std::size_t length = clean_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

struct SplitText {
  std::string local_part;        ///< what it stands for, without quotes
  std::string_view destination;  ///< behind the @
};

/// RFC 5321 §4.1.2 Quoted-string: text in double quotes, a backslash before any printable character.
std::expected<SplitText, NameError> split_quoted(std::string_view text) {
  SplitText result;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (i + 1 == text.size() || text[i + 1] != '@') {
        return bad_local_part("behind the closing quote of a local part stands @ and the domain");
      }
      result.destination = text.substr(i + 2);
      return result;
    }
    if (text[i] == '\\') {
      ++i;
      if (i == text.size()) break;
      // RFC 5321 §4.1.2 MUST: quoted-pairSMTP is a backslash and printable ASCII; RFC 6531 §3.3 leaves it so.
      if (is_non_ascii(text[i])) return bad_local_part("a backslash stands only before an ASCII character");
    }
    result.local_part += text[i];
  }
  return bad_local_part("the quote of the local part is not closed");
}

std::expected<SplitText, NameError> split_plain(std::string_view text) {
  // RFC 5321 §4.1.2 (A-d-l), Appendix F.2: routes come from a time of explicit relays; nobody should use them again.
  if (text.starts_with('@')) {
    return bad_local_part("a source route (@relay:user@domain) is not taken; write user@domain");
  }
  std::size_t at = text.find('@');
  if (at == std::string_view::npos) return bad_local_part("an address is user@domain; there is no @");
  std::string_view local_part = text.substr(0, at);
  if (!is_dot_atom(local_part)) {
    return bad_local_part(
        "the local part has a character, or a dot at its start, its end or next to another, that "
        "must stand in double quotes");
  }
  return SplitText{std::string(local_part), text.substr(at + 1)};
}

/// The shortest equal form. RFC 5321 §4.1.2: quoted and plain forms of the same characters are the same mailbox.
std::string shortest_form(const std::string& local_part) {
  if (is_dot_atom(local_part)) return local_part;
  std::string quoted = "\"";
  for (char c : local_part) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

bool starts_with_tag(std::string_view text, std::string_view tag) {
  return text.size() >= tag.size() && equals_ignoring_case(text.substr(0, tag.size()), tag);
}

/// RFC 5321 §4.1.3: [192.0.2.1] or [IPv6:2001:db8::1].
std::expected<MailDestination, NameError> parse_literal(std::string_view text) {
  if (!text.ends_with(']')) return bad_literal("the address literal has no closing bracket");
  std::string_view inside = text.substr(1, text.size() - 2);
  bool tagged = starts_with_tag(inside, "ipv6:");
  auto address = IpAddress::parse(tagged ? inside.substr(5) : inside);
  if (address && address->is_v4() != tagged) return *address;
  if (address && !tagged) return bad_literal("an IPv6 address literal is written [IPv6:" + address->to_string() + "]");
  return bad_literal("an address literal is [192.0.2.1] or [IPv6:2001:db8::1]");
}

std::expected<MailDestination, NameError> parse_destination(std::string_view text) {
  if (text.starts_with('[')) return parse_literal(text);
  auto domain = Domain::parse(text);
  if (!domain) return std::unexpected(domain.error());
  return *domain;
}

}  // namespace

std::string to_string(const MailDestination& destination) {
  if (const Domain* domain = std::get_if<Domain>(&destination)) return domain->ascii();
  const IpAddress& address = std::get<IpAddress>(destination);
  return (address.is_v4() ? "[" : "[IPv6:") + address.to_string() + "]";
}

std::expected<Mailbox, NameError> Mailbox::parse(std::string_view text) {
  if (text.empty()) return fail(NameErrorCode::Empty, "the address is empty");
  if (text.size() > kMaxText) return fail(NameErrorCode::TooLong, "the address is too long");

  auto split = text.starts_with('"') ? split_quoted(text) : split_plain(text);
  if (!split) return std::unexpected(split.error());
  // RFC 5321 §4.1.2 MUST NOT, RFC 6531 §3.3: no control characters, and what is not ASCII is UTF-8.
  if (!is_clean_utf8(split->local_part)) {
    return bad_local_part("the local part has a control character, or bytes that are not UTF-8");
  }
  auto destination = parse_destination(split->destination);
  if (!destination) return std::unexpected(destination.error());

  Mailbox mailbox;
  mailbox.local_part_ = shortest_form(split->local_part);
  mailbox.destination_ = std::move(*destination);
  if (mailbox.local_part_.size() > kMaxLocalPart) return bad_local_part("the local part is longer than 64 octets");
  if (mailbox.to_string().size() > kMaxMailbox) {
    return fail(NameErrorCode::TooLong, "the address is longer than 254 octets");
  }
  return mailbox;
}

std::string Mailbox::to_string() const { return local_part_ + '@' + postseal::to_string(destination_); }

bool Mailbox::needs_smtputf8() const { return std::ranges::any_of(local_part_, is_non_ascii); }

}  // namespace postseal
