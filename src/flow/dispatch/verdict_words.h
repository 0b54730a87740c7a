#pragma once
// SPDX-License-Identifier: Apache-2.0
// A delivery record in the queue's words. Pure.
#include "flow/outbound/record.h"
#include "flow/queue/courier.h"

namespace postseal::dispatch {

/// One result for each of the record's recipients, in their order; the index is that of the letter's recipients.
std::vector<queue::RecipientResult> results_of(const outbound::DeliveryRecord& record);

/// What the first host that was to be dialled had to prove: "dane", "mta-sts", "secure", "encrypt", "may", "none".
std::string_view desired_security(const policy::Decision& decision);

}  // namespace postseal::dispatch
