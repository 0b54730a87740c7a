#pragma once
// SPDX-License-Identifier: Apache-2.0
// dns::Resolver by libunbound, in process. Validates by itself in every mode but TrustAd.
#include <boost/asio/any_io_executor.hpp>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/dns/resolver.h"
#include "vocab/ip_address.h"

namespace postseal::resolver {

struct ServerAddress {
  IpAddress address;
  std::uint16_t port = 53;
};

enum class Mode { Iterate, Forward, TrustAd };

/// A zone whose servers are not looked up but known.
struct StubZone {
  Domain zone;
  ServerAddress server;
};

struct ResolverConfig {
  Mode mode = Mode::Iterate;
  std::optional<ServerAddress> server;  ///< Forward, TrustAd
  std::optional<ServerAddress>
      root;                     ///< Iterate: the only root server (labs); at a port other than 53 it has all zones
  std::vector<StubZone> stubs;  ///< Iterate: zones with servers of their own (labs)
  std::string trust_anchor;     ///< a file in zone or DS form; "none": nothing is validated
  std::string state_dir;        ///< where the RFC 5011 copy of the anchor lives; empty: no updates are kept
  bool lab = false;             ///< "test." is a real zone, loopback may be asked
  int verbosity = 0;
};

class UnboundResolver final : public dns::Resolver {
 public:
  /// The error is one line: what is wrong, where, what to do. Must be called before the io_context runs, with its
  /// executor; lookups run on that executor.
  static std::expected<std::unique_ptr<UnboundResolver>, std::string> create(ResolverConfig config,
                                                                             boost::asio::any_io_executor executor);
  ~UnboundResolver() override;
  Awaitable<dns::RawAnswer> lookup(Domain name, dns::RecordType type, Deadline deadline) override;

 private:
  struct Impl;
  explicit UnboundResolver(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  ///< lookups under way hold it too
};

/// One line of the start-up self-test (pitfall 13).
struct SelfCheckLine {
  bool good = false;
  std::string check;   ///< "root DNSKEY is secure"
  std::string result;  ///< what was seen, and what to do about it, in plain words
};
/// Root keys validate; a name that must be bogus is; TCP works; large answers arrive.
Awaitable<std::vector<SelfCheckLine>> self_check(dns::Resolver& resolver, bool anchors, Deadline deadline);

}  // namespace postseal::resolver
