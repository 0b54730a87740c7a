// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/message vocab
// A From value as anybody may write it. An author that is found has an address of his own domain, reads the same when
// it stands alone, and no NUL or line end ever hides in front of it. Input: the octets behind the colon.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message/author.h"
#include "vocab/mailbox.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postseal;
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const auto author = message::parse_author(value);
  if (!author) {
    require(!message::to_string(author.error()).empty());
    return 0;
  }
  require(!value.contains('\0'));
  require(!author->domain.is_root() && author->address.ends_with('@' + author->domain.ascii()));
  // An author's domain may have underscores, which are in no mailbox's.
  require(author->domain.ascii().contains('_') || Mailbox::parse(author->address).has_value());
  const auto again = message::parse_author("Somebody <" + author->address + ">");
  require(again && again->address == author->address && again->domain == author->domain);
  const std::vector<message::HeaderField> twice(2, message::HeaderField("From: " + author->address + "\r\n"));
  require(message::find_author(twice).error() == message::AuthorProblem::SeveralFields);
  return 0;
}
