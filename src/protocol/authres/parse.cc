// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "protocol/authres/header.h"
#include "protocol/authres/reader.h"
#include "vocab/ascii.h"

namespace postseal::authres {
namespace {

using Failure = std::unexpected<ParseProblem>;

/// More than any server has to say; the work stays small (A24).
constexpr std::size_t kMaxResults = 1000;
constexpr std::size_t kMaxProperties = 100;

/// RFC 8601 §2.2 Keyword; DEVIATION: an underscore is taken, since results such as "hardfail_x" are seen.
std::string keyword(message::StructuredCursor& cursor) {
  return to_lower(cursor.take_while([](char c) { return is_letter_digit(c) || c == '-' || c == '_'; }));
}

/// RFC 8601 §2.2 pvalue. DEVIATION: without quotes everything is taken up to a blank, a comment or a semicolon, since
/// header.b=ab/c= and the like are seen everywhere; none of it can end the statement early.
std::optional<std::string> pvalue(message::StructuredCursor& cursor) {
  std::string value;
  if (cursor.peek() == '"') {
    auto content = cursor.quoted_string();
    if (!content) return std::nullopt;
    value = std::move(*content);
    // A quoted local part: its domain follows.
    if (cursor.peek() != '@') return value;
  }
  value += cursor.take_while([](char c) { return c != ' ' && c != '\t' && c != '(' && c != ';' && c != '"'; });
  if (cursor.peek() == '"') return std::nullopt;
  return value;
}

/// Between "=" and what it stands before.
bool take_equals(message::StructuredCursor& cursor) {
  return cursor.skip_cfws() && cursor.take('=') && cursor.skip_cfws();
}

/// RFC 8601 §2.2 propspec, and reasonspec, which has no dot.
bool read_statement(message::StructuredCursor& cursor, MethodResult& result) {
  const std::string word = keyword(cursor);
  if (word.empty() || !cursor.skip_cfws()) return false;
  if (cursor.take('.')) {
    if (!cursor.skip_cfws()) return false;
    std::string property = keyword(cursor);
    if (property.empty() || !take_equals(cursor)) return false;
    auto value = pvalue(cursor);
    if (!value || result.properties.size() >= kMaxProperties) return false;
    result.properties.push_back({word, std::move(property), std::move(*value)});
    return true;
  }
  if (word != "reason" || !take_equals(cursor)) return false;
  auto value = read_value(cursor);
  if (!value) return false;
  result.reason = std::move(*value);
  return true;
}

/// RFC 8601 §2.2 resinfo, behind its semicolon and CFWS.
std::optional<MethodResult> read_result(message::StructuredCursor& cursor) {
  MethodResult result;
  result.method = keyword(cursor);
  if (result.method.empty() || !cursor.skip_cfws()) return std::nullopt;
  // RFC 8601 §2.2 method-version: which nobody has raised above 1 yet.
  if (cursor.take('/')) {
    if (!cursor.skip_cfws()) return std::nullopt;
    result.version = cursor.take_while([](char c) { return c >= '0' && c <= '9'; });
    if (result.version.empty()) return std::nullopt;
  }
  if (!take_equals(cursor)) return std::nullopt;
  result.result = keyword(cursor);
  if (result.result.empty()) return std::nullopt;
  for (;;) {
    if (!cursor.skip_cfws()) return std::nullopt;
    if (cursor.at_end() || cursor.peek() == ';') return result;
    if (!read_statement(cursor, result)) return std::nullopt;
  }
}

}  // namespace

std::string_view to_string(ParseProblem problem) {
  switch (problem) {
    case ParseProblem::Control:
      return "control characters";
    case ParseProblem::OpenComment:
      return "a comment that is not closed";
    case ParseProblem::NoAuthservId:
      return "no authserv-id at its start";
    case ParseProblem::BadVersion:
      return "something else than a version behind the authserv-id";
    case ParseProblem::NoResult:
      return "no result";
    case ParseProblem::BadResult:
      return "a result that is not method=result";
    case ParseProblem::TooMany:
      return "too many results";
  }
  std::unreachable();
}

std::expected<Reading, ParseProblem> read_line(std::string_view line) {
  message::StructuredCursor cursor(line);
  auto start = read_start(cursor);
  if (!start) return Failure(start.error());
  Reading reading;
  Header& header = reading.header;
  header.authserv_id = std::move(start->authserv_id);
  header.version = std::move(start->version);
  // RFC 8601 §2.2 MUST: at least one result, or "none".
  if (cursor.at_end()) return Failure(ParseProblem::NoResult);
  bool none = false;
  while (cursor.take(';')) {
    if (!cursor.skip_cfws()) return Failure(ParseProblem::OpenComment);
    // DEVIATION: a semicolon that nothing follows is seen at the end of many fields.
    if (cursor.at_end() && (none || !header.results.empty())) break;
    const auto before = cursor;
    if (header.results.empty() && !none && keyword(cursor) == "none" && cursor.skip_cfws() &&
        (cursor.at_end() || cursor.peek() == ';')) {
      none = true;
      continue;
    }
    cursor = before;
    auto result = read_result(cursor);
    // RFC 8601 §2.2: "none" stands alone.
    if (!result || none) return Failure(ParseProblem::BadResult);
    if (header.results.size() >= kMaxResults) return Failure(ParseProblem::TooMany);
    header.results.push_back(std::move(*result));
    const auto text = line.substr(before.position(), cursor.position() - before.position());
    reading.statements.emplace_back(text.substr(0, text.find_last_not_of(" \t") + 1));
  }
  if (!none && header.results.empty()) return Failure(ParseProblem::NoResult);
  return reading;
}

std::expected<Header, ParseProblem> parse(std::string_view value) {
  const auto line = message::unfold(value);
  if (!line) return Failure(ParseProblem::Control);
  auto reading = read_line(*line);
  if (!reading) return Failure(reading.error());
  return std::move(reading->header);
}

}  // namespace postseal::authres
