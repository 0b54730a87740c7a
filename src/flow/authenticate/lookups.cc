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
  State(const asio::any_io_executor& executor, std::shared_ptr<Asking> how, std::shared_ptr<Visitor> who)
      : asking(std::move(how)), visitor(std::move(who)), bell(executor, asio::steady_timer::time_point::max()) {}
  void done(std::exception_ptr error) {
    if (error) bug = error;
    if (--left == 0) bell.cancel();
  }

  std::shared_ptr<Asking> asking;
  std::shared_ptr<Visitor> visitor;
  asio::steady_timer bell;
  std::size_t left = 0;
  std::exception_ptr bug;
  Found found;
};

EarlyLookups::EarlyLookups(const asio::any_io_executor& executor, std::shared_ptr<Asking> asking, const Client& client,
                           std::string receiver, std::shared_ptr<Visitor> visitor, Deadline deadline)
    : state_(std::make_shared<State>(executor, std::move(asking), std::move(visitor))) {
  Visitor& known = *state_->visitor;
  const spf::Question question{client.ip, client.mail_from, client.helo, std::move(receiver), {}};
  if (known.until.passed() || !known.is(question))
    known = {.until = Deadline::in(Visitor::kHolds), .ip = client.ip, .helo = client.helo};
  if (!known.sends_for(question)) {
    known.mail_from = client.mail_from;
    known.mail_from_verdict.reset();
  }
  const auto spawn = [&](Awaitable<void> task) {
    ++state_->left;
    asio::co_spawn(executor, std::move(task), [state = state_](std::exception_ptr error) { state->done(error); });
  };
  if (known.mail_from_verdict) {
    state_->found.spf = *known.mail_from_verdict;
  } else {
    spawn(run_mail_from(state_, question, deadline));
  }
  // RFC 7208 §2.3 RECOMMENDED: HELO by itself, too. With <> it is what is asked about anyway (§2.4).
  if (!client.mail_from.empty()) {
    state_->found.helo = known.helo_verdict;
    if (!known.helo_verdict) spawn(run_helo(state_, question, deadline));
  }
  if (known.iprev) {
    state_->found.iprev = *known.iprev;
  } else {
    spawn(run_iprev(state_, client.ip, deadline));
  }
}

EarlyLookups::~EarlyLookups() = default;

/// What nobody could find out is asked again for the next letter, also where RFC 7208 §5.5 takes it for "no".
bool EarlyLookups::may_remember(const State& state, bool temporary) { return !temporary && !state.asking->unknown(); }

// The client may have another name by then, and its letter another sender.

Awaitable<void> EarlyLookups::run_mail_from(std::shared_ptr<State> state, spf::Question question, Deadline deadline) {
  auto verdict = co_await spf::check(*state->asking, question, deadline);
  Visitor& known = *state->visitor;
  if (may_remember(*state, verdict.result == spf::Result::TempError) && known.sends_for(question))
    known.mail_from_verdict = verdict;
  state->found.spf = std::move(verdict);
}

Awaitable<void> EarlyLookups::run_helo(std::shared_ptr<State> state, spf::Question question, Deadline deadline) {
  auto verdict = co_await spf::check_helo(*state->asking, question, deadline);
  Visitor& known = *state->visitor;
  if (may_remember(*state, verdict.result == spf::Result::TempError) && known.is(question))
    known.helo_verdict = verdict;
  state->found.helo = std::move(verdict);
}

Awaitable<void> EarlyLookups::run_iprev(std::shared_ptr<State> state, IpAddress ip, Deadline deadline) {
  auto verdict = co_await spf::check_iprev(*state->asking, ip, deadline);
  Visitor& known = *state->visitor;
  if (may_remember(*state, verdict.result == spf::IprevResult::TempError) && known.ip == ip) known.iprev = verdict;
  state->found.iprev = std::move(verdict);
}

Awaitable<EarlyLookups::Found> EarlyLookups::take() {
  const auto state = state_;
  while (state->left > 0) co_await state->bell.async_wait(asio::as_tuple(asio::use_awaitable));
  if (state->bug) std::rethrow_exception(state->bug);
  co_return std::move(state->found);
}

}  // namespace postseal::authenticate
