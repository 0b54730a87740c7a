#pragma once
// SPDX-License-Identifier: Apache-2.0
// "a=1; b=2": the form of DKIM-Signature and ARC fields, of key records and of DMARC records. RFC 6376 §3.2, RFC 8616
// §4 (octets above 127 as UTF-8).
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postseal::dkim {

/// Views into the text that was parsed, which must outlive it.
struct Tag {
  std::string_view name;
  std::string_view value;  ///< without blanks and folds around it; those within it are still there
  std::size_t begin = 0;   ///< offset in the text of what follows the "="...
  std::size_t end = 0;     ///< ...and of the ";" or the end of the text
};

class TagList {
 public:
  explicit TagList(std::vector<Tag> tags) : tags_(std::move(tags)) {}
  /// RFC 6376 §3.2: names are compared with regard to case. REQUIRES: a name is not empty.
  const Tag* find(std::string_view name) const;
  std::optional<std::string_view> value(std::string_view name) const;
  const std::vector<Tag>& tags() const { return tags_; }

 private:
  std::vector<Tag> tags_;
};

enum class TagListError { Empty, BadName, NoEquals, BadValue, Duplicate, TooMany };
/// In words for people.
std::string_view to_string(TagListError error);

inline constexpr std::size_t kMaxTags = 100;

std::expected<TagList, TagListError> parse_tag_list(std::string_view text);

/// Without any blanks and folds: base64 values, and numbers and lists written by generous signers.
std::string without_blanks(std::string_view value);
/// The elements of a colon-separated list, without blanks around them. Empty elements stay.
std::vector<std::string_view> split_list(std::string_view value);
/// RFC 6376 §2.11: "=3D" and blanks between; nullopt for what is no such text.
std::optional<std::string> decode_quoted_printable(std::string_view value);

}  // namespace postseal::dkim
