#pragma once
// SPDX-License-Identifier: Apache-2.0
// What an attempt came to for one recipient.
#include <string_view>

namespace postseal {

enum class DeliveryOutcome { Delivered, Deferred, Bounced };

/// As in records, traces and logs.
constexpr std::string_view to_string(DeliveryOutcome outcome) {
  switch (outcome) {
    case DeliveryOutcome::Delivered:
      return "delivered";
    case DeliveryOutcome::Deferred:
      return "deferred";
    case DeliveryOutcome::Bounced:
      return "bounced";
  }
  return "";
}

}  // namespace postseal
