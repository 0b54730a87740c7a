#pragma once
// SPDX-License-Identifier: Apache-2.0
// The human view of a delivery record's facts and decision.
#include <string>
#include <vector>

#include "edge/resolver/resolver.h"
#include "flow/outbound/record.h"

namespace postseal::cli {

std::string explain_text(const outbound::DeliveryRecord& record);
std::string self_check_json(const std::vector<resolver::SelfCheckLine>& lines);

}  // namespace postseal::cli
