// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/path.h"

#include "protocol/smtpd/command.h"
#include "protocol/smtpd/replies.h"
#include "vocab/ascii.h"

namespace postseal::smtpd {
namespace {

/// The octets of a path up to its closing bracket: one inside a quoted string does not count.
std::size_t find_end(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '>' && !quoted) {
      return i;
    }
  }
  return std::string_view::npos;
}

/// RFC 5321 §4.1.2 A-d-l: "@a,@b:". What follows it; nullopt if it is no such list.
std::optional<std::string_view> skip_route(std::string_view path) {
  for (;;) {
    if (!path.starts_with('@')) return std::nullopt;
    std::size_t end = path.find_first_of(",:");
    if (end == std::string_view::npos || !Domain::parse(path.substr(1, end - 1))) return std::nullopt;
    bool last = path[end] == ':';
    path.remove_prefix(end + 1);
    if (last) return path;
  }
}

}  // namespace

std::optional<PathArgument> split_path(std::string_view argument, std::string_view keyword) {
  if (argument.size() < keyword.size() || !equals_ignoring_case(argument.substr(0, keyword.size()), keyword)) {
    return std::nullopt;
  }
  argument.remove_prefix(keyword.size());
  // DEVIATION: RFC 5321 §3.3 has no blank behind the colon. Many printers and scanners send one; nothing becomes
  // ambiguous by it.
  argument = trim(argument);
  if (!argument.starts_with('<')) return std::nullopt;
  argument.remove_prefix(1);
  std::size_t end = find_end(argument);
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view rest = argument.substr(end + 1);
  if (!rest.empty() && !rest.starts_with(' ')) return std::nullopt;
  return PathArgument{.path = argument.substr(0, end), .parameters = trim(rest)};
}

std::expected<Mailbox, std::string_view> parse_path(std::string_view path, std::string_view bad_address) {
  // RFC 5321 §4.5.3.1.3 (A20): 256 octets with the brackets.
  if (path.size() > 254) return std::unexpected(reply::kPathTooLong);
  // RFC 5321 §4.1.1.3, §C MUST (A36): a source route is understood and may be ignored. What counts, for the question of
  // relaying too, is the mailbox at its end.
  if (path.starts_with('@')) {
    auto rest = skip_route(path);
    if (!rest) return std::unexpected(bad_address);
    path = *rest;
  }
  auto mailbox = Mailbox::parse(path);
  if (!mailbox) return std::unexpected(bad_address);
  return std::move(*mailbox);
}

}  // namespace postseal::smtpd
