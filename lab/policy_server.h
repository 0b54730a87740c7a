#pragma once
// SPDX-License-Identifier: Apache-2.0
// The policy host of one domain: HTTPS that answers /.well-known/mta-sts.txt as its PolicySpec says, honestly or not.
// Answers are scripted bytes, so that what no HTTP library would send can be sent.
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/net/listen.h"
#include "edge/tls/server.h"
#include "lab/raw_log.h"
#include "lab/world.h"

namespace postseal::lab {

/// The policy file: the spec's own body, or one made of mode, mx and max_age.
std::string policy_body(const PolicySpec& spec);

class PolicyServer {
 public:
  /// The log must outlive the server.
  static std::expected<std::unique_ptr<PolicyServer>, std::string> create(PolicySpec spec, tls::ServerSettings identity,
                                                                          RawLog& log);
  /// Serves until the listener is closed. REQUIRES: the server outlives the io_context that runs it.
  Awaitable<void> serve(std::unique_ptr<net::Listener> listener);

 private:
  PolicyServer(PolicySpec spec, tls::ServerContext tls, RawLog& log);
  static Awaitable<void> answer(const PolicyServer* self, std::unique_ptr<net::Stream> plain);
  std::string head(std::string_view framing) const;

  PolicySpec spec_;
  std::optional<tls::ServerContext> tls_;
  RawLog& log_;
};

}  // namespace postseal::lab
