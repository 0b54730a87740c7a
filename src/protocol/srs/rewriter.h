#pragma once
// SPDX-License-Identifier: Apache-2.0
// A forwarded letter comes from us, so its reverse-path has to be ours (RFC 7208 appendix D.2): the sender's
// address is packed into a local part here, with a hash that only we can make, and unpacked when a notification comes
// back. The form is the one of "SRS", which other forwarders read as well:
//   SRS0=hash=day=domain=local@ours               the first forwarder
//   SRS1=hash=first-forwarder=rest-of-SRS0@ours   those behind it: the notification goes straight to the first one
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "vocab/clock.h"
#include "vocab/domain.h"
#include "vocab/mailbox.h"

namespace postseal::srs {

enum class Problem : std::uint8_t {
  NotOurs,    ///< no SRS address, or of another domain: treat it as any other mailbox
  Malformed,  ///< begins like one and has not its parts
  Forged,     ///< no secret of ours made the hash
  Expired,    ///< too old for a notification, or from the future
  TooLong,    ///< RFC 5321 §4.5.3.1: would not fit into a local part of 64 octets
  NoDomain,   ///< the sender is at an address literal
};

std::string_view to_string(Problem problem);

class Rewriter {
 public:
  /// secrets: the first makes hashes, all are accepted, so that a new one can be put in front and an old one taken away
  /// after the lifetime. REQUIRES: at least one, none empty.
  Rewriter(std::vector<std::string> secrets, Seconds lifetime = std::chrono::days(21));

  /// A sender of our own domain stays as it is.
  std::expected<Mailbox, Problem> forward(const Mailbox& sender, const Domain& ours, WallTime now) const;
  /// The mailbox that a notification to `recipient` goes to.
  std::expected<Mailbox, Problem> reverse(const Mailbox& recipient, const Domain& ours, WallTime now) const;

 private:
  bool made_here(std::string_view hash, std::string_view text) const;

  std::vector<std::string> secrets_;
  std::int64_t lifetime_days_;
};

}  // namespace postseal::srs
