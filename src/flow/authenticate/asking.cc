// SPDX-License-Identifier: Apache-2.0
#include "flow/authenticate/asking.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace postseal::authenticate {

namespace asio = boost::asio;

namespace {

/// Between two looks at the turnstile. Its places belong to several threads, and who leaves knows nobody who waits.
constexpr std::chrono::milliseconds kLook{25};

dns::RawAnswer not_asked(Domain name, std::string why) {
  dns::RawAnswer answer;
  answer.failure = dns::Failure::Cancelled;
  answer.canonical = name;
  answer.question = std::move(name);
  answer.why = std::move(why);
  return answer;
}

}  // namespace

Awaitable<dns::RawAnswer> Asking::lookup(Domain name, dns::RecordType type, Deadline deadline) {
  // Who asks nobody needs no turn.
  if (!gave_up()) {
    if (auto known = resolver_.known(name, type)) co_return std::move(*known);
  }
  auto place = gave_up() ? std::nullopt : turnstile_->enter(client_);
  if (!place && !gave_up()) {
    const Deadline patience = Deadline::in(turnstile_->patience()).earlier(deadline);
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!place && !gave_up() && !patience.passed()) {
      timer.expires_after(kLook);
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
      if (!gave_up()) place = turnstile_->enter(client_);
    }
    crowded_ |= !place && !cancelled_;
  }
  const auto why = cancelled_ ? "nobody wants to know any more" : "too much is asked now";
  auto answer = place ? co_await resolver_.lookup(std::move(name), type, deadline) : not_asked(std::move(name), why);
  unknown_ |= answer.unknown();
  co_return answer;
}

}  // namespace postseal::authenticate
