#pragma once
// SPDX-License-Identifier: Apache-2.0
// The beginning of an Authentication-Results value: whose is it? RFC 8601 §2.2.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/authres/header.h"
#include "protocol/message/structured.h"

namespace postseal::authres {

/// RFC 8601 §2.2 value: a token (RFC 2045 §5.1; RFC 6532 lets octets above 127 be in it) or a quoted string.
std::optional<std::string> read_value(message::StructuredCursor& cursor);

struct Start {
  std::string authserv_id, version;
};

/// Leaves the cursor at the first semicolon, or at the end.
std::expected<Start, ParseProblem> read_start(message::StructuredCursor& cursor);

struct Reading {
  Header header;
  std::vector<std::string> statements;  ///< the text of each result
};

/// line: unfolded.
std::expected<Reading, ParseProblem> read_line(std::string_view line);

}  // namespace postseal::authres
