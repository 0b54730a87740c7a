#pragma once
// SPDX-License-Identifier: Apache-2.0
// The way in: accepts connections and owns their sessions, one object for each io thread. Everything here is called on
// that thread.
//
//   gate ─▶ session ─▶ receive ─▶ authenticate ─▶ decide ─▶ commit ─▶ 250
#include <cstddef>
#include <memory>

#include "edge/net/listen.h"
#include "flow/inbound/gate.h"
#include "flow/inbound/surroundings.h"

namespace postseal::inbound {

class Inbound {
 public:
  explicit Inbound(Surroundings around);
  /// REQUIRES: serve() has returned and no session is left, or the io_context never runs again.
  ~Inbound();

  /// Accepts until stop(), or until the listener fails for good. Several may run at once. A lack of descriptors or
  /// memory is waited out.
  Awaitable<void> serve(std::unique_ptr<net::Listener> listener, settings::ListenerRole role);

  /// Closes the listeners, tells every session 421 at its next boundary between commands, and waits for all of them;
  /// those that are still there at the deadline are cut. Returns how many that were.
  Awaitable<std::size_t> stop(Deadline deadline);

  std::size_t sessions() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postseal::inbound
