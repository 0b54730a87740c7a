#pragma once
// SPDX-License-Identifier: Apache-2.0
// A letter that an alias leads on: the next server learns from us how it came, since SPF, and DKIM where somebody has
// changed it, say nothing to him any more. RFC 8617 §5.1.
#include <memory>
#include <string>
#include <vector>

#include "flow/sign/outgoing.h"
#include "protocol/arc/verify.h"
#include "protocol/authres/header.h"

namespace postseal::sign {

/// The three fields of an ARC Set, by the first key of the domain; none where the chain has ended. REQUIRES: the pass
/// is of the letter as it goes; chain and results are of the letter as it came.
Awaitable<Signed> seal_letter(std::shared_ptr<const dkim::MessagePass> pass, std::shared_ptr<const KeyRing> ring,
                              Domain domain, arc::ChainVerdict chain, std::string authserv_id,
                              std::vector<authres::MethodResult> results, Offload offload, WallTime now);

}  // namespace postseal::sign
