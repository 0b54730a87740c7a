// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/times.h"

#include <algorithm>
#include <unordered_map>

#include "protocol/dsn/notification.h"

namespace postseal::queue {

namespace {

/// RFC 3461 §4.1: a recipient whose sender has not been told yet, and wants to be.
bool owed_warning(const spool::QueuedLetter& letter, std::size_t i) {
  const auto& state = letter.states[i];
  return state.status == spool::RecipientStatus::Waiting && !state.delay_told &&
         dsn::wanted(letter.envelope, letter.envelope.recipients[i], dsn::Action::Delayed);
}

}  // namespace

NextHop next_hop_of(const spool::QueuedLetter& letter, const Mailbox& recipient) {
  return {recipient.destination(), letter.rerouted};
}

std::vector<LetterGroup> groups_of(const spool::QueuedLetter& letter) {
  std::vector<LetterGroup> groups;
  std::unordered_map<std::string, std::size_t> where;
  for (std::uint32_t i = 0; i < letter.states.size(); ++i) {
    const auto& state = letter.states[i];
    if (state.status != spool::RecipientStatus::Waiting) continue;
    auto key = next_hop_of(letter, letter.envelope.recipients[i].mailbox).key();
    const auto [found, is_new] = where.try_emplace(key, groups.size());
    if (is_new) groups.push_back({std::move(key), {}, state.next_attempt});
    auto& group = groups[found->second];
    group.recipients.push_back(i);
    group.due = std::min(group.due, state.next_attempt);
  }
  return groups;
}

WallTime expires_at(const spool::Envelope& envelope, const settings::QueueSettings& settings) {
  return envelope.received + (envelope.from ? settings.lifetime : settings.bounce_lifetime);
}

std::vector<std::uint32_t> delayed_recipients(const spool::QueuedLetter& letter,
                                              const settings::QueueSettings& settings, WallTime now) {
  std::vector<std::uint32_t> late;
  if (settings.delay_warning.count() == 0 || now < letter.envelope.received + settings.delay_warning) return late;
  for (std::uint32_t i = 0; i < letter.states.size(); ++i) {
    if (owed_warning(letter, i)) late.push_back(i);
  }
  return late;
}

WallTime next_look(const spool::QueuedLetter& letter, const settings::QueueSettings& settings) {
  const WallTime end = expires_at(letter.envelope, settings);
  const WallTime warning = letter.envelope.received + settings.delay_warning;
  if (settings.delay_warning.count() == 0 || warning >= end) return end;
  for (std::size_t i = 0; i < letter.states.size(); ++i) {
    if (owed_warning(letter, i)) return warning;
  }
  return end;
}

}  // namespace postseal::queue
