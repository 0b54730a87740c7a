// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/field_index.h"

#include <algorithm>

namespace postseal::dkim {
namespace {

constexpr unsigned char lower(char c) { return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c); }

std::uint32_t hash_of(std::string_view name) {
  std::uint32_t hash = 2166136261u;
  for (char c : name) hash = (hash ^ lower(c)) * 16777619u;
  return hash;
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
  const auto before = [&](const Entry& entry) {
    return entry.hash != hash ? entry.hash < hash : compare(fields_[entry.field].name(), name) < 0;
  };
  const auto not_behind = [&](const Entry& entry) {
    return entry.hash != hash ? entry.hash < hash : compare(fields_[entry.field].name(), name) <= 0;
  };
  const auto first = std::partition_point(entries_.begin(), entries_.end(), before);
  const auto last = std::partition_point(first, entries_.end(), not_behind);
  return {first, last};
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
