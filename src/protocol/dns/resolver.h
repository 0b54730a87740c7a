#pragma once
// SPDX-License-Identifier: Apache-2.0
// The one way to ask DNS. Protocol rooms see this interface; edge/resolver implements it with libunbound, tests/ with a
// table.
#include <optional>

#include "protocol/dns/answer.h"
#include "protocol/dns/records.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"

namespace postseal::dns {

class Resolver {
 public:
  virtual ~Resolver() = default;
  /// Follows aliases. Never throws, never waits beyond the deadline (then Failed/Timeout).
  virtual Awaitable<RawAnswer> lookup(Domain name, RecordType type, Deadline deadline) = 0;
  /// What lookup() would answer without asking anybody.
  virtual std::optional<RawAnswer> known(const Domain& /*name*/, RecordType /*type*/) { return std::nullopt; }
};

}  // namespace postseal::dns
