// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/srs vocab
// An address that comes in from anybody: unless it was made here it leads nowhere; packed, it comes back as it was.
// Input: an address.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "protocol/srs/rewriter.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postseal;
  static const Domain kOurs = *Domain::parse("fwd.test");
  static const srs::Rewriter kRewriter{{"secret"}};
  const WallTime now{Seconds(1'767'225'600)};
  const auto mailbox = Mailbox::parse({reinterpret_cast<const char*>(data), size});
  if (!mailbox) return 0;
  if (const auto back = kRewriter.reverse(*mailbox, kOurs, now); !back) require(!srs::to_string(back.error()).empty());
  const auto there = kRewriter.forward(*mailbox, kOurs, now);
  if (!there) return 0;
  require(there->destination() == MailDestination(kOurs) && there->local_part().size() <= 64);
  if (there->local_part() == mailbox->local_part()) return 0;
  const auto back = kRewriter.reverse(*there, kOurs, now);
  require(back.has_value());
  // A sender who is an SRS address himself comes back as the first forwarder's, which need not be the last's.
  if (there->local_part().starts_with("SRS0=") || there->local_part().starts_with("\"SRS0="))
    require(*back == *mailbox);
  return 0;
}
