#pragma once
// SPDX-License-Identifier: Apache-2.0
// Authentication-Results: what was checked and what came out, for mail programs and filters behind us. RFC 8601. Values
// come from strangers: whatever is in them, they stay values (A21).
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message/header.h"

namespace postseal::authres {

/// RFC 8601 §2.3: "smtp.mailfrom=user@example.org" is {"smtp", "mailfrom", "user@example.org"}.
struct Property {
  std::string ptype, property, value;
  bool operator==(const Property&) const = default;
};

struct MethodResult {
  std::string method, result;
  std::string reason;   ///< may be empty
  std::string comment;  ///< written in parentheses behind the result, such as "2048-bit key"; may be empty
  std::vector<Property> properties;
  std::string version = "1";  ///< RFC 8601 §2.2: the method's, as read; written are results of version 1 only
  bool operator==(const MethodResult&) const = default;
};

/// RFC 8601 §2.5, RFC 6532 §3: octets above 127 may only stand in a message that is internationalised anyway.
enum class Charset : std::uint8_t { Ascii, Utf8 };

/// The whole field with its name and final CRLF, folded at 78 columns where that is possible, never over 998. Without
/// results it says "none".
std::string format(std::string_view authserv_id, const std::vector<MethodResult>& results,
                   Charset charset = Charset::Ascii);
/// What stands behind "Authentication-Results: ", without the final CRLF.
std::string format_payload(std::string_view authserv_id, const std::vector<MethodResult>& results,
                           Charset charset = Charset::Ascii);

/// The same payload out of statements() of other fields, which stay as they are but for their line ends.
std::string join_statements(std::string_view authserv_id, const std::vector<std::string>& statements);

struct Header {
  std::string authserv_id;
  std::string version = "1";  ///< RFC 8601 §2.2: its digits; others than "1" mean something that is not known here
  std::vector<MethodResult> results;  ///< empty for "none"; comments are not kept
};

enum class ParseProblem : std::uint8_t { Control, OpenComment, NoAuthservId, BadVersion, NoResult, BadResult, TooMany };

std::string_view to_string(ParseProblem problem);

/// value: the octets behind the colon, or behind "i=N;" of an ARC-Authentication-Results field (RFC 8617 §4.1.1).
std::expected<Header, ParseProblem> parse(std::string_view value);

/// RFC 8601 §5: an Authentication-Results field that claims to be from the server of this name, or one that another
/// reader could take for it: such a field is removed when it comes from outside.
bool carries_authserv_id(const message::HeaderField& field, std::string_view authserv_id);

/// The statements of an Authentication-Results field of this server as they stand, each on one line, to be put into an
/// ARC-Authentication-Results field (RFC 8617 §4.1.1). Empty for "none"; nullopt: another server's, of another
/// version, or not readable.
std::optional<std::vector<std::string>> statements(const message::HeaderField& field, std::string_view authserv_id);

}  // namespace postseal::authres
