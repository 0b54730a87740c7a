#pragma once
// SPDX-License-Identifier: Apache-2.0
// What strangers wrote (replies, addresses, header fields) on its way into a notification: it can end no line, begin no
// field and close no part (A21).
#include <cstddef>
#include <string>
#include <string_view>

namespace postseal::dsn {

bool is_ascii(std::string_view text);

/// One line of printable UTF-8, at most so many octets; what is cut off is shown as "...".
std::string one_line(std::string_view text, std::size_t limit);
/// The same in printable ASCII: every other octet becomes '?'.
std::string one_ascii_line(std::string_view text, std::size_t limit);

/// RFC 3461 §4 xtext: "+2B" is '+'. What is not xtext stays as it is.
std::string decode_xtext(std::string_view text);
/// RFC 6533 §3 utf-8-addr-xtext: "\x{F6}" is that character. What is none stays as it is.
std::string decode_embedded_unicode(std::string_view text);

/// RFC 2045 §6.7 quoted-printable of text with CRLF line ends; a CR or LF outside of them is encoded too.
std::string quoted_printable(std::string_view text);
/// Lines in CRLF and at most 998 octets long, without NUL: RFC 2045 §2.8 "8bit".
bool has_mail_lines(std::string_view text);
/// Nothing in it needs an encoding: the same in ASCII (RFC 2045 §2.7).
bool is_seven_bit(std::string_view text);

/// Words in lines of at most 72 columns, each behind the indent, with CRLF. A longer word has a line of its own, cut
/// where a line would become longer than mail allows.
std::string wrapped(std::string_view text, std::string_view indent);

/// "Name: value" with CRLF, folded at blanks (RFC 5322 §2.2.3).
std::string field(std::string_view name, std::string_view value);

}  // namespace postseal::dsn
