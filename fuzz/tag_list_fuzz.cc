// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/dkim vocab
// Tag lists (RFC 6376 §3.2), and what is made of values: base64, quoted-printable, lists.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/dkim/base64.h"
#include "protocol/dkim/tag_list.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postseal::dkim;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto octets = decode_base64(text);
  require(!octets || octets->size() <= text.size() / 4 * 3 + 2);
  const auto plain = decode_quoted_printable(text);
  require(!plain || plain->size() <= text.size());
  require(split_list(text).size() <= text.size() + 1);
  const auto tags = parse_tag_list(text);
  if (!tags) {
    require(!to_string(tags.error()).empty());
    return 0;
  }
  require(!tags->tags().empty() && tags->tags().size() <= kMaxTags);
  std::string again;
  for (const Tag& tag : tags->tags()) {
    require(!tag.name.empty() && tag.begin <= tag.end && tag.end <= text.size());
    require(tag.end == text.size() || text[tag.end] == ';');
    require(text[tag.begin - 1] == '=' && tags->find(tag.name) == &tag);
    require(tag.value.size() <= tag.end - tag.begin);
    again += std::string(tag.name) + "=" + std::string(tag.value) + ";";
  }
  // What was read, written plainly, is the same list.
  const auto same = parse_tag_list(again);
  require(same && same->tags().size() == tags->tags().size());
  for (const Tag& tag : tags->tags()) require(same->value(tag.name) == tag.value);
  return 0;
}
