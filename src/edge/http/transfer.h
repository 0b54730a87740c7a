#pragma once
// SPDX-License-Identifier: Apache-2.0
// One HTTPS GET of a policy by libcurl, on the caller's thread. Only policy_fetch.cc calls it, from its pool.
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "protocol/mtasts/find.h"
#include "vocab/clock.h"
#include "vocab/domain.h"
#include "vocab/ip_address.h"

namespace postseal::http {

struct Transfer {
  Domain host;  ///< mta-sts.DOMAIN: in the URL, as SNI, and the only name that the certificate may prove
  std::uint16_t port = 443;
  std::vector<IpAddress> addresses;  ///< the only ones that are connected to; not empty
  std::string ca_file;               ///< empty: the system's
  Deadline deadline;
  std::function<bool()> stopped;  ///< asked at least once a second, from the transferring thread
};

/// Blocks until the body is there, or why not.
std::expected<std::string, mtasts::FetchError> run_transfer(const Transfer& transfer);

}  // namespace postseal::http
