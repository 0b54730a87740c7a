// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/tag_list.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "vocab/ascii.h"

namespace postseal::dkim {
namespace {

constexpr bool is_name_char(char c) { return is_letter_digit(c) || c == '_'; }
constexpr bool is_blank_or_end(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank_or_end(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank_or_end(text.back())) text.remove_suffix(1);
  return text;
}

bool is_name(std::string_view name) {
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), is_name_char);
}

constexpr std::size_t kStep = 16;
using Octets = unsigned char __attribute__((vector_size(kStep)));
using Bits = bool __attribute__((ext_vector_type(kStep)));

/// A bit for each of the next kStep octets for which this holds. REQUIRES: they are there.
template <class Holds>
unsigned bits_of_step(const char* at, Holds holds) {
  Octets octets;
  std::memcpy(&octets, at, kStep);
  return std::bit_cast<std::uint16_t>(__builtin_convertvector(holds(octets), Bits));
}

/// RFC 6376 §3.2: visible ASCII; RFC 8616 §4 adds what is not ASCII. A line end is one only before a blank (§2.8: FWS).
bool is_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    while (i + kStep <= text.size()) {
      const unsigned special = bits_of_step(text.data() + i, [](Octets c) { return (c < ' ') | (c == 127); });
      if (special != 0) {
        i += static_cast<std::size_t>(std::countr_zero(special));
        break;
      }
      i += kStep;
    }
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c > 32 && c != 127) [[likely]]
      continue;
    if (c == ' ' || c == '\t') continue;
    const bool fold =
        c == '\r' && i + 2 < text.size() && text[i + 1] == '\n' && (text[i + 2] == ' ' || text[i + 2] == '\t');
    if (!fold) return false;
    i += 2;
  }
  return true;
}

/// REQUIRES: neither is empty.
bool is_same(std::string_view a, std::string_view b) {
  // Names are one or two letters: the first decides.
  return a.front() == b.front() && a.size() == b.size() && (a.size() == 1 || a == b);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string_view to_string(TagListError error) {
  switch (error) {
    case TagListError::Empty:
      return "there are no tags";
    case TagListError::BadName:
      return "a tag has no name, or one with other characters than letters, digits and underscores";
    case TagListError::NoEquals:
      return "a tag has no \"=\"";
    case TagListError::BadValue:
      return "a tag has control characters in its value";
    case TagListError::Duplicate:
      return "a tag is there twice";
    case TagListError::TooMany:
      return "there are too many tags";
  }
  return "";
}

const Tag* TagList::find(std::string_view name) const {
  for (const Tag& tag : tags_) {
    if (is_same(tag.name, name)) return &tag;
  }
  return nullptr;
}

std::optional<std::string_view> TagList::value(std::string_view name) const {
  const Tag* tag = find(name);
  return tag == nullptr ? std::nullopt : std::optional(tag->value);
}

std::expected<TagList, TagListError> parse_tag_list(std::string_view text) {
  if (!is_text(text)) return std::unexpected(TagListError::BadValue);
  std::vector<Tag> tags;
  tags.reserve(12);
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(';', begin), text.size());
    const std::string_view spec = text.substr(begin, end - begin);
    if (trim(spec).empty()) {
      // RFC 6376 §3.2: one ";" may end the list; blanks behind it are what folding leaves there.
      if (end == text.size()) break;
      return std::unexpected(TagListError::BadName);
    }
    const std::size_t equals = spec.find('=');
    if (equals == std::string_view::npos) return std::unexpected(TagListError::NoEquals);
    const std::string_view name = trim(spec.substr(0, equals));
    if (!is_name(name)) return std::unexpected(TagListError::BadName);
    // RFC 6376 §3.2 MUST: a tag that is there twice makes the whole list invalid.
    for (const Tag& tag : tags) {
      if (is_same(tag.name, name)) return std::unexpected(TagListError::Duplicate);
    }
    if (tags.size() == kMaxTags) return std::unexpected(TagListError::TooMany);
    tags.push_back({name, trim(spec.substr(equals + 1)), begin + equals + 1, end});
    begin = end + 1;
  }
  if (tags.empty()) return std::unexpected(TagListError::Empty);
  return TagList(std::move(tags));
}

std::string without_blanks(std::string_view value) {
  std::string result;
  result.reserve(value.size());
  std::copy_if(value.begin(), value.end(), std::back_inserter(result), [](char c) { return !is_blank_or_end(c); });
  return result;
}

std::vector<std::string_view> split_list(std::string_view value) {
  std::vector<std::string_view> elements;
  elements.reserve(value.size() / 8 + 2);
  std::size_t begin = 0;
  const auto close = [&](std::size_t end) {
    elements.push_back(trim(value.substr(begin, end - begin)));
    begin = end + 1;
  };
  std::size_t i = 0;
  for (; i + kStep <= value.size(); i += kStep) {
    unsigned colons = bits_of_step(value.data() + i, [](Octets c) { return c == ':'; });
    for (; colons != 0; colons &= colons - 1) close(i + static_cast<std::size_t>(std::countr_zero(colons)));
  }
  for (; i < value.size(); ++i) {
    if (value[i] == ':') close(i);
  }
  close(value.size());
  return elements;
}

std::optional<std::string> decode_quoted_printable(std::string_view value) {
  std::string result;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (is_blank_or_end(value[i])) continue;
    if (value[i] != '=') {
      result += value[i];
      continue;
    }
    if (i + 2 >= value.size()) return std::nullopt;
    const int high = hex_value(value[i + 1]), low = hex_value(value[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    result += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return result;
}

}  // namespace postseal::dkim
