#pragma once
// SPDX-License-Identifier: Apache-2.0
// What an ARC-Seal covers: RFC 8617 §5.1.1.
#include <span>
#include <string>

#include "protocol/arc/set.h"

namespace postseal::arc {

/// The text under the seal of the last of the sets: each set in order, ARC-Authentication-Results,
/// ARC-Message-Signature, ARC-Seal, all relaxed; the last seal without the value of its b= and without its CRLF.
std::string sealed_text(const dkim::MessagePass& pass, std::span<const ArcSet> sets);

/// In front of a new seal: all of these sets whole.
std::string whole_text(const dkim::MessagePass& pass, std::span<const ArcSet> sets);

}  // namespace postseal::arc
