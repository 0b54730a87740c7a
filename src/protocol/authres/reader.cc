// SPDX-License-Identifier: Apache-2.0
#include "protocol/authres/reader.h"

namespace postseal::authres {

using Failure = std::unexpected<ParseProblem>;

std::optional<std::string> read_value(message::StructuredCursor& cursor) {
  if (cursor.peek() == '"') return cursor.quoted_string();
  const auto token = cursor.take_while(
      [](char c) { return c != ' ' && c != '\t' && !std::string_view("()<>@,;:\\\"/[]?=").contains(c); });
  return token.empty() ? std::nullopt : std::optional(std::string(token));
}

std::expected<Start, ParseProblem> read_start(message::StructuredCursor& cursor) {
  if (!cursor.skip_cfws()) return Failure(ParseProblem::OpenComment);
  auto id = read_value(cursor);
  if (!id || id->empty()) return Failure(ParseProblem::NoAuthservId);
  Start start{.authserv_id = std::move(*id), .version = "1"};
  const std::size_t end = cursor.position();
  if (!cursor.skip_cfws()) return Failure(ParseProblem::OpenComment);
  if (cursor.at_end() || cursor.peek() == ';') return start;
  // RFC 8601 §2.2 authres-version: digits, apart from the authserv-id.
  const auto digits = cursor.take_while([](char c) { return c >= '0' && c <= '9'; });
  if (digits.empty() || digits.size() > 9 || cursor.position() == end + digits.size()) {
    return Failure(ParseProblem::BadVersion);
  }
  start.version = digits;
  if (!cursor.skip_cfws()) return Failure(ParseProblem::OpenComment);
  if (!cursor.at_end() && cursor.peek() != ';') return Failure(ParseProblem::BadVersion);
  return start;
}

}  // namespace postseal::authres
