#pragma once
// SPDX-License-Identifier: Apache-2.0
// mtasts::PolicyFetcher by libcurl. Transfers block threads of a small pool that the fetcher owns; the coroutine waits
// for the result, its deadline or its cancellation, so no io thread ever blocks. RFC 8461 §3.3.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "protocol/dns/resolver.h"
#include "protocol/mtasts/find.h"

namespace postseal::http {

struct PolicyFetchSettings {
  std::uint16_t https_port = 443;  ///< other ports are for labs only (S18)
  bool allow_private = false;      ///< fetch from special-purpose addresses: for labs only
  std::string ca_file;             ///< PEM; empty: the system's
  /// For the lookups, for the turn to come, and for the fetch itself: each has so much, and never more than 60 s.
  std::chrono::milliseconds timeout{60000};
  unsigned threads = 16;  ///< fetches at one time
};

class PolicyFetch final : public mtasts::PolicyFetcher {
 public:
  /// The resolver outlives the fetcher; the fetcher is destroyed before the io_context on which its fetches are
  /// awaited.
  PolicyFetch(dns::Resolver& resolver, PolicyFetchSettings settings);
  /// Ends running transfers; takes a second at most.
  ~PolicyFetch() override;
  PolicyFetch(const PolicyFetch&) = delete;
  PolicyFetch& operator=(const PolicyFetch&) = delete;

  Awaitable<std::expected<std::string, mtasts::FetchError>> fetch(Domain policy_domain, Deadline deadline) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::http
