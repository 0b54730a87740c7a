// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/field_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <utility>

#include "vocab/ascii.h"

namespace postseal::dkim {
namespace {

/// A24: nobody who writes fields knows it, so nobody can make many names that meet in one slot.
std::uint64_t secret() {
  static const std::uint64_t value = [] {
    std::random_device random;
    return (std::uint64_t{random()} << 32 | random()) | 1;
  }();
  return value;
}

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class Number>
std::uint64_t load(const char* at) {
  Number number;
  std::memcpy(&number, at, sizeof number);
  return number;
}

/// Eight letters at once, without regard to case; the last ones may be read twice.
std::uint64_t hash_of(std::string_view name, std::uint64_t key) {
  constexpr std::uint64_t kLowerCase = 0x2020202020202020u;
  const std::uint64_t second = key ^ 0x9e3779b97f4a7c15u;
  const char* const p = name.data();
  const std::size_t size = name.size();
  if (size < 4) {
    std::uint64_t letters = 0;
    for (std::size_t i = 0; i < size; ++i) letters = letters << 8 | static_cast<unsigned char>(p[i]);
    return mixed((letters | kLowerCase) ^ key ^ size, second);
  }
  if (size <= 8) {
    const std::uint64_t letters = load<std::uint32_t>(p) << 32 | load<std::uint32_t>(p + size - 4);
    return mixed((letters | kLowerCase) ^ key ^ size, second);
  }
  std::uint64_t hash = key ^ size;
  for (std::size_t at = 0; at + 8 < size; at += 8)
    hash = mixed(hash ^ (load<std::uint64_t>(p + at) | kLowerCase), second);
  return mixed(hash ^ (load<std::uint64_t>(p + size - 8) | kLowerCase), second);
}

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

FieldIndex::FieldIndex(std::span<const message::HeaderField> fields)
    : fields_(fields),
      slots_(std::bit_ceil(fields.size() * 2 + 2)),
      last_(slots_.size(), kNone),
      above_(fields.size(), kNone) {
  const std::uint64_t key = secret();
  for (std::uint32_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = fields[i].name();
    if (name.empty()) continue;
    const std::uint64_t hash = hash_of(name, key);
    const std::size_t slot = slot_of(name, hash);
    slots_[slot].hash = tag_of(hash);
    ++slots_[slot].count;
    above_[i] = std::exchange(last_[slot], i);
  }
}

std::size_t FieldIndex::slot_of(std::string_view name, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = static_cast<std::size_t>(hash) & mask;; at = (at + 1) & mask) {
    const Group& group = slots_[at];
    if (group.count == 0) return at;
    if (group.hash == tag_of(hash) && equals_ignoring_case(fields_[last_[at]].name(), name)) return at;
  }
}

std::size_t FieldIndex::slot_of(std::string_view name) const { return slot_of(name, hash_of(name, secret())); }

std::vector<std::size_t> FieldIndex::pick(std::span<const std::string_view> names, std::size_t except) const {
  std::vector<std::size_t> picked(names.size(), kNoField);
  if (slots_.empty()) return picked;
  // Where the next field of each name is to be taken.
  std::vector<std::uint32_t> next = last_;
  const std::uint64_t key = secret();
  for (std::size_t i = 0; i < names.size(); ++i) {
    // RFC 6376 §5.4.2 MUST: several fields of a name are taken from the bottom of the header up.
    std::uint32_t& at = next[slot_of(names[i], hash_of(names[i], key))];
    if (at != kNone && at == except) at = above_[at];
    // RFC 6376 §5.4: a name without a (further) field is the null string, which makes adding one later show.
    if (at == kNone) continue;
    picked[i] = at;
    at = above_[at];
  }
  return picked;
}

std::size_t FieldIndex::count(std::string_view name) const { return slots_.empty() ? 0 : slots_[slot_of(name)].count; }

std::vector<std::size_t> FieldIndex::all(std::string_view name) const {
  std::vector<std::size_t> fields;
  if (slots_.empty()) return fields;
  for (std::uint32_t at = last_[slot_of(name)]; at != kNone; at = above_[at]) fields.push_back(at);
  std::ranges::reverse(fields);
  return fields;
}

}  // namespace postseal::dkim
