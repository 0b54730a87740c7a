// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/field_index.h"

#include <algorithm>
#include <cstring>

namespace postseal::dkim {
namespace {

constexpr unsigned char lower(char c) { return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c); }

/// Eight letters at once, without regard to case; where two names meet in one hash, comparing decides.
std::uint32_t hash_of(std::string_view name) {
  constexpr std::uint64_t kLowerCase = 0x2020202020202020u;
  std::uint64_t first = 0, last = 0;
  const std::size_t size = std::min<std::size_t>(name.size(), 8);
  std::memcpy(&first, name.data(), size);
  std::memcpy(&last, name.data() + name.size() - size, size);
  const std::uint64_t hash = (first | kLowerCase) * 0x9e3779b97f4a7c15u ^ (last | kLowerCase) * 0xc2b2ae3d27d4eb4fu ^
                             name.size() * 0x165667b19e3779f9u;
  return static_cast<std::uint32_t>(hash >> 32);
}

int compare(std::string_view a, std::string_view b) {
  const std::size_t size = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < size; ++i) {
    if (const int difference = int{lower(a[i])} - int{lower(b[i])}; difference != 0) return difference;
  }
  return a.size() < b.size() ? -1 : a.size() > b.size();
}

}  // namespace

FieldIndex::FieldIndex(std::span<const message::HeaderField> fields) : fields_(fields) {
  entries_.reserve(fields.size());
  for (std::uint32_t i = 0; i < fields.size(); ++i) {
    if (!fields[i].name().empty()) entries_.push_back({hash_of(fields[i].name()), i});
  }
  // The hash first, because it mostly decides; the name behind it, so that no choice of names makes this slow or wrong.
  std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    const int order = compare(fields_[a.field].name(), fields_[b.field].name());
    return order != 0 ? order < 0 : a.field < b.field;
  });
}

std::span<const FieldIndex::Entry> FieldIndex::group(std::string_view name) const {
  const std::uint32_t hash = hash_of(name);
  auto first = std::ranges::lower_bound(entries_, hash, {}, &Entry::hash);
  if (first == entries_.end() || first->hash != hash) return {};
  // Most often that is the only one.
  if (first + 1 == entries_.end() || first[1].hash != hash) {
    return message::same_name(fields_[first->field].name(), name) ? std::span<const Entry>(first, 1)
                                                                  : std::span<const Entry>();
  }
  const auto order = [&](const Entry& entry) { return compare(fields_[entry.field].name(), name); };
  const auto end = std::ranges::upper_bound(first, entries_.end(), hash, {}, &Entry::hash);
  first = std::partition_point(first, end, [&](const Entry& entry) { return order(entry) < 0; });
  return {first, std::partition_point(first, end, [&](const Entry& entry) { return order(entry) == 0; })};
}

std::vector<std::size_t> FieldIndex::pick(std::span<const std::string_view> names, std::size_t except) const {
  std::vector<std::size_t> picked;
  picked.reserve(names.size());
  // How many of the group that begins at this entry are used up.
  std::vector<std::uint32_t> used(entries_.size(), 0);
  for (const std::string_view name : names) {
    const auto entries = group(name);
    std::size_t field = kNoField;
    if (!entries.empty()) {
      std::uint32_t& count = used[static_cast<std::size_t>(entries.data() - entries_.data())];
      // RFC 6376 §5.4.2 MUST: several fields of a name are taken from the bottom of the header up.
      while (count < entries.size() && field == kNoField) {
        field = entries[entries.size() - 1 - count++].field;
        if (field == except) field = kNoField;
      }
    }
    // RFC 6376 §5.4: a name without a (further) field is the null string, which makes adding one later show.
    picked.push_back(field);
  }
  return picked;
}

std::size_t FieldIndex::count(std::string_view name) const { return group(name).size(); }

std::vector<std::size_t> FieldIndex::all(std::string_view name) const {
  std::vector<std::size_t> fields;
  for (const Entry& entry : group(name)) fields.push_back(entry.field);
  return fields;
}

}  // namespace postseal::dkim
