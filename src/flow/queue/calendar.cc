// SPDX-License-Identifier: Apache-2.0
// What age brings to a letter: the warning that it is delayed, and the last attempt.
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "flow/queue/queue_impl.h"

namespace postseal::queue {

Awaitable<void> Queue::Impl::look_at_letters() {
  constexpr std::size_t kBatch = 100;
  for (std::size_t looked_at = 1; !to_look_at.empty() && !stopping; ++looked_at) {
    const spool::LetterId id = to_look_at.front();
    to_look_at.pop_front();
    co_await look_at(id);
    if (looked_at % kBatch == 0) co_await boost::asio::post(services.executor, boost::asio::use_awaitable);
  }
  --lookers;
  pump_soon();
}

Awaitable<void> Queue::Impl::look_at(spool::LetterId id) {
  const auto letter = desk.get(id);
  if (!letter) {
    if (letter.error().code == spool::StoreErrorCode::NotFound) co_return;
    services.witness.store_failed("reading letter " + id.to_string(), letter.error());
    scheduler.look_at(id, now().wall + settings.first_retry);
    co_return;
  }
  if ((*letter)->held) co_return;  // the operator has it; release() looks again
  if (now().wall >= expires_at((*letter)->envelope, settings)) {
    scheduler.make_last(id, now());
    co_return;
  }
  const auto late = delayed_recipients(**letter, settings, now().wall);
  const bool told = late.empty() || co_await warn(*letter, late);
  scheduler.look_at(id, told ? next_look(**letter, settings) : now().wall + settings.first_retry);
}

/// Once for each recipient. False: the store did not take the notification.
Awaitable<bool> Queue::Impl::warn(LetterPtr letter, std::vector<std::uint32_t> late) {
  std::vector<dsn::RecipientReport> reports;
  for (const auto index : late) {
    const auto& state = letter->states[index];
    auto report = report_of(*letter, index, dsn::Action::Delayed, state);
    report.will_retry_until = expires_at(letter->envelope, settings);
    if (report.status.klass == 0) report.status = {4, 4, 0};
    if (report.explanation.empty()) {
      const auto key = next_hop_of(*letter, letter->envelope.recipients[index].mailbox).key();
      const auto problem = scheduler.problem_of(key);
      report.explanation = problem.empty() ? "it has not been tried yet" : problem;
    }
    reports.push_back(std::move(report));
  }
  if (!co_await notify(letter, std::move(reports))) co_return false;
  spool::LetterChange change{letter->id, {}, std::nullopt, std::nullopt};
  for (const auto index : late) {
    auto state = letter->states[index];
    if (state.status != spool::RecipientStatus::Waiting) continue;
    state.delay_told = true;
    change.states.emplace_back(index, std::move(state));
  }
  apply(letter, change);
  co_return true;
}

}  // namespace postseal::queue
