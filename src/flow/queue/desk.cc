// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/desk.h"

#include <algorithm>
#include <utility>

namespace postseal::queue {

namespace {

void change_copy(spool::QueuedLetter& letter, const spool::LetterChange& change) {
  for (const auto& [index, state] : change.states) letter.states[index] = state;
  if (change.held) letter.held = *change.held;
  if (change.rerouted) letter.rerouted = *change.rerouted;
}

std::unexpected<spool::StoreError> gone() {
  return std::unexpected(spool::StoreError{spool::StoreErrorCode::NotFound, "the letter is not in the queue"});
}

}  // namespace

void Desk::put(spool::QueuedLetter letter) { keep(std::make_shared<spool::QueuedLetter>(std::move(letter))); }

void Desk::keep(LetterPtr letter) {
  const spool::LetterId id = letter->id;
  if (letters_.insert_or_assign(id, std::move(letter)).second) order_.push_back(id);
  // Most letters leave long before their turn to be forgotten comes.
  if (order_.size() > 2 * std::max(kept_, letters_.size())) {
    std::erase_if(order_, [this](spool::LetterId other) { return !letters_.contains(other); });
  }
  // Whoever works on a letter holds it; those stay.
  for (auto tries = order_.size(); tries > 0 && letters_.size() > kept_; --tries) {
    const spool::LetterId oldest = order_.front();
    order_.pop_front();
    const auto found = letters_.find(oldest);
    if (found == letters_.end()) continue;
    if (found->second.use_count() > 1) {
      order_.push_back(oldest);
    } else {
      letters_.erase(found);
    }
  }
}

spool::StoreResult<LetterPtr> Desk::get(spool::LetterId id) {
  if (const auto found = letters_.find(id); found != letters_.end()) {
    if (found->second->finished()) return gone();
    return found->second;
  }
  auto loaded = store_.load(id);
  if (!loaded) return std::unexpected(loaded.error());
  if (loaded->finished()) return gone();
  auto letter = std::make_shared<spool::QueuedLetter>(std::move(*loaded));
  keep(letter);
  return letter;
}

spool::StoreResult<void> Desk::apply(const LetterPtr& letter, const spool::LetterChange& change) {
  change_copy(*letter, change);
  auto stored = store_.change(change);
  // By the operator, meanwhile: then there is nothing left to be kept.
  if (!stored && stored.error().code == spool::StoreErrorCode::NotFound) stored = {};
  if (!stored) {
    // The letter stays here meanwhile, so that nobody reads its old states from the store.
    owed_.push_back({letter, change});
  } else if (letter->finished()) {
    letters_.erase(letter->id);
  }
  return stored;
}

void Desk::retry() {
  for (auto left = owed_.size(); left > 0; --left) {
    auto& [letter, change] = owed_.front();
    // As it is now: what came later may have reached the store already, and has the last word.
    for (auto& [index, state] : change.states) state = letter->states[index];
    if (change.held) change.held = letter->held;
    if (change.rerouted) change.rerouted = letter->rerouted;
    const auto stored = store_.change(change);
    if (!stored && stored.error().code != spool::StoreErrorCode::NotFound) return;
    if (letter->finished()) letters_.erase(letter->id);
    owed_.pop_front();
  }
}

}  // namespace postseal::queue
