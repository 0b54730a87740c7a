#pragma once
// SPDX-License-Identifier: Apache-2.0
// An outcome as JSON, for the trace of a letter and for `postseal authenticate`. docs/operator/authentication.md names
// the fields. Pure.
#include <boost/json/object.hpp>

#include "flow/authenticate/authentication.h"

namespace postseal::authenticate {

/// All but the header, into the object's own storage.
void put_json(boost::json::object& object, const Outcome& outcome);
/// With the header.
boost::json::object to_json(const Outcome& outcome);

}  // namespace postseal::authenticate
