#pragma once
// SPDX-License-Identifier: Apache-2.0
// DNS as one letter asks it: through the turnstile, and as long as somebody wants to know.
#include <memory>

#include "flow/authenticate/turnstile.h"
#include "protocol/dns/resolver.h"

namespace postseal::authenticate {

/// Belongs to one executor.
class Asking final : public dns::Resolver {
 public:
  /// REQUIRES: the resolver outlives it.
  Asking(dns::Resolver& resolver, std::shared_ptr<Turnstile> turnstile, const IpAddress& client)
      : resolver_(resolver), turnstile_(std::move(turnstile)), client_(client) {}

  /// Failed/Cancelled at once for whom nobody waits any more, and where there was no turn in time.
  Awaitable<dns::RawAnswer> lookup(Domain name, dns::RecordType type, Deadline deadline) override;

  /// Nothing is asked from now on. What is under way ends by its deadline.
  void cancel() { cancelled_ = true; }
  /// DNS did not say what it was asked, or was not asked. What came out is not to be remembered: RFC 7208 §5.5 takes
  /// some of that for "no".
  bool unknown() const { return unknown_; }
  /// Something was not asked, for a reason that is ours and not the sender's.
  bool gave_up() const { return cancelled_ || crowded_; }

 private:
  dns::Resolver& resolver_;
  std::shared_ptr<Turnstile> turnstile_;
  const IpAddress client_;
  bool cancelled_ = false;
  bool crowded_ = false;
  bool unknown_ = false;
};

}  // namespace postseal::authenticate
