#pragma once
// SPDX-License-Identifier: Apache-2.0
// A record as a world writes it, taken apart as far as the lab must understand it: symbolic ports and TLSA data are
// replaced, everything else stays as written.
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "lab/credentials.h"

namespace postseal::lab {

struct ZoneLine {
  std::string owner;  ///< absolute, lower case, with final dot
  std::string type;   ///< upper case
  std::string rdata;
};

struct LineContext {
  const Domain& zone;
  const Credentials& credentials;
  std::uint16_t smtp_port = 25;
};

/// One line may become several records ("wrong x120"). The error says what is wrong with the line.
std::expected<std::vector<ZoneLine>, std::string> read_zone_line(std::string_view line, const LineContext& context);

}  // namespace postseal::lab
