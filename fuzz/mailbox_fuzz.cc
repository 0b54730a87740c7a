// SPDX-License-Identifier: Apache-2.0
// Addresses from people and from the network: what parses can stand between < and > on the wire, and stands for itself.
// rooms: vocab
#include <cstdlib>

#include "vocab/mailbox.h"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto mailbox = postseal::Mailbox::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!mailbox) {
    demand(!mailbox.error().context.empty());
    return 0;
  }
  std::string text = mailbox->to_string();
  demand(text.size() <= 254 && mailbox->local_part().size() <= 64);
  bool ascii = true;
  for (char c : text) {
    demand((c & 0x80) != 0 || (c >= 0x20 && c < 0x7f));  // no line end, no NUL ever reaches a command
    ascii = ascii && (c & 0x80) == 0;
  }
  demand(ascii != mailbox->needs_smtputf8());
  auto again = postseal::Mailbox::parse(text);
  demand(again && *again == *mailbox);
  return 0;
}
