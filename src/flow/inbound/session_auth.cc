// SPDX-License-Identifier: Apache-2.0
// AUTH: the engine has the dialogue, the SASL exchange the mechanism, the accounts the passwords.
#include "flow/inbound/replies.h"
#include "flow/inbound/session.h"
#include "flow/inbound/transaction.h"

namespace postseal::inbound {

using accounts::LoginVerdict;
using observe::Counter;
using observe::Level;

void Session::refuse_login(const Reply& reply, std::string_view user, std::string_view reason) {
  exchange_.reset();
  around_.metrics.add(Counter::AuthFailed);
  around_.log.write(Level::Warning, "login",
                    {{"peer", engine_->session().peer.to_string()}, {"user", user}, {"refused", reason}});
  engine_->auth_refused(reply);
}

Awaitable<void> Session::begin_login(std::string mechanism, std::optional<std::string> initial) {
  std::optional<sasl::ChannelBinding> binding;
  const auto& tls = engine_->session().tls;
  if (tls && !tls->channel_binding.empty()) binding = {tls->channel_binding_type, tls->channel_binding};
  login_.clear();
  scram_ = false;
  exchange_ = sasl::start_exchange(mechanism, binding, binding.has_value());
  if (!exchange_) {
    engine_->auth_refused(reply::no_mechanism());
    co_return;
  }
  co_await follow(exchange_->respond(initial));
}

Awaitable<void> Session::go_on_with_login(std::string response) {
  if (!exchange_) {
    engine_->auth_refused(reply::malformed_login());
    co_return;
  }
  co_await follow(exchange_->respond(response));
}

Awaitable<void> Session::follow(sasl::Step step) {
  const IpAddress peer = engine_->session().peer;
  for (;;) {
    if (auto* challenge = std::get_if<sasl::Challenge>(&step)) {
      engine_->auth_challenge(challenge->bytes);
      co_return;
    }
    if (auto* check = std::get_if<sasl::CheckPassword>(&step)) {
      login_ = check->user;
      const auto verdict = co_await around_.accounts.check_password(check->user, std::move(check->password), peer);
      switch (verdict) {
        case LoginVerdict::Right:
        case LoginVerdict::Wrong:
          step = exchange_->password_checked(verdict == LoginVerdict::Right);
          continue;
        case LoginVerdict::Locked:
          refuse_login(reply::locked(), login_, "locked");
          co_return;
        case LoginVerdict::Throttled:
          refuse_login(reply::slow_down(), login_, "throttled");
          co_return;
        case LoginVerdict::Unavailable:
          refuse_login(reply::cannot_check(), login_, "unavailable");
          co_return;
      }
    }
    if (auto* find = std::get_if<sasl::FindKeys>(&step)) {
      login_ = find->user;
      scram_ = true;
      const auto keys = co_await around_.accounts.scram_keys(find->user, peer);
      if (keys.verdict != LoginVerdict::Right) {
        const bool throttled = keys.verdict == LoginVerdict::Throttled;
        refuse_login(throttled ? reply::slow_down() : reply::cannot_check(), login_,
                     throttled ? "throttled" : "unavailable");
        co_return;
      }
      step = exchange_->keys_found(keys.keys, keys.known);
      continue;
    }
    if (auto* refused = std::get_if<sasl::Refused>(&step)) {
      const bool judged = scram_ && refused->failure == sasl::Failure::WrongPassword;
      if (judged && !around_.accounts.settle_login(login_, peer, false)) {
        refuse_login(reply::slow_down(), login_, "throttled");
        co_return;
      }
      refuse_login(reply::of_failure(refused->failure), login_, sasl::to_string(refused->failure));
      co_return;
    }
    auto& accepted = std::get<sasl::Accepted>(step);
    const auto user = accounts::Accounts::canonical(accepted.user);
    if (!user) {
      refuse_login(reply::wrong_login(), accepted.user, "no login looks like that");
      co_return;
    }
    if (scram_ && !around_.accounts.settle_login(accepted.user, peer, true)) {
      refuse_login(reply::slow_down(), accepted.user, "throttled");
      co_return;
    }
    exchange_.reset();
    account_.reset();
    around_.metrics.add(Counter::AuthSucceeded);
    engine_->auth_accepted(user->to_string(), std::move(accepted.final_data));
    co_return;
  }
}

}  // namespace postseal::inbound
