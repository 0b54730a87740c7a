#pragma once
// SPDX-License-Identifier: Apache-2.0
// RFC 8617 §7.2.1: a letter that fails DMARC here may have passed it before a forwarder changed it. Whose word on that
// counts is the operator's to say. Pure.
#include <optional>
#include <vector>

#include "flow/authenticate/findings.h"

namespace postseal::authenticate {

/// The newest sealer who saw DMARC pass for this author, if he and everybody who sealed after him is trusted: whoever
/// comes later can put any letter under an old seal.
std::optional<Voucher> find_voucher(const arc::ChainVerdict& chain, const Domain& author,
                                    const std::vector<Domain>& trusted);

/// DNS does not say now whether the chain holds, and if it does, a trusted sealer may vouch for the letter.
bool may_be_vouched_for(const arc::ChainVerdict& chain, const std::vector<Domain>& trusted);

}  // namespace postseal::authenticate
