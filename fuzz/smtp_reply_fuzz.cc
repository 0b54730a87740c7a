// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/smtp vocab
// Any bytes from a server, in any pieces: bounded, printable replies, the same ones whatever the pieces.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "protocol/smtp/capabilities.h"
#include "protocol/smtp/reply_parser.h"

using namespace postseal;

namespace {

void must(bool held) {
  if (!held) std::abort();
}

struct Seen {
  std::vector<Reply> replies;
  bool defect = false;
};

void must_be_bounded(const Reply& reply) {
  must(reply.code >= 200 && reply.code <= 599);
  must(!reply.lines.empty() && reply.lines.size() <= smtp::kMaxReplyLines);
  must(!reply.status || reply.status->klass == reply.code / 100);
  for (const std::string& line : reply.lines) {
    must(line.size() <= smtp::kMaxReplyLine);
    for (char c : line) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
  smtp::parse_capabilities(reply);
}

Seen read(std::string_view bytes, std::size_t piece) {
  Seen seen;
  smtp::ReplyParser parser;
  while (!bytes.empty()) {
    parser.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      auto reply = parser.next();
      if (!reply) {
        seen.defect = true;
        return seen;
      }
      if (!*reply) break;
      must_be_bounded(**reply);
      seen.replies.push_back(std::move(**reply));
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Seen whole = read(bytes, bytes.size()), pieces = read(bytes, data[0] + 1U);
  must(whole.replies == pieces.replies);
  // A line without end is found too long as soon as it is, so that the defect may show earlier in pieces, never later.
  must(!whole.defect || pieces.defect);
  return 0;
}
