#pragma once
// SPDX-License-Identifier: Apache-2.0
// An SPF record (RFC 7208 §3, §4.5, §4.6, §5, §6): all of its syntax is checked before anything is evaluated.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/dns/records.h"
#include "protocol/spf/macro.h"
#include "protocol/spf/result.h"

namespace postseal::spf {

struct CidrLengths {
  unsigned v4 = 32;
  unsigned v6 = 128;
  bool operator==(const CidrLengths&) const = default;
};

/// Without a target a mechanism is about the domain that is being checked.
struct All {
  bool operator==(const All&) const = default;
};
struct Include {
  MacroString target;
  bool operator==(const Include&) const = default;
};
struct Address {
  std::optional<MacroString> target;
  CidrLengths lengths;
  bool operator==(const Address&) const = default;
};
struct Mx {
  std::optional<MacroString> target;
  CidrLengths lengths;
  bool operator==(const Mx&) const = default;
};
struct Ptr {
  std::optional<MacroString> target;
  bool operator==(const Ptr&) const = default;
};
struct Network {
  IpAddress network;
  unsigned bits = 0;
  bool operator==(const Network&) const = default;
};
struct Exists {
  MacroString target;
  bool operator==(const Exists&) const = default;
};
using Mechanism = std::variant<All, Include, Address, Mx, Ptr, Network, Exists>;

struct Directive {
  Result qualifier = Result::Pass;  ///< Pass, Fail, SoftFail or Neutral
  Mechanism mechanism;
  std::string text;  ///< as published
};

struct Record {
  std::vector<Directive> directives;
  std::optional<MacroString> redirect;
  std::optional<MacroString> explanation;
};

/// Begins with the version section: this text is meant as an SPF record.
bool is_record(std::string_view text);

/// REQUIRES: is_record(text). The error says in words for people, printable, which term is wrong and why.
std::expected<Record, std::string> parse_record(std::string_view text);

/// True if the first `bits` of both are the same. False for addresses of two families.
bool is_in(const IpAddress& address, const IpAddress& network, unsigned bits);

}  // namespace postseal::spf
