// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/segment.h"

#include <fmt/format.h>

#include <charconv>

namespace postseal::journal {

namespace {

constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kDigits = 16;

}  // namespace

std::string segment_name(std::uint64_t number) { return fmt::format("{:016x}{}", number, kSuffix); }

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, number, 16);
  if (error != std::errc() || end != name.data() + kDigits || segment_name(number) != name) return std::nullopt;
  return number;
}

void Catalog::add(SegmentPtr segment) {
  const std::lock_guard lock(mutex_);
  segments_.insert_or_assign(segment->number, std::move(segment));
}

SegmentPtr Catalog::find(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = segments_.find(number);
  return found == segments_.end() ? nullptr : found->second;
}

void Catalog::remove(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  segments_.erase(number);
}

std::vector<SegmentPtr> Catalog::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<SegmentPtr> all;
  for (const auto& [number, segment] : segments_) all.push_back(segment);
  return all;
}

}  // namespace postseal::journal
