// SPDX-License-Identifier: Apache-2.0
#include "flow/inbound/inbound.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <unordered_set>
#include <vector>

#include "flow/inbound/session.h"

namespace postseal::inbound {

namespace asio = boost::asio;
using observe::Level;

namespace {
/// Without descriptors accept() fails at once, again and again; sessions that end give some back.
constexpr std::chrono::milliseconds kNoDescriptors{200};
}  // namespace

struct Inbound::State {
  explicit State(Surroundings with) : around(std::move(with)) {}

  const Surroundings around;
  std::unordered_set<Session*> sessions;
  std::unordered_set<net::Listener*> listeners;
  asio::steady_timer* bell = nullptr;  ///< of the stop() that waits for the last session
  bool stopping = false;

  void ring() {
    if (bell != nullptr && sessions.empty()) bell->cancel();
  }
};

Inbound::Inbound(Surroundings around) : state_(std::make_shared<State>(std::move(around))) {}
Inbound::~Inbound() = default;

std::size_t Inbound::sessions() const { return state_->sessions.size(); }

Awaitable<void> Inbound::serve(std::unique_ptr<net::Listener> listener, settings::ListenerRole role) {
  const auto state = state_;
  if (state->stopping) co_return;
  const auto executor = co_await asio::this_coro::executor;
  state->listeners.insert(listener.get());
  while (!state->stopping) {
    auto accepted = co_await listener->accept();
    if (state->stopping) break;
    if (!accepted) {
      if (accepted.error().code == net::IoErrorCode::Cancelled) break;
      state->around.log.write(Level::Error, "accept", {{"error", accepted.error().context}});
      asio::steady_timer pause(executor, kNoDescriptors);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    auto session = std::make_shared<Session>(state->around, role, std::move(*accepted));
    state->sessions.insert(session.get());
    // The set owns the duty to end it; the handler keeps it alive until then.
    auto running = session->run();
    asio::co_spawn(executor, std::move(running), [state, session](std::exception_ptr bug) {
      state->sessions.erase(session.get());
      if (bug) {
        try {
          std::rethrow_exception(bug);
        } catch (const std::exception& error) {
          state->around.log.write(Level::Error, "session", {{"bug", error.what()}});
        }
      }
      state->ring();
    });
  }
  state->listeners.erase(listener.get());
}

Awaitable<std::size_t> Inbound::stop(Deadline deadline) {
  const auto state = state_;
  state->stopping = true;
  for (net::Listener* listener : state->listeners) listener->close();
  const std::vector<Session*> asked(state->sessions.begin(), state->sessions.end());
  for (Session* session : asked) session->ask_to_end();

  asio::steady_timer bell(co_await asio::this_coro::executor);
  state->bell = &bell;
  while (!state->sessions.empty() && !deadline.passed()) {
    bell.expires_at(deadline.at);
    co_await bell.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  const std::size_t cut = state->sessions.size();
  const std::vector<Session*> left(state->sessions.begin(), state->sessions.end());
  for (Session* session : left) session->end_now();
  while (!state->sessions.empty()) {
    bell.expires_at(SteadyTime::max());
    co_await bell.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  state->bell = nullptr;
  co_return cut;
}

}  // namespace postseal::inbound
