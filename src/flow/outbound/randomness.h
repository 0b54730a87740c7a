#pragma once
// SPDX-License-Identifier: Apache-2.0
// Randomness that nobody's security depends on: the order of equal MX hosts, record ids.
#include <random>

namespace postseal::outbound {

inline std::mt19937_64& random_engine() {
  thread_local std::mt19937_64 engine(std::random_device{}());
  return engine;
}

}  // namespace postseal::outbound
