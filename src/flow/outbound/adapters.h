#pragma once
// SPDX-License-Identifier: Apache-2.0
// The edge as the settings ask for it: resolver, policy fetcher, policy cache, trust store, TLS. Owned together, since
// they need each other; handed to Outbound as Services.
#include <boost/asio/any_io_executor.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "edge/http/policy_fetch.h"
#include "edge/resolver/resolver.h"
#include "edge/settings/settings.h"
#include "edge/tls/client.h"
#include "flow/outbound/deliver.h"

namespace postseal::outbound {

/// A resolver as the settings ask for it, with a cache of its own. It keeps its trust anchor in cache_dir/place, or in
/// cache_dir itself without a place. REQUIRES: settings.cache_dir is set; the executor's context does not run yet.
std::expected<std::unique_ptr<resolver::UnboundResolver>, std::string> make_resolver(
    const settings::Settings& settings, boost::asio::any_io_executor executor, std::string_view place = {});

class Adapters {
 public:
  /// Fills in what the settings leave open (host name, cache folder). The error is one line: what, where, remedy.
  /// warn gets lines for the operator. The executor's context outlives the adapters and must not run yet.
  static std::expected<std::unique_ptr<Adapters>, std::string> create(settings::Settings settings,
                                                                      boost::asio::any_io_executor executor,
                                                                      std::function<void(const std::string&)> warn);
  ~Adapters();

  const settings::Settings& settings() const { return settings_; }
  /// Rules, routes and limits of delivery are new from the next letter on; the resolver, the trust store and the caches
  /// stay as they were made. On the executor only.
  void reload(settings::Settings settings);
  Services services();
  dns::Resolver& resolver() { return *resolver_; }
  mtasts::PolicyFetcher& fetcher() { return *fetcher_; }
  mtasts::PolicyCache& cache() { return *cache_; }
  const Clock& clock() const { return clock_; }

 private:
  Adapters(settings::Settings settings, tls::TrustStore trust);

  settings::Settings settings_;
  SystemClock clock_;
  tls::TrustStore trust_;
  tls::ClientContext tls_;
  std::unique_ptr<resolver::UnboundResolver> resolver_;
  std::unique_ptr<http::PolicyFetch> fetcher_;
  std::unique_ptr<mtasts::PolicyCache> cache_;
};

}  // namespace postseal::outbound
