#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the running server consists of, in the order in which assemble() builds it: what is below uses what is above
// and goes first. A private header of this room; everything here belongs to the thread of main, but for sessions.
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "edge/accounts/accounts.h"
#include "edge/dkim_keys/key_directory.h"
#include "edge/http/server.h"
#include "edge/journal/spool.h"
#include "edge/observe/log.h"
#include "edge/observe/metrics.h"
#include "edge/privileges/service_manager.h"
#include "edge/resolver/shared_resolver.h"
#include "face/admin/admin.h"
#include "face/daemon/daemon.h"
#include "face/daemon/in_force.h"
#include "face/daemon/loops.h"
#include "face/daemon/sockets.h"
#include "flow/authenticate/authentication.h"
#include "flow/dispatch/courier.h"
#include "flow/inbound/inbound.h"
#include "flow/local/delivery.h"
#include "flow/outbound/adapters.h"
#include "flow/outbound/deliver.h"
#include "flow/queue/log_witness.h"
#include "flow/queue/queue.h"
#include "flow/sign/key_ring.h"

namespace postseal::daemon {

/// As in the settings: log.level.
observe::Level level_of(std::string_view word);

/// A thread for sessions, with everything that belongs to it.
struct SessionThread {
  boost::asio::io_context context{1};
  std::vector<MailDoor> doors;
  std::unique_ptr<inbound::Inbound> inbound;
  std::thread thread;
};

/// Where sessions have DNS asked who writes to us: a thread, a resolver and a cache apart from those of delivery, so
/// that strangers who make us ask much hold up nobody else's mail.
struct LookupThread {
  boost::asio::io_context context{1};
  std::unique_ptr<resolver::UnboundResolver> unbound;
  std::unique_ptr<resolver::SharedResolver> shared;
  std::thread thread;
};

struct Parts {
  explicit Parts(Start how);
  ~Parts();
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  settings::Settings& settings() { return start.settings; }
  void warn(std::string_view about, std::string_view line);
  /// Our addresses, from settings and accounts as they are now. On an error the directory stays as it was.
  std::expected<void, std::string> load_directory();
  /// Has an account been made, changed or removed since load_directory()?
  bool accounts_changed() const;
  /// The keys that sign, and the secret of SRS. What cannot be read stays in force as it was.
  void load_keys();
  /// Has a key book been written, put back or removed since load_keys()?
  bool keys_changed() const;
  /// Returns when no thread but main's runs anything of ours. Twice is once.
  void end_threads();

  Start start;
  SystemClock clock;
  observe::Log log;
  observe::Metrics metrics;
  inbound::Gate gate;
  std::shared_ptr<tls::TicketKeys> tickets = tls::make_ticket_keys();
  Current<inbound::Rules> rules;
  Current<addressing::Directory> directory;
  Current<tls::ServerContext> certificate;
  Current<sign::KeyRing> keys;
  std::filesystem::file_time_type accounts_as_of{};
  dkim_keys::KeyDirectory::Times keys_as_of;
  std::vector<privileges::HandedSocket> handed;
  std::optional<http::ListeningSocket> admin_socket, metrics_socket;
  bool stopping = false;

  Loops loops{[this] { store->nobody_else_comes(); }};  ///< of the threads that commit letters
  boost::asio::io_context main{1};
  std::optional<boost::asio::thread_pool> slow;        ///< not before root is somebody else: that needs a single thread
  std::optional<boost::asio::thread_pool> arithmetic;  ///< signatures; likewise
  /// A coroutine that waits for another context is held by what it waits for, and when that goes it is handed back to
  /// its own: so contexts that are waited for go first. Main waits for sessions to end, and they wait for lookups.
  std::deque<SessionThread> threads;
  LookupThread lookups;
  std::unique_ptr<journal::Spool> store;
  std::unique_ptr<accounts::Accounts> accounts;
  std::optional<dkim_keys::KeyDirectory> key_directory;
  std::unique_ptr<outbound::Adapters> adapters;
  std::optional<authenticate::Services> authentication;
  std::unique_ptr<outbound::Outbound> outbound;
  std::unique_ptr<local::Delivery> local;
  std::unique_ptr<dispatch::MailCourier> courier;
  queue::LogWitness witness{log, metrics};
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<inbound::Surroundings> around;
  std::unique_ptr<admin::QueueDoor> door;
  std::unique_ptr<http::Server> admin, watchers;
};

}  // namespace postseal::daemon
