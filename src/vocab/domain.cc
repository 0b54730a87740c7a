// SPDX-License-Identifier: Apache-2.0
#include "vocab/domain.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "vocab/ascii.h"

namespace postseal {
namespace {

// RFC 1035 §2.3.4 (limits of octets on the wire; 255 there leave 253 characters without the final dot).
constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;
// U-labels are longer in UTF-8 than as A-labels; beyond this no text can become a name, so libidn2 need not try.
constexpr std::size_t kMaxText = 1024;

using Failure = std::unexpected<NameError>;

Failure fail(NameErrorCode code, std::string context) { return Failure(NameError{code, std::move(context)}); }

bool is_lower_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }
bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// For messages: what came from the network is shown without its control characters.
std::string shown(std::string_view text) {
  std::string result = "\"";
  for (char c : text.substr(0, 80)) result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return result + (text.size() > 80 ? "...\"" : "\"");
}

/// Calls visit(label) for each label while it returns true; an empty name has one empty label.
template <class Visit>
bool each_label(std::string_view name, Visit visit) {
  for (;;) {
    std::size_t dot = name.find('.');
    if (!visit(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

/// Letters, digits, hyphens inside. REQUIRES: lower case.
bool is_ldh_label(std::string_view label) {
  return !label.empty() && is_lower_digit(label.front()) && is_lower_digit(label.back()) &&
         std::ranges::all_of(label, [](char c) { return is_lower_digit(c) || c == '-'; });
}

std::string_view last_label(std::string_view name) {
  std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::expected<void, NameError> check_sizes(std::string_view name, std::string_view text) {
  std::expected<void, NameError> result;
  each_label(name, [&](std::string_view label) {
    if (label.empty()) {
      result = fail(NameErrorCode::EmptyLabel, shown(text) + " has an empty label (two dots, or a dot at the start)");
    } else if (label.size() > kMaxLabel) {
      result = fail(NameErrorCode::LabelTooLong, shown(text) + " has a label of more than 63 octets");
    }
    return result.has_value();
  });
  if (result && name.size() > kMaxName) {
    result = fail(NameErrorCode::TooLong, shown(text) + " is longer than 253 octets");
  }
  return result;
}

/// IDNA2008 with the mapping of UTS #46, non-transitional: what a lookup by a person's text means.
/// No USE_STD3_ASCII_RULES: libidn2 2.3 then silently drops characters ("℀.com" became ".com"); the letter-digit-hyphen
/// check of the result refuses them instead.
std::expected<std::string, NameError> to_a_labels(const std::string& utf8, std::string_view text) {
  std::uint8_t* raw = nullptr;
  int code =
      idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(utf8.c_str()), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  std::unique_ptr<std::uint8_t, void (*)(void*)> owner(raw, idn2_free);
  if (code == IDN2_TOO_BIG_LABEL || code == IDN2_PUNYCODE_BIG_OUTPUT) {
    return fail(NameErrorCode::LabelTooLong, shown(text) + " has a label of more than 63 octets");
  }
  if (code == IDN2_TOO_BIG_DOMAIN) return fail(NameErrorCode::TooLong, shown(text) + " is longer than 253 octets");
  if (code != IDN2_OK) {
    return fail(NameErrorCode::NotIdna,
                shown(text) + " is no valid internationalised domain name: " + idn2_strerror(code));
  }
  return to_lower(reinterpret_cast<const char*>(raw));
}

/// RFC 5890 §2.3.2.1, RFC 5891 §5.4: an A-label that comes in must be one, and be what its U-label becomes again.
std::expected<void, NameError> check_a_labels(std::string_view name, std::string_view text) {
  std::expected<void, NameError> result;
  each_label(name, [&](std::string_view label) {
    if (!label.starts_with("xn--")) return true;
    auto again = to_a_labels(std::string(label), text);
    if (!again) {
      result = std::unexpected(again.error());
    } else if (*again != label) {
      result = fail(NameErrorCode::NotIdna, shown(text) + " has a label that is not the A-label of its characters");
    }
    return result.has_value();
  });
  return result;
}

/// What nearly all names are: letters and digits, hyphens inside labels, no A-label, and not like an address. In lower
/// case; nullopt: to be looked at closely.
std::optional<std::string> plain_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.size() > kMaxName) return std::nullopt;
  std::string name(text);
  std::size_t label = 0;  // where it begins
  bool digits = true;     // only, in this label
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '.') {
      if (i == label || i - label > kMaxLabel || name[label] == '-' || name[i - 1] == '-') return std::nullopt;
      if (i == name.size()) break;
      label = i + 1;
      digits = true;
      continue;
    }
    const char c = name[i] = ascii_lower(name[i]);
    if (c == '-' ? i == label + 3 && name[i - 1] == '-' : !is_lower_digit(c)) return std::nullopt;
    digits &= is_digit(c);
  }
  if (digits) return std::nullopt;
  return name;
}

/// Characters that a zone file would have to escape, and what is not printable ASCII.
bool is_plain_dns_character(char c) { return c > 0x20 && c < 0x7f && !std::string_view("\\\"();@$").contains(c); }

}  // namespace

std::expected<Domain, NameError> Domain::parse(std::string_view text) {
  if (auto plain = plain_name(text)) return Domain(std::move(*plain));
  if (text.empty() || text == ".") return fail(NameErrorCode::Empty, "the domain name is empty");
  if (text.size() > kMaxText) return fail(NameErrorCode::TooLong, shown(text) + " is longer than 253 octets");
  if (text.contains('\0')) return fail(NameErrorCode::BadCharacter, shown(text) + " has a NUL in it");

  std::string name = to_lower(text);
  if (!is_ascii(name)) {
    auto mapped = to_a_labels(name, text);
    if (!mapped) return std::unexpected(mapped.error());
    name = std::move(*mapped);
  }
  if (name.ends_with('.')) name.pop_back();
  if (auto sizes = check_sizes(name, text); !sizes) return std::unexpected(sizes.error());

  // RFC 5321 §4.1.2 MUST: sub-domain = Let-dig [Ldh-str]; underscores and the like are no mail domain.
  if (!each_label(name, is_ldh_label)) {
    return fail(NameErrorCode::BadCharacter,
                shown(text) + " is no domain name: labels have letters, digits, and hyphens inside");
  }
  // RFC 1123 §2.1: a host name's last label is never all digits, so that it cannot be taken for an IPv4 address.
  if (std::ranges::all_of(last_label(name), is_digit)) {
    return fail(NameErrorCode::LooksLikeAddress,
                shown(text) + " ends in a number; an address is written in brackets, as in [192.0.2.1]");
  }
  if (auto a_labels = check_a_labels(name, text); !a_labels) return std::unexpected(a_labels.error());
  return Domain(std::move(name));
}

std::expected<Domain, NameError> Domain::parse_dns(std::string_view presentation) {
  if (auto plain = plain_name(presentation)) return Domain(std::move(*plain));
  if (presentation.empty()) return fail(NameErrorCode::Empty, "the name is empty");
  if (presentation == ".") return Domain();
  if (presentation.size() > kMaxText) {
    return fail(NameErrorCode::TooLong, shown(presentation) + " is longer than 253 octets");
  }
  std::string name = to_lower(presentation);
  if (name.ends_with('.')) name.pop_back();
  if (auto sizes = check_sizes(name, presentation); !sizes) return std::unexpected(sizes.error());
  if (!std::ranges::all_of(name, is_plain_dns_character)) {
    return fail(NameErrorCode::BadCharacter, shown(presentation) + " has characters that no host's name has");
  }
  return Domain(std::move(name));
}

std::expected<Domain, NameError> Domain::escape_dns(std::string_view octets) {
  if (octets.empty() || octets == ".") return fail(NameErrorCode::Empty, "the name is empty");
  if (octets.ends_with('.')) octets.remove_suffix(1);
  if (octets.size() > kMaxName) return fail(NameErrorCode::TooLong, shown(octets) + " is longer than 253 octets");
  if (auto sizes = check_sizes(octets, octets); !sizes) return std::unexpected(sizes.error());
  std::string name;
  for (const char c : to_lower(octets)) {
    if (is_plain_dns_character(c)) {
      name += c;
      continue;
    }
    // RFC 1035 §5.1: a backslash and three decimal digits.
    const auto code = static_cast<unsigned char>(c);
    name += {'\\', static_cast<char>('0' + code / 100), static_cast<char>('0' + code / 10 % 10),
             static_cast<char>('0' + code % 10)};
  }
  return Domain(std::move(name));
}

std::string Domain::unicode() const {
  if (!name_.starts_with("xn--") && !name_.contains(".xn--")) return name_;
  char* raw = nullptr;
  int code = idn2_to_unicode_8z8z(name_.c_str(), &raw, 0);
  std::unique_ptr<char, void (*)(void*)> owner(raw, idn2_free);
  if (code != IDN2_OK) return name_;
  // Only a form that leads back to this very name may stand for it; libidn2 decodes also what IDNA2008 refuses.
  auto back = parse(raw);
  return back && back->name_ == name_ ? std::string(raw) : name_;
}

bool Domain::is_hostname() const {
  return each_label(name_, is_ldh_label) && !std::ranges::all_of(last_label(name_), is_digit);
}

std::size_t Domain::label_count() const {
  return name_.empty() ? 0 : static_cast<std::size_t>(std::ranges::count(name_, '.')) + 1;
}

std::optional<Domain> Domain::prefixed(std::string_view labels) const {
  auto result = parse_dns(is_root() ? std::string(labels) : std::string(labels) + '.' + name_);
  if (!result) return std::nullopt;
  return std::move(*result);
}

std::optional<Domain> Domain::parent() const {
  if (is_root()) return std::nullopt;
  std::size_t dot = name_.find('.');
  return dot == std::string::npos ? Domain() : Domain(name_.substr(dot + 1));
}

bool Domain::is_within(const Domain& ancestor) const {
  if (ancestor.is_root() || name_ == ancestor.name_) return true;
  return name_.size() > ancestor.name_.size() && name_.ends_with(ancestor.name_) &&
         name_[name_.size() - ancestor.name_.size() - 1] == '.';
}

}  // namespace postseal
