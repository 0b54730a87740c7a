#pragma once
// SPDX-License-Identifier: Apache-2.0
// What libunbound is told, as the text of an unbound.conf: a few of the options can be given in no other way.
#include <string>

#include "edge/resolver/resolver.h"

namespace postseal::resolver {

/// Trust anchors are not part of it. REQUIRES: config has the server that its mode needs.
std::string unbound_options(const ResolverConfig& config);

/// Everything goes to one server that is to have all the answers.
bool forwards(const ResolverConfig& config);

}  // namespace postseal::resolver
