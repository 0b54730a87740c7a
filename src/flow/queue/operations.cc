// SPDX-License-Identifier: Apache-2.0
// What the operator does. Operations over many letters let others work in between.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "edge/settings/values.h"
#include "flow/queue/queue_impl.h"

namespace postseal::queue {

using spool::RecipientStatus;

namespace {

/// Letters between two breaths.
constexpr std::size_t kBatch = 100;

std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

}  // namespace

std::vector<std::uint32_t> Queue::Impl::meant(const Selector& selector, const spool::QueuedLetter& letter) const {
  return matching_recipients(selector, letter, services.clock.now(),
                             [this](std::string_view destination) { return scheduler.site_of(destination); });
}

std::vector<spool::LetterId> Queue::Impl::candidates(const Selector& selector) {
  arrivals.fetch();
  auto ids = selector.ids.empty() ? scheduler.letters() : selector.ids;
  std::ranges::sort(ids);
  return ids;
}

Awaitable<Listing> Queue::list(Selector selector, std::size_t limit, spool::LetterId after) {
  Listing listing;
  std::size_t looked_at = 0;
  for (const auto id : impl_->candidates(selector)) {
    if (id <= after) continue;
    if (++looked_at % kBatch == 0) co_await boost::asio::post(impl_->services.executor, boost::asio::use_awaitable);
    const auto letter = impl_->desk.get(id);
    if (!letter) continue;
    auto matching = impl_->meant(selector, **letter);
    if (matching.empty()) continue;
    if (listing.letters.size() == limit) {
      listing.next = listing.letters.empty() ? after : listing.letters.back().letter.id;
      break;
    }
    listing.letters.push_back(
        {**letter, std::move(matching), impl_->scheduler.groups(id, impl_->services.clock.now())});
  }
  co_return listing;
}

spool::StoreResult<ListedLetter> Queue::show(spool::LetterId id) {
  impl_->arrivals.fetch();
  const auto letter = impl_->desk.get(id);
  if (!letter) return std::unexpected(letter.error());
  return ListedLetter{**letter, impl_->meant({}, **letter), impl_->scheduler.groups(id, impl_->services.clock.now())};
}

Awaitable<Tally> Queue::flush(Selector selector) {
  if (!selector.everything()) return impl_->operate(Impl::Operation::Flush, std::move(selector), "");
  return impl_->flush_all();
}
Awaitable<Tally> Queue::hold(Selector selector) {
  return impl_->operate(Impl::Operation::Hold, std::move(selector), "");
}
Awaitable<Tally> Queue::release(Selector selector) {
  return impl_->operate(Impl::Operation::Release, std::move(selector), "");
}
Awaitable<Tally> Queue::remove(Selector selector) {
  return impl_->operate(Impl::Operation::Remove, std::move(selector), "");
}
Awaitable<Tally> Queue::reroute(Selector selector, std::string next_hop) {
  return impl_->operate(Impl::Operation::Reroute, std::move(selector), std::move(next_hop));
}
Awaitable<Tally> Queue::bounce(Selector selector, std::string reason) {
  return impl_->operate(Impl::Operation::Bounce, std::move(selector), one_line(std::move(reason)));
}

Awaitable<Tally> Queue::Impl::flush_all() {
  arrivals.fetch();
  scheduler.hurry_all(now());
  pump_soon();
  const auto totals = scheduler.totals();
  co_return Tally{totals.letters, totals.groups, ""};
}

Awaitable<Tally> Queue::Impl::operate(Operation operation, Selector selector, std::string argument) {
  Tally tally;
  if (operation == Operation::Reroute && !argument.empty()) {
    if (const auto parsed = settings::parse_next_hop(argument, {}); !parsed) {
      tally.problem = parsed.error();
      co_return tally;
    }
  }
  std::size_t looked_at = 0;
  for (const auto id : candidates(selector)) {
    if (++looked_at % kBatch == 0) co_await boost::asio::post(services.executor, boost::asio::use_awaitable);
    const auto letter = desk.get(id);
    if (!letter) continue;
    auto recipients = meant(selector, **letter);
    if (recipients.empty()) continue;
    std::string problem;
    if (operation == Operation::Bounce) {
      if (!co_await bounce_now(*letter, recipients, argument)) problem = "the store takes no notifications now";
    } else if (const auto done = operate_on(operation, *letter, recipients, argument); !done) {
      problem = done.error().what;
    }
    if (problem.empty()) {
      ++tally.letters;
      tally.recipients += recipients.size();
    } else if (tally.problem.empty()) {
      tally.problem = id.to_string() + ": " + problem;
    }
  }
  pump_soon();
  co_return tally;
}

spool::StoreResult<void> Queue::Impl::operate_on(Operation operation, const LetterPtr& letter,
                                                 const std::vector<std::uint32_t>& recipients,
                                                 const std::string& argument) {
  const spool::LetterId id = letter->id;
  spool::LetterChange change{id, {}, std::nullopt, std::nullopt};
  spool::StoreResult<void> done;
  switch (operation) {
    case Operation::Flush:
      for (const auto& group : groups_of(*letter)) {
        if (std::ranges::find_first_of(group.recipients, recipients) == group.recipients.end()) continue;
        scheduler.hurry(id, group.destination, now());
      }
      services.witness.operated("flush", id, "");
      break;
    case Operation::Hold:
      change.held = true;
      done = desk.apply(letter, change);
      scheduler.hold(id);
      services.witness.operated("hold", id, "");
      break;
    case Operation::Release:
      change.held = false;
      done = desk.apply(letter, change);
      scheduler.release(id, now());
      scheduler.look_at(id, next_look(*letter, settings));
      services.witness.operated("release", id, "");
      break;
    case Operation::Remove: {
      const auto before = groups_of(*letter);
      for (const auto index : recipients) {
        auto state = letter->states[index];
        state.status = RecipientStatus::Deleted;
        change.states.emplace_back(index, std::move(state));
        services.witness.operated("delete", id, letter->envelope.recipients[index].mailbox.to_string());
      }
      done = desk.apply(letter, change);
      line_up_again(letter, before);
      break;
    }
    case Operation::Reroute: {
      const auto before = groups_of(*letter);
      change.rerouted = argument;
      done = desk.apply(letter, change);
      line_up_again(letter, before);
      services.witness.operated("reroute", id, argument);
      break;
    }
    case Operation::Bounce:
      break;
  }
  return done;
}

Awaitable<bool> Queue::Impl::bounce_now(LetterPtr letter, std::vector<std::uint32_t> recipients, std::string reason) {
  const auto before = groups_of(*letter);
  const WallTime at = now().wall;
  spool::LetterChange change{letter->id, {}, std::nullopt, std::nullopt};
  std::vector<dsn::RecipientReport> reports;
  for (const auto index : recipients) {
    auto state = letter->states[index];
    state.status = RecipientStatus::Bounced;
    state.code = {5, 0, 0};
    state.explanation = reason.empty() ? "given up by the operator" : "given up by the operator: " + reason;
    if (dsn::wanted(letter->envelope, letter->envelope.recipients[index], dsn::Action::Failed)) {
      reports.push_back(report_of(*letter, index, dsn::Action::Failed, state));
      reports.back().last_attempt = at;
      reports.back().remote_host.clear();
    }
    services.witness.operated("bounce", letter->id, letter->envelope.recipients[index].mailbox.to_string());
    change.states.emplace_back(index, std::move(state));
  }
  if (!co_await notify(letter, std::move(reports))) co_return false;
  // Meanwhile an attempt may have ended: what was delivered stays delivered.
  std::erase_if(change.states,
                [&](const auto& item) { return letter->states[item.first].status != RecipientStatus::Waiting; });
  apply(letter, change);
  line_up_again(letter, before);
  co_return true;
}

/// The letter's groups have changed: those that are gone leave the line, new ones join it. What is under way ends by
/// itself, and settle() looks again.
void Queue::Impl::line_up_again(const LetterPtr& letter, const std::vector<LetterGroup>& before) {
  const auto after = groups_of(*letter);
  for (const auto& group : before) {
    const auto same = std::ranges::find(after, group.destination, &LetterGroup::destination);
    if (same == after.end()) scheduler.erase(letter->id, group.destination);
  }
  const bool moves = std::ranges::any_of(after, [&](const LetterGroup& group) {
    return std::ranges::find(before, group.destination, &LetterGroup::destination) == before.end();
  });
  if (!moves) return;
  if (scheduler.under_way(letter->id)) {
    moved.insert(letter->id);
  } else {
    line_up(*letter);
  }
}

std::optional<Seen> Queue::seen(const MailDestination& domain) const {
  return impl_->remembered.find(domain, impl_->services.clock.now());
}

Statistics Queue::statistics() const {
  impl_->arrivals.fetch();
  Statistics statistics;
  statistics.totals = impl_->scheduler.totals();
  statistics.sites = impl_->scheduler.sites();
  statistics.downgrades.assign(impl_->downgrades.begin(), impl_->downgrades.end());
  statistics.remembered_domains = impl_->remembered.size();
  statistics.changes_owed = impl_->desk.owed();
  return statistics;
}

}  // namespace postseal::queue
