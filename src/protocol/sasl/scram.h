#pragma once
// SPDX-License-Identifier: Apache-2.0
// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, server side: RFC 5802, 7677.
#include <memory>
#include <optional>
#include <string>

#include "protocol/sasl/exchange.h"

namespace postseal::sasl {

struct ScramSettings {
  bool plus = false;                      ///< the mechanism is -PLUS
  bool plus_offered = false;              ///< the server offers -PLUS
  std::optional<ChannelBinding> binding;  ///< REQUIRES: set if plus
  std::string nonce;                      ///< our part of it; printable, no comma
};
std::unique_ptr<Exchange> start_scram(ScramSettings settings);

}  // namespace postseal::sasl
