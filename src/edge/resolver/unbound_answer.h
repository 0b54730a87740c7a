#pragma once
// SPDX-License-Identifier: Apache-2.0
// What libunbound found out, as an answer that keeps its worth.
#include "protocol/dns/answer.h"
#include "vocab/domain.h"

struct ub_result;

namespace postseal::resolver {

/// Failed, with the reason in words.
dns::RawAnswer failed_answer(const Domain& question, dns::Failure failure, std::string why);

/// error is what libunbound's callback got; result may be null when it is not 0.
dns::RawAnswer answer_of(const Domain& question, int error, const ub_result* result);

}  // namespace postseal::resolver
