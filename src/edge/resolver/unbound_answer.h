#pragma once
// SPDX-License-Identifier: Apache-2.0
// What libunbound found out, as an answer that keeps its worth.
#include "protocol/dns/answer.h"
#include "vocab/domain.h"

struct ub_result;

namespace postseal::resolver {

/// Failed, with the reason in words.
dns::RawAnswer failed_answer(const Domain& question, dns::Failure failure, std::string why);

/// Whose messages libunbound works from: it sorts out by itself what name servers say, but believes resolvers.
enum class Informant { NameServers, Resolver };

/// error is what libunbound's callback got; result may be null when it is not 0.
dns::RawAnswer answer_of(const Domain& question, Informant informant, int error, const ub_result* result);

}  // namespace postseal::resolver
