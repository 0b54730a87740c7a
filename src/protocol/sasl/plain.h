#pragma once
// SPDX-License-Identifier: Apache-2.0
// The two mechanisms that carry the password itself: PLAIN (RFC 4616) and LOGIN (never a standard, still in use).
#include <memory>

#include "protocol/sasl/exchange.h"

namespace postseal::sasl {

std::unique_ptr<Exchange> start_plain();
std::unique_ptr<Exchange> start_login();

}  // namespace postseal::sasl
