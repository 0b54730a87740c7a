#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a status code (RFC 3463) means to somebody who wrote a letter, and what he can do: not to his postmaster.
#include <string_view>

#include "vocab/enhanced_status.h"

namespace postseal::dsn {

struct Advice {
  std::string_view meaning;  ///< a sentence
  std::string_view remedy;   ///< a sentence
};

/// For failures and delays. Something is said of every code.
Advice advice(EnhancedStatus status);

}  // namespace postseal::dsn
