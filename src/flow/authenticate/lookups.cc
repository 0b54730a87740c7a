// SPDX-License-Identifier: Apache-2.0
#include "flow/authenticate/lookups.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

namespace postseal::authenticate {

namespace asio = boost::asio;

struct EarlyLookups::State {
  State(const asio::any_io_executor& executor, dns::Resolver& whom)
      : resolver(whom), bell(executor, asio::steady_timer::time_point::max()) {}
  void done(std::exception_ptr error) {
    if (error) bug = error;
    if (--left == 0) bell.cancel();
  }

  dns::Resolver& resolver;
  asio::steady_timer bell;
  std::size_t left = 0;
  std::exception_ptr bug;
  Found found;
};

EarlyLookups::EarlyLookups(const asio::any_io_executor& executor, dns::Resolver& resolver, const Client& client,
                           std::string receiver, Deadline deadline)
    : state_(std::make_shared<State>(executor, resolver)) {
  const spf::Question question{client.ip, client.mail_from, client.helo, std::move(receiver), {}};
  const auto spawn = [&](Awaitable<void> task) {
    ++state_->left;
    asio::co_spawn(executor, std::move(task), [state = state_](std::exception_ptr error) { state->done(error); });
  };
  spawn(run(state_, question, deadline));
  // RFC 7208 §2.3 RECOMMENDED: HELO by itself, too. With <> it is what is asked about anyway (§2.4).
  if (!client.mail_from.empty()) spawn(run_helo(state_, question, deadline));
  spawn(run_iprev(state_, client.ip, deadline));
}

EarlyLookups::~EarlyLookups() = default;

Awaitable<void> EarlyLookups::run(std::shared_ptr<State> state, spf::Question question, Deadline deadline) {
  state->found.spf = co_await spf::check(state->resolver, std::move(question), deadline);
}

Awaitable<void> EarlyLookups::run_helo(std::shared_ptr<State> state, spf::Question question, Deadline deadline) {
  state->found.helo = co_await spf::check_helo(state->resolver, std::move(question), deadline);
}

Awaitable<void> EarlyLookups::run_iprev(std::shared_ptr<State> state, IpAddress ip, Deadline deadline) {
  state->found.iprev = co_await spf::check_iprev(state->resolver, ip, deadline);
}

Awaitable<EarlyLookups::Found> EarlyLookups::take() {
  const auto state = state_;
  while (state->left > 0) co_await state->bell.async_wait(asio::as_tuple(asio::use_awaitable));
  if (state->bug) std::rethrow_exception(state->bug);
  co_return std::move(state->found);
}

}  // namespace postseal::authenticate
