#pragma once
// SPDX-License-Identifier: Apache-2.0
// How many files this process may have open: a connection is one, and the usual limit of 1,024 is an old courtesy to
// programs that use select().
#include <cstdint>

namespace postseal::daemon {

/// Raises the limit as far as it goes without being root, and says how far that is.
std::uint64_t raise_open_files();

}  // namespace postseal::daemon
