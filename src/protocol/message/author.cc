// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/author.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/message/structured.h"
#include "protocol/smtp/printable.h"
#include "vocab/ascii.h"
#include "vocab/atext.h"
#include "vocab/mailbox.h"

namespace postseal::message {
namespace {

/// A list of some hundred authors fits; a bomb does not (A24).
constexpr std::size_t kMaxValue = 64 * 1024;

using Problem = AuthorProblem;
using Failure = std::unexpected<AuthorProblem>;

bool is_non_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

struct Token {
  enum class Kind : std::uint8_t { Atom, Quoted, Dot, At, Literal };
  Kind kind;
  std::string text;
  bool after_comment = false;  ///< a comment stands between it and the token before it
  bool apart = false;          ///< a comment or a blank does
};

struct Tokens {
  std::vector<Token> list;
  bool comment_last = false;
};

/// Tokens up to one that has a meaning of its own: < > , ; : or the end.
std::expected<Tokens, Problem> read_tokens(StructuredCursor& cursor) {
  std::vector<Token> tokens;
  tokens.reserve(8);
  for (;;) {
    const std::size_t before = cursor.position();
    if (!cursor.skip_cfws()) return Failure(Problem::Malformed);
    const bool after_comment = cursor.saw_comment();
    const bool apart = cursor.position() != before;
    const char c = cursor.peek();
    if (kAtext.contains(c)) {
      tokens.push_back({Token::Kind::Atom, std::string(cursor.take_while([](char d) { return kAtext.contains(d); })),
                        after_comment, apart});
    } else if (c == '"') {
      auto content = cursor.quoted_string();
      if (!content) return Failure(Problem::Malformed);
      tokens.push_back({Token::Kind::Quoted, std::move(*content), after_comment, apart});
    } else if (c == '.') {
      cursor.take('.');
      tokens.push_back({Token::Kind::Dot, {}, after_comment, apart});
    } else if (c == '@') {
      cursor.take('@');
      tokens.push_back({Token::Kind::At, {}, after_comment, apart});
    } else if (c == '[') {
      tokens.push_back({Token::Kind::Literal, std::string(cursor.take_while([](char d) { return d != ']'; })),
                        after_comment, apart});
      if (!cursor.take(']')) return Failure(Problem::Malformed);
    } else {
      return Tokens{std::move(tokens), after_comment};
    }
  }
}

/// atom *("." atom), where RFC 5322 §4.4 lets white space stand around each; nullopt otherwise.
std::optional<std::string> join_atoms(std::span<const Token> tokens) {
  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != (i % 2 == 0 ? Token::Kind::Atom : Token::Kind::Dot)) return std::nullopt;
    text += i % 2 == 0 ? tokens[i].text : ".";
  }
  return tokens.size() % 2 == 1 ? std::optional(text) : std::nullopt;
}

