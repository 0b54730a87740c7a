#pragma once
// SPDX-License-Identifier: Apache-2.0
// The findings as RFC 8601 has them: one result for each check, with the properties that mail programs look for. Pure.
#include <vector>

#include "flow/authenticate/findings.h"
#include "protocol/authres/header.h"

namespace postseal::authenticate {

std::vector<authres::MethodResult> results_of(const Findings& findings);

}  // namespace postseal::authenticate
