#pragma once
// SPDX-License-Identifier: Apache-2.0
// What sessions are given: parts of the server that outlive them, and values that a reload swaps whole. A session takes
// the values once, when it begins, so that it is judged by one set of rules from greeting to QUIT.
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "edge/accounts/accounts.h"
#include "edge/observe/log.h"
#include "edge/observe/metrics.h"
#include "edge/settings/server_settings.h"
#include "edge/tls/server.h"
#include "flow/authenticate/authentication.h"
#include "flow/sign/key_ring.h"
#include "protocol/addressing/directory.h"
#include "protocol/spool/store.h"
#include "vocab/clock.h"

namespace postseal::inbound {

class Gate;

/// What of the settings counts for a session.
struct Rules {
  std::string hostname;
  settings::ServerSettings server;
  settings::LimitSettings limits;
  /// limits.bytes_per_second_least is averaged over so long.
  std::chrono::milliseconds slow_window{60'000};
  /// nullptr: letters from outside are not checked.
  std::shared_ptr<const authenticate::Rules> authentication;
  /// RFC 8601 §2.5: the name in our fields; empty: the host name. Counts also where nothing is checked.
  std::string authserv_id;
  settings::SigningSettings signing;
};

/// The getters are called from the thread that accepts; what they return may be shared between threads.
struct Surroundings {
  std::function<std::shared_ptr<const Rules>()> rules;
  std::function<std::shared_ptr<const addressing::Directory>()> directory;
  /// nullptr: no TLS can be had now.
  std::function<std::shared_ptr<const tls::ServerContext>()> tls;
  spool::Store& store;
  accounts::Accounts& accounts;
  observe::Log& log;
  observe::Metrics& metrics;
  const Clock& clock;
  Gate& gate;  ///< one for all threads
  /// Called on the session's thread, after the commit and before the 250.
  std::function<void(const spool::QueuedLetter&)> accepted;
  /// nullptr: nobody can be asked, and nothing is checked.
  const authenticate::Services* authentication = nullptr;
  /// The keys in force. None: nothing is signed.
  std::function<std::shared_ptr<const sign::KeyRing>()> keys = {};
  /// Like accepted, before it, for letters that were checked.
  std::function<void(const spool::QueuedLetter&, const authenticate::Outcome&)> judged = {};
};

}  // namespace postseal::inbound
