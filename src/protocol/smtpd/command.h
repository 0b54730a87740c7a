#pragma once
// SPDX-License-Identifier: Apache-2.0
// A command line, taken apart: RFC 5321 §4.1.1, and what has no business on this port.
#include <cstdint>
#include <optional>
#include <string_view>

namespace postseal::smtpd {

enum class Verb : std::uint8_t {
  Ehlo,
  Helo,
  Mail,
  Rcpt,
  Data,
  Bdat,
  Rset,
  Noop,
  Vrfy,
  Expn,
  Help,
  Quit,
  StartTls,
  Auth,
  Xclient,
  Http,  ///< a browser or somebody who talks through one (A18)
  Unknown,
};

struct Command {
  Verb verb = Verb::Unknown;
  std::string_view argument;  ///< without blanks at both ends
};

/// line: without CRLF. Verbs in any case.
Command parse_command(std::string_view line);

/// A22: whoever wrote it may mean BDAT, and sends octets behind it: the word stands first, in any case, blanks or not
/// before it, and no letter behind it.
bool looks_like_bdat(std::string_view line);

/// RFC 5321 §4.1.1: blanks at the end of a command are tolerated.
std::string_view trim(std::string_view text);
bool has_control_characters(std::string_view text);
bool is_ascii(std::string_view text);

/// RFC 5321 §4.1.4, §4.1.3: a name or an address literal after EHLO or HELO. Only its form is looked at.
bool is_hello_name(std::string_view text);

struct Chunk {
  std::uint64_t size = 0;
  bool last = false;
};
/// RFC 3030 §2: "123", "0 LAST".
std::optional<Chunk> parse_chunk(std::string_view argument);
/// Decimal digits only, no more than 20, no more than fits.
std::optional<std::uint64_t> parse_number(std::string_view digits);

}  // namespace postseal::smtpd
