#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a postmaster can do about it: the last part of every explanation, the same words everywhere (pitfall 24).
#include <string_view>

#include "protocol/policy/evidence.h"
#include "protocol/policy/reason.h"
#include "protocol/tlsrpt/result_type.h"

namespace postseal::outbound {

/// Empty where nothing has to be done.
std::string_view remedy(policy::ReasonCode code);
std::string_view remedy(policy::ProofFailure failure);
std::string_view remedy(tlsrpt::ResultType result);

}  // namespace postseal::outbound