std::expected<std::string, Problem> read_local_part(std::span<const Token> tokens) {
  std::string local_part;
  if (auto plain = join_atoms(tokens)) {
    local_part = std::move(*plain);
  } else {
    const auto is_quoted = [](const Token& token) { return token.kind == Token::Kind::Quoted; };
    if (std::ranges::none_of(tokens, is_quoted)) return Failure(Problem::Malformed);
    if (tokens.size() > 1) return Failure(Problem::Confusing);
    local_part = tokens[0].text;
  }
  // RFC 2047 §5 MUST NOT: an encoded word is no part of an address; a reader that decodes it there shows what it
  // hides, up to another address with its domain.
  if (local_part.contains("=?")) return Failure(Problem::Confusing);
  // RFC 5322 §3.4.1: anything may be quoted; a reader that does not know would see the address inside.
  if (local_part.find_first_of("@<>,:;") != std::string::npos) return Failure(Problem::Confusing);
  std::string quoted = "\"";
  for (const char c : local_part) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

/// What the name would be as a host's.
std::string without_underscores(std::string_view name) {
  std::string result(name);
  std::ranges::replace(result, '_', 'x');
  return result;
}

/// As long, with the same labels, and one that any mailbox may have.
std::string stand_in_for(std::string_view name) {
  std::string result(name);
  std::ranges::replace_if(result, [](char c) { return c != '.' && !is_letter_digit(c); }, 'x');
  return result;
}

/// RFC 5322 §3.4.1 addr-spec, §4.4 its obsolete form.
std::expected<Author, Problem> read_address(std::span<const Token> tokens) {
  std::size_t at = tokens.size();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != Token::Kind::At) continue;
    if (at != tokens.size()) return Failure(Problem::Confusing);
    at = i;
  }
  if (at == tokens.size()) return Failure(Problem::NoAddress);
  // RFC 5322 §4.4 tolerates comments inside an address; nobody writes them but who wants readers to differ.
  for (const Token& token : tokens.subspan(1)) {
    if (token.after_comment) return Failure(Problem::Confusing);
  }
  const auto local_part = read_local_part(tokens.first(at));
  if (!local_part) return Failure(local_part.error());
  const auto behind = tokens.subspan(at + 1);
  // RFC 5322 §3.4.1 domain-literal: an address of the network has no domain that could vouch for it.
  if (behind.size() == 1 && behind[0].kind == Token::Kind::Literal) return Failure(Problem::NotADomain);
  const auto name = join_atoms(behind);
  if (!name) return Failure(Problem::Malformed);
  // RFC 5322 §4.4 tolerates blanks and folds there, too; for many readers the name ends at one.
  if (std::ranges::any_of(tokens.subspan(at), &Token::apart)) return Failure(Problem::Confusing);
  auto domain = parse_author_domain(*name);
  if (!domain) return Failure(Problem::NotADomain);
  const auto mailbox = Mailbox::parse(*local_part + '@' + stand_in_for(domain->ascii()));
  if (!mailbox) return Failure(Problem::Malformed);
  // What turns the reading direction or is not seen at all makes one author look like another.
  if (smtp::printable(mailbox->local_part()) != mailbox->local_part()) return Failure(Problem::Confusing);
  std::string address = mailbox->local_part() + '@' + domain->ascii();
  return Author{.domain = std::move(*domain), .address = std::move(address)};
}

/// RFC 5322 §3.2.5 phrase, §4.1 obs-phrase: words, and dots between them ("John Q. Public").
bool is_phrase(std::span<const Token> tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool word = tokens[i].kind == Token::Kind::Atom || tokens[i].kind == Token::Kind::Quoted;
    if (!word && (i == 0 || tokens[i].kind != Token::Kind::Dot)) return false;
  }
  return true;
}

/// RFC 2047 §5 MUST NOT: an encoded word has no quotes and no parentheses in it. Whoever decodes it all the same sees
/// an address that RFC 5322 has in a quoted string or a comment.
bool hides_address(std::span<const Token> tokens, const StructuredCursor& cursor) {
  const auto is_torn = [](const Token& token) {
    return token.kind == Token::Kind::Atom && token.text.contains("=?") && !token.text.ends_with("?=");
  };
  const auto has_address = [](const Token& token) {
    return token.kind == Token::Kind::Quoted && token.text.find_first_of("<@") != std::string::npos;
  };
  return std::ranges::any_of(tokens, is_torn) &&
         (cursor.saw_address_in_comment() || std::ranges::any_of(tokens, has_address));
}

/// In GBK, Big5 and Shift_JIS a character's second octet may be that of a backslash or a bracket; who reads the value
/// as one of these sees a quoted string or a comment end elsewhere. What is UTF-8 everybody takes for that.
bool has_other_readings(std::string_view line) {
  const auto is_split = [](char first, char second) {
    return static_cast<unsigned char>(first) >= 0x80 && (second == '\\' || second == '[' || second == ']');
  };
  return std::ranges::adjacent_find(line, is_split) != line.end() && !smtp::is_utf8(line);
}

/// RFC 5322 §3.4 angle-addr, behind its "<".
std::expected<Author, Problem> read_angle(StructuredCursor& cursor) {
  if (!cursor.skip_cfws()) return Failure(Problem::Malformed);
  // RFC 5322 §4.4 obs-route: readers disagree about which of the names is the author's.
  if (cursor.peek() == '@' || cursor.peek() == ',') return Failure(Problem::Route);
  const bool comment_first = cursor.saw_comment();
  const auto tokens = read_tokens(cursor);
  if (!tokens) return Failure(tokens.error());
  if (!cursor.take('>')) return Failure(Problem::Malformed);
  if (comment_first || tokens->comment_last) return Failure(Problem::Confusing);
  return read_address(tokens->list);
}

