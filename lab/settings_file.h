#pragma once
// SPDX-License-Identifier: Apache-2.0
// The settings file of somebody who lives in a world that is up.
#include <string>

#include "edge/settings/settings.h"
#include "lab/world.h"

namespace postseal::lab {

/// As settings::load_settings() reads it: what StandingWorld::apply() sets.
std::string format_settings_file(const settings::Settings& settings);

/// A domain of the world to try things with; "example.test" in a world without cases.
std::string example_domain(const World& world);

}  // namespace postseal::lab
