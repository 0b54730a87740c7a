// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/body_hash.h"

#include <algorithm>

#include "protocol/dkim/blank_blocks.h"
#include "vocab/ascii.h"

namespace postseal::dkim {
namespace {

/// Below this, pieces are collected; from it on, they are hashed where they lie.
constexpr std::size_t kShort = 512, kCollect = 4096;

/// What reduce_blanks() writes before it hands on.
constexpr std::size_t kReduced = 16384;

}  // namespace

MarkedHash::MarkedHash(std::vector<std::uint64_t> marks) {
  std::sort(marks.begin(), marks.end());
  marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
  for (std::uint64_t mark : marks) marks_.push_back({mark, std::nullopt});
}

void MarkedHash::put(std::string_view octets) {
  count_ += octets.size();
  if (octets.size() < kShort) {
    if (collected_.size() + octets.size() > kCollect) flush();
    collected_ += octets;
    return;
  }
  flush();
  take(octets);
}

void MarkedHash::flush() {
  if (collected_.empty()) return;
  take(collected_);
  collected_.clear();
}

void MarkedHash::take(std::string_view octets) {
  // RFC 6376 §3.4.5: the hash of the first l octets is the hash as it stands there.
  while (next_mark_ < marks_.size() && marks_[next_mark_].at <= taken_ + octets.size()) {
    const auto step = static_cast<std::size_t>(marks_[next_mark_].at - taken_);
    hash_.update(octets.substr(0, step));
    taken_ += step;
    octets.remove_prefix(step);
    marks_[next_mark_++].digest = hash_.so_far();
  }
  if (!octets.empty()) hash_.update(octets);
  taken_ += octets.size();
}

void MarkedHash::finish() {
  flush();
  take({});
  whole_ = hash_.finish();
}

std::optional<Digest> MarkedHash::at(std::uint64_t mark) const {
  const auto it =
      std::lower_bound(marks_.begin(), marks_.end(), mark, [](const Mark& a, std::uint64_t b) { return a.at < b; });
  return it != marks_.end() && it->at == mark ? it->digest : std::nullopt;
}

BodyHash::BodyHash(Canonicalization canonicalization, std::vector<std::uint64_t> marks)
    : canonicalization_(canonicalization), hash_(std::move(marks)) {}

void BodyHash::feed(std::string_view piece) {
  if (piece.empty()) return;
  if (held_cr_) {
    held_cr_ = false;
    if (piece.front() == '\n') {
      // RFC 6376 §3.4.4: blanks at the end of a line are ignored.
      held_blank_ = false;
      ++held_line_ends_;
      piece.remove_prefix(1);
    } else {
      if (held_blank_) hold_empty_lines(" ");
      held_blank_ = false;
      hold_empty_lines("\r");
    }
    if (piece.empty()) return;
  }
  if (piece.back() == '\r') {
    held_cr_ = true;
    piece.remove_suffix(1);
  }
  switch (canonicalization_) {
    case Canonicalization::Simple:
      hold_empty_lines(piece);
      return;
    case Canonicalization::Relaxed:
      reduce_blanks(piece);
      return;
  }
}

void BodyHash::reduce_blanks(std::string_view piece) {
  // RFC 6376 §3.4.4: several blanks are one space, and at the end of a line they are nothing.
  if (held_blank_) {
    while (!piece.empty() && is_blank(piece.front())) piece.remove_prefix(1);
    if (piece.empty()) return;
    held_blank_ = false;
    if (!piece.starts_with("\r\n")) hold_empty_lines(" ");
  }
  // Uninitialised: what is not written is not read.
  char reduced[kReduced + 2 * kBlock];
  std::size_t size = 0;
  const auto hand_on = [&](bool all) {
    // A CRLF is never torn apart, because hold_empty_lines() looks for it.
    const bool torn = !all && size > 0 && reduced[size - 1] == '\r';
    hold_empty_lines({reduced, size - (torn ? 1 : 0)});
    reduced[0] = '\r';
    size = torn ? 1 : 0;
  };
  while (piece.size() > kBlock + 1) {
    const BlockStep step = reduce_blocks(piece.substr(0, kReduced - size), reduced + size);
    size += step.written;
    piece.remove_prefix(step.read);
    if (piece.size() > kBlock + 1) hand_on(false);
  }
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const char c = piece[i];
    if (!is_blank(c)) {
      reduced[size++] = c;
      continue;
    }
    const std::string_view next = piece.substr(i + 1);
    if (next.empty()) {
      held_blank_ = true;
    } else if (!is_blank(next.front()) && !next.starts_with("\r\n")) {
      reduced[size++] = ' ';
    }
  }
  hand_on(true);
}

void BodyHash::hold_empty_lines(std::string_view octets) {
  // RFC 6376 §3.4.3, §3.4.4: empty lines at the end of the body are ignored, so each line end waits for what follows.
  std::uint64_t line_ends = 0;
  while (octets.ends_with("\r\n")) {
    octets.remove_suffix(2);
    ++line_ends;
  }
  if (!octets.empty()) {
    release_empty_lines();
    hash_.put(octets);
  }
  held_line_ends_ += line_ends;
}

void BodyHash::release_empty_lines() {
  static const std::string kLineEnds = [] {
    std::string text;
    for (int i = 0; i < 1024; ++i) text += "\r\n";
    return text;
  }();
  while (held_line_ends_ > 0) {
    const std::uint64_t step = std::min<std::uint64_t>(held_line_ends_, kLineEnds.size() / 2);
    hash_.put(std::string_view(kLineEnds).substr(0, static_cast<std::size_t>(step) * 2));
    held_line_ends_ -= step;
  }
}

void BodyHash::finish() {
  if (held_cr_) {
    if (held_blank_) hold_empty_lines(" ");
    held_blank_ = false;
    hold_empty_lines("\r");
    held_cr_ = false;
  } else if (held_blank_) {
    // Blanks that end the body end its last line.
    held_blank_ = false;
  }
  held_line_ends_ = 0;
  switch (canonicalization_) {
    case Canonicalization::Simple:
      // RFC 6376 §3.4.3: the body ends with one CRLF, also the empty body.
      hash_.put("\r\n");
      break;
    case Canonicalization::Relaxed:
      // RFC 6376 §3.4.4: an empty body stays empty; any other ends with one CRLF.
      if (hash_.count() > 0) hash_.put("\r\n");
      break;
  }
  hash_.finish();
}

std::optional<Digest> BodyHash::digest(std::optional<std::uint64_t> length) const {
  return length ? hash_.at(*length) : std::optional(hash_.whole());
}

}  // namespace postseal::dkim
