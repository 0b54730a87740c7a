#pragma once
// SPDX-License-Identifier: Apache-2.0
// One mail server of the lab, honest or hostile as its MailServerSpec says. Honest servers are strict: they refuse what
// a correct client never sends (bare CR or LF, 8-bit without 8BITMIME, too many recipients for their LIMITS).
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "edge/net/listen.h"
#include "edge/tls/server.h"
#include "lab/hello_script.h"
#include "lab/raw_log.h"
#include "lab/world.h"

namespace postseal::lab {

class MailServer {
 public:
  /// identity: chain and key; the versions come from the spec. The log must outlive the server.
  static std::expected<std::unique_ptr<MailServer>, std::string> create(Domain host, MailServerSpec spec,
                                                                        tls::ServerSettings identity, RawLog& log);

  /// Serves until the listener is closed. REQUIRES: the server outlives the io_context that runs it: sessions that hang
  /// end with that.
  Awaitable<void> serve(std::unique_ptr<net::Listener> listener);

  const Domain& host() const { return host_; }
  const MailServerSpec& spec() const { return spec_; }
  const tls::ServerContext& tls() const { return *tls_; }
  /// nullptr: the handshake is an honest one.
  const HelloScript* hello_script() const { return hello_script_ ? &*hello_script_ : nullptr; }
  RawLog& log() const { return log_; }

 private:
  MailServer(Domain host, MailServerSpec spec, tls::ServerContext tls, RawLog& log);

  Domain host_;
  MailServerSpec spec_;
  std::optional<tls::ServerContext> tls_;
  std::optional<HelloScript> hello_script_;
  RawLog& log_;
};

}  // namespace postseal::lab
