// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/letters.h"

#include <utility>

namespace postseal::journal {

Letters::Letters(LetterIndex& index, Checkpoint from)
    : index_(index), applied_(from.applied), count_(from.letters), use_(std::move(from.use)) {
  for (const auto& [segment, use] : use_) live_bytes_ += use.live_bytes;
}

Letters::Seen Letters::look(std::uint64_t id) const {
  const auto in = [id](const Slots& slots) -> std::optional<Seen> {
    const auto found = slots.find(id);
    if (found == slots.end()) return std::nullopt;
    if (!found->second.letter) return Seen{Where::Gone, nullptr};
    return Seen{Where::Here, &*found->second.letter};
  };
  if (const auto seen = in(slots_)) return *seen;
  if (frozen_) {
    if (const auto seen = in(frozen_->slots)) return *seen;
  }
  return {};
}

spool::StoreResult<KeptLetter*> Letters::edit(std::uint64_t id) {
  if (const auto found = slots_.find(id); found != slots_.end()) {
    return found->second.letter ? &*found->second.letter : nullptr;
  }
  const Seen seen = look(id);
  if (seen.where == Where::Gone) return nullptr;
  Slot slot{std::nullopt, true};
  if (seen.where == Where::Here) {
    slot.letter = *seen.letter;
  } else {
    auto known = index_.find(id);
    if (!known) return std::unexpected(known.error());
    if (!*known) return nullptr;
    slot.letter = std::move(**known);
  }
  return &*slots_.emplace(id, std::move(slot)).first->second.letter;
}

void Letters::count(const KeptLetter& letter, bool in) {
  const auto add = [in](std::uint64_t& to, std::uint64_t amount) { to = in ? to + amount : to - amount; };
  for (const auto& piece : letter.pieces) {
    add(use_[piece.segment].live_bytes, piece.length);
    add(use_[piece.segment].references, 1);
    add(live_bytes_, piece.length);
  }
  add(use_[letter.home].live_bytes, letter.envelope.size());
  add(use_[letter.home].references, 1);
  add(live_bytes_, letter.envelope.size());
  add(count_, 1);
}

void Letters::insert(std::uint64_t id, KeptLetter letter) {
  count(letter, true);
  // Where it has been gone and comes again (a record read twice), the index may still know it.
  const auto found = slots_.find(id);
  const bool indexed = (found != slots_.end() && found->second.indexed) || (frozen_ && frozen_->slots.contains(id));
  slots_.insert_or_assign(id, Slot{std::move(letter), indexed});
}

void Letters::place(std::uint64_t id, std::vector<BodyPiece> pieces, std::uint64_t home,
                    std::vector<std::uint64_t> older) {
  KeptLetter& letter = *slots_.at(id).letter;
  count(letter, false);
  letter.pieces = std::move(pieces);
  letter.home = home;
  letter.older = std::move(older);
  count(letter, true);
}

void Letters::erase(std::uint64_t id) {
  auto found = slots_.find(id);
  count(*found->second.letter, false);
  if (found->second.indexed) {
    found->second.letter.reset();
  } else {
    slots_.erase(found);
  }
}

void Letters::note_homes(std::uint64_t segment, const std::vector<std::uint64_t>& homes) {
  for (const auto home : homes) {
    if (home != segment) use_[segment].homes.insert(home);
  }
}

const SegmentUse& Letters::use(std::uint64_t segment) const {
  static const SegmentUse kNothing;
  const auto found = use_.find(segment);
  return found == use_.end() ? kNothing : found->second;
}

std::shared_ptr<const Letters::Frozen> Letters::freeze(std::uint64_t last_id) {
  if (!frozen_) {
    auto frozen = std::make_shared<Frozen>();
    frozen->slots = std::exchange(slots_, {});
    frozen->checkpoint = {applied_, last_id, count_, use_};
    frozen_ = std::move(frozen);
  }
  return frozen_;
}

std::vector<std::pair<std::uint64_t, std::optional<KeptLetter>>> Letters::recent() const {
  std::map<std::uint64_t, std::optional<KeptLetter>> sorted;
  for (const auto& [id, slot] : slots_) sorted.emplace(id, slot.letter);
  if (frozen_) {
    for (const auto& [id, slot] : frozen_->slots) sorted.emplace(id, slot.letter);
  }
  return {std::make_move_iterator(sorted.begin()), std::make_move_iterator(sorted.end())};
}

}  // namespace postseal::journal
