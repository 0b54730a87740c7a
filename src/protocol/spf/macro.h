#pragma once
// SPDX-License-Identifier: Apache-2.0
// Macro strings (RFC 7208 §7): parsed once with the record, expanded as often as needed. Pure: values come from the
// caller, and only those that a string uses need be known.
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vocab/clock.h"
#include "vocab/ip_address.h"

namespace postseal::spf {

struct Macro {
  char letter = 'd';  ///< lower case
  bool url_escaped = false;
  std::size_t keep = 0;  ///< so many parts from the right; 0: all
  bool reversed = false;
  std::string delimiters = ".";
  bool operator==(const Macro&) const = default;
};

/// Literal text (with %%, %_ and %- already resolved) and macros.
struct MacroString {
  std::vector<std::variant<std::string, Macro>> pieces;
  /// One of these letters is used.
  bool uses(std::string_view letters) const;
  bool operator==(const MacroString&) const = default;
};

/// What the letters stand for.
struct MacroValues {
  std::string sender_local;   ///< l
  std::string sender_domain;  ///< o
  std::string domain;         ///< d
  IpAddress ip;               ///< i, v, c
  std::string helo;           ///< h
  std::string validated;      ///< p
  std::string receiver;       ///< r
  WallTime now{};             ///< t
};

/// Where a string stands: c, r and t have a meaning only in the explanation itself.
enum class MacroPlace { Target, Explanation, UnknownModifier };

/// The error is in words for people.
std::expected<MacroString, std::string> parse_macro_string(std::string_view text, MacroPlace place);

/// A macro string that ends as a domain must (domain-spec).
std::expected<MacroString, std::string> parse_domain_spec(std::string_view text);

enum class Keep { Front, Back };
/// At most `limit` octets: what is longer loses its back or its front. The work is bounded by the limit, too.
std::string expand(const MacroString& text, const MacroValues& values, std::size_t limit, Keep keep);

/// RFC 7208 §7.3: the expansion as a name for DNS, made to fit 253 characters by dropping labels on the left. May be no
/// possible name at all: see Domain::escape_dns.
std::string expand_target(const MacroString& text, const MacroValues& values);

/// "1.2.3.4", or the 32 nibbles of an IPv6 address with dots.
std::string dotted(const IpAddress& ip);
/// The name that has an address's PTR records: "4.3.2.1.in-addr.arpa".
std::string reverse_name(const IpAddress& ip);

}  // namespace postseal::spf
