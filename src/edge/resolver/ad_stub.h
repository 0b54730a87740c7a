#pragma once
// SPDX-License-Identifier: Apache-2.0
// Asks a validating resolver on loopback and believes its AD bit (RFC 4035 §4.9.3). libunbound cannot do this: it
// clears the AD bit of what it receives. UDP first, TCP for what is truncated, asked anew after a second without an
// answer.
#include "edge/resolver/resolver.h"

namespace postseal::resolver {

/// REQUIRES: server is on loopback (checked by UnboundResolver::create). Never throws, never waits beyond the deadline.
Awaitable<dns::RawAnswer> ask_with_ad(ServerAddress server, Domain name, dns::RecordType type, Deadline deadline);

}  // namespace postseal::resolver