std::expected<Author, Problem> read_mailbox(StructuredCursor& cursor) {
  const auto tokens = read_tokens(cursor);
  if (!tokens) return Failure(tokens.error());
  // RFC 6854 §2.1 lets From hold a group.
  if (cursor.peek() == ':') return Failure(Problem::Group);
  if (!cursor.at_end() && cursor.peek() != ',' && cursor.peek() != '<') return Failure(Problem::Malformed);
  if (!cursor.take('<')) return read_address(tokens->list);
  // An address where the name belongs, and another in the angle brackets: one is shown, the other checked.
  for (const Token& token : tokens->list) {
    if (token.kind == Token::Kind::At) return Failure(Problem::Confusing);
  }
  if (!is_phrase(tokens->list)) return Failure(Problem::Malformed);
  if (hides_address(tokens->list, cursor)) return Failure(Problem::Confusing);
  auto author = read_angle(cursor);
  if (author && !cursor.skip_cfws()) return Failure(Problem::Malformed);
  return author;
}

}  // namespace

std::string_view to_string(AuthorProblem problem) {
  switch (problem) {
    case Problem::Missing:
      return "there is no From field";
    case Problem::SeveralFields:
      return "there is more than one From field";
    case Problem::SeveralDomains:
      return "From has addresses of several domains";
    case Problem::Group:
      return "From is a group";
    case Problem::NoAddress:
      return "From has no address";
    case Problem::Route:
      return "From has a source route";
    case Problem::NotADomain:
      return "the address in From has no domain name";
    case Problem::Confusing:
      return "From can be read in several ways";
    case Problem::Malformed:
      return "From is not written as RFC 5322 says";
    case Problem::Control:
      return "From has control characters";
    case Problem::TooLong:
      return "From is too long";
    case Problem::HeaderTooLarge:
      return "the header is larger than what is looked at";
    case Problem::BrokenHeader:
      return "a line of the header is no field";
  }
  std::unreachable();
}

std::expected<Domain, NameError> parse_author_domain(std::string_view text) {
  auto domain = Domain::parse(text);
  // RFC 5890 §2.3.2.3: names with A-labels that IDNA2008 refuses are registered, emoji for one, and send mail. They are
  // compared as they stand.
  if (!domain && domain.error().code == NameErrorCode::NotIdna && std::ranges::none_of(text, is_non_ascii))
    return Domain::parse_dns(text);
  if (domain || !text.contains('_')) return domain;
  // RFC 5322 §3.4.1 takes them, and DNS has records for them: whatever else is wrong with the name stays wrong.
  if (!Domain::parse(without_underscores(text))) return domain;
  auto name = Domain::parse_dns(text);
  return name ? name : domain;
}

std::expected<Author, AuthorProblem> parse_author(std::string_view value) {
  if (value.size() > kMaxValue) return Failure(Problem::TooLong);
  const auto line = unfold(value);
  if (!line) return Failure(Problem::Control);
  if (has_other_readings(*line)) return Failure(Problem::Confusing);
  StructuredCursor cursor(*line);
  std::optional<Author> first;
  for (;;) {
    if (!cursor.skip_cfws()) return Failure(Problem::Malformed);
    // A comment in front of an address belongs to nobody; one between its parts does.
    cursor.saw_comment();
    // RFC 5322 §4.4 obs-mbox-list: nothing between two commas.
    if (cursor.take(',')) continue;
    if (cursor.at_end()) break;
    auto author = read_mailbox(cursor);
    if (!author) return Failure(author.error());
    if (!cursor.at_end() && cursor.peek() != ',') return Failure(Problem::Malformed);
    // RFC 5322 §3.6.2 allows several authors. Whichever is shown, its domain is the one that was checked.
    if (first && first->domain != author->domain) return Failure(Problem::SeveralDomains);
    if (first) {
      first->others.push_back(std::move(author->address));
    } else {
      first = std::move(*author);
    }
  }
  if (!first) return Failure(Problem::NoAddress);
  if (cursor.saw_torn_comment()) return Failure(Problem::Confusing);
  return std::move(*first);
}

std::expected<Author, AuthorProblem> find_author(std::span<const HeaderField> fields) {
  const HeaderField* from = nullptr;
  bool broken = false;
  for (const HeaderField& field : fields) {
    broken |= field.name().empty();
    if (!equals_ignoring_case(field.name(), "from")) continue;
    // RFC 5322 §3.6 MUST: exactly one. With two, one is shown and the other checked (A25).
    if (from != nullptr) return Failure(Problem::SeveralFields);
    from = &field;
  }
  // RFC 5322 §2.2: some take the rest for the body, others read on; they may find other authors, or none (A25).
  if (broken) return Failure(Problem::BrokenHeader);
  if (from == nullptr) return Failure(Problem::Missing);
  return parse_author(from->value());
}

}  // namespace postseal::message
