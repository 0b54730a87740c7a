#pragma once
// SPDX-License-Identifier: Apache-2.0
// The queue's values as JSON. docs/operator/queue.md names the fields; they are only ever added to.
#include <boost/json/object.hpp>

#include "flow/queue/queue.h"

namespace postseal::admin {

boost::json::object to_json(const queue::ListedLetter& listed);
boost::json::object to_json(const queue::Tally& tally);
boost::json::object to_json(const queue::Statistics& statistics);

}  // namespace postseal::admin
