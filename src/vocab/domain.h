#pragma once
// SPDX-License-Identifier: Apache-2.0
// A domain name. After the edge no domain is a string: parsing happens here and only here.
// RFC 1035 §2.3.4 (sizes), RFC 5321 §4.1.2 (hostnames), RFC 5890-5893 (IDNA2008 through libidn2), RFC 6531 (U-labels).
#include <compare>
#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace postseal {

enum class NameErrorCode {
  Empty,
  TooLong,
  LabelTooLong,
  EmptyLabel,
  BadCharacter,
  NotIdna,
  LooksLikeAddress,
  NotAnAddress,
  BadLocalPart,
};

struct NameError {
  NameErrorCode code;
  std::string context;  ///< what was wrong with which text, in words for people
};

class Domain {
 public:
  /// The root.
  Domain() = default;

  /// A host or mail domain as people and SMTP write it: A-labels, U-labels, letter-digit-hyphen; a final dot is
  /// dropped. Never the root, never something that ends in a number.
  static std::expected<Domain, NameError> parse(std::string_view text);

  /// Any name as DNS shows it, in presentation format: underscores allowed, no IDNA mapping. Bytes outside printable
  /// ASCII and escapes are refused: such a name is never a host that we would talk to.
  static std::expected<Domain, NameError> parse_dns(std::string_view presentation);

  /// A name to ask DNS for that is made of any octets (SPF macros make such names). Octets that have no plain
  /// presentation stand in ascii() as \DDD, so that it may be longer than 253; dots separate labels.
  static std::expected<Domain, NameError> escape_dns(std::string_view octets);

  /// Lower case A-labels without final dot; "" is the root.
  const std::string& ascii() const { return name_; }
  /// For people: U-labels where they convert cleanly, else the A-labels.
  std::string unicode() const;

  bool is_root() const { return name_.empty(); }
  /// Only letters, digits, hyphens (not at a label's end), last label not all digits: RFC 5321 §4.1.2, RFC 1123 §2.1.
  /// So an IPv4 address is none (D41), nor is the root.
  bool is_hostname() const;
  std::size_t label_count() const;
  /// "_25._tcp" + this. REQUIRES: labels is valid presentation format; the result fits 253 octets, else nullopt.
  std::optional<Domain> prefixed(std::string_view labels) const;
  /// Without the left-most label; nullopt for the root.
  std::optional<Domain> parent() const;
  /// True for the same name and for names below it.
  bool is_within(const Domain& ancestor) const;

  auto operator<=>(const Domain&) const = default;

 private:
  explicit Domain(std::string canonical) : name_(std::move(canonical)) {}
  std::string name_;
};

}  // namespace postseal

template <>
struct std::hash<postseal::Domain> {
  std::size_t operator()(const postseal::Domain& domain) const noexcept {
    return std::hash<std::string>{}(domain.ascii());
  }
};
