#pragma once
// SPDX-License-Identifier: Apache-2.0
// The server while it runs, and how it ends: signals, reload, what is done now and then. A private header of this room.
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "face/daemon/parts.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"

namespace postseal::daemon {

class Life {
 public:
  /// REQUIRES: assemble(parts) has succeeded; parts outlive this.
  explicit Life(Parts& parts);

  /// Returns when SIGTERM or SIGINT has ended it.
  void live();

 private:
  void start_threads();
  Awaitable<void> watch_signals();
  Awaitable<void> insist();
  void reload();
  void take_over(settings::Settings fresh);
  Awaitable<void> keep_house();
  Awaitable<void> look_after_keys();
  Awaitable<void> sleep(Seconds time);
  Awaitable<void> end();
  Awaitable<bool> stop_queue(Deadline until);
  Awaitable<bool> stop_sessions(SessionThread& thread, Deadline until);

  Parts& parts_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer house_timer_, keys_timer_;
};

}  // namespace postseal::daemon
