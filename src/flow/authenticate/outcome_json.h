#pragma once
// SPDX-License-Identifier: Apache-2.0
// An outcome as JSON, for the trace of a letter and for `postseal authenticate`. docs/operator/authentication.md names
// the fields. Pure.
#include <string>

#include "flow/authenticate/authentication.h"
#include "vocab/json_text.h"

namespace postseal::authenticate {

/// All but the header, as members of the object that is open.
void put_json(JsonText& json, const Outcome& outcome);
/// With the header.
std::string to_json(const Outcome& outcome);

}  // namespace postseal::authenticate
