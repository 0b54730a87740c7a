#pragma once
// SPDX-License-Identifier: Apache-2.0
// Who a message says it is from: the one address whose domain is judged (RFC 9989) and which mail programs show. What
// two readers could read in two ways is a problem with a name, never a guess. RFC 5322 §3.6.2, §4.4, §4.5; RFC 6532,
// 6854.
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message/header.h"
#include "vocab/domain.h"

namespace postseal::message {

struct Author {
  Domain domain;
  std::string address;                   ///< local-part@domain, with A-labels; the first of several of the same domain
  std::vector<std::string> others = {};  ///< the further ones
};

enum class AuthorProblem : std::uint8_t {
  Missing,         ///< no From field
  SeveralFields,   ///< more than one
  SeveralDomains,  ///< addresses of different domains
  Group,           ///< RFC 6854 §2.1: a group, which need not have an address
  NoAddress,       ///< nothing, or only a name
  Route,           ///< RFC 5322 §4.4: <@relay:user@domain>
  NotADomain,      ///< behind the @ stands no domain name that can be looked up
  Confusing,       ///< a reader less strict than this one could show another address
  Malformed,       ///< not what RFC 5322 calls a mailbox list
  Control,         ///< NUL, another control character, or CR and LF that do not fold (A21)
  TooLong,         ///< longer than any author needs (A24)
  HeaderTooLarge,  ///< nobody knows what else is in the header (A24)
  BrokenHeader,    ///< a line before the empty one is no field: for some readers the header ends there
};

std::string_view to_string(AuthorProblem problem);

/// The domain of an address in From: as a mail domain, but underscores may be in it.
std::expected<Domain, NameError> parse_author_domain(std::string_view text);

std::expected<Author, AuthorProblem> find_author(std::span<const HeaderField> fields);
/// The same of one value, the octets behind the colon.
std::expected<Author, AuthorProblem> parse_author(std::string_view value);

}  // namespace postseal::message
