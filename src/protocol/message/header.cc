// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/header.h"

#include <algorithm>
#include <cstring>

namespace postseal::message {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Octets up to and with the first CRLF; 0: there is none.
std::size_t line_size(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const void* lf = std::memchr(text.data() + at, '\n', text.size() - at);
    if (lf == nullptr) return 0;
    at = static_cast<std::size_t>(static_cast<const char*>(lf) - text.data());
    if (at > 0 && text[at - 1] == '\r') return at + 1;
    ++at;
  }
  return 0;
}

/// Where the name of a field ends and its value begins; {0, 0} for a line that is no field.
std::pair<std::uint32_t, std::uint32_t> name_and_value(std::string_view raw) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto c = static_cast<unsigned char>(raw[i]);
    if (c == ':') {
      std::size_t name = i;
      // RFC 5322 §4.5.3: an obsolete form that must be read has blanks before the colon.
      while (name > 0 && is_blank(raw[name - 1])) --name;
      const bool one_word = raw.substr(0, name).find_first_of(" \t") == std::string_view::npos;
      if (name == 0 || !one_word) return {0, 0};
      return {static_cast<std::uint32_t>(name), static_cast<std::uint32_t>(i + 1)};
    }
    // RFC 5322 §2.2: a name is printable ASCII.
    if ((c < 33 || c > 126) && !is_blank(raw[i])) return {0, 0};
  }
  return {0, 0};
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Eight letters. REQUIRES: they are there.
bool same_eight(const char* a, const char* b) {
  std::uint64_t left = 0, right = 0;
  std::memcpy(&left, a, sizeof left);
  std::memcpy(&right, b, sizeof right);
  if (left == right) return true;
  // Only the bit of the case may differ...
  if (((left ^ right) & ~std::uint64_t{0x2020202020202020u}) != 0) return false;
  // ...and that of letters.
  for (int i = 0; i < 8; ++i) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  std::size_t i = 0;
  for (; i + 8 <= a.size(); i += 8) {
    if (!same_eight(a.data() + i, b.data() + i)) return false;
  }
  // The last ones again with some of those before them.
  if (a.size() >= 8) return same_eight(a.data() + a.size() - 8, b.data() + b.size() - 8);
  for (; i < a.size(); ++i) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

HeaderField::HeaderField(std::string octets) : raw(std::move(octets)) {
  const auto [name, value] = name_and_value(raw);
  name_size_ = name;
  value_begin_ = value;
}

std::string_view HeaderField::value() const {
  std::string_view value = std::string_view(raw).substr(value_begin_);
  if (value.ends_with("\r\n")) value.remove_suffix(2);
  return value;
}

bool HeaderField::is(std::string_view lower_case_name) const { return same_name(name(), lower_case_name); }

std::size_t HeaderCollector::feed(std::string_view piece) {
  if (over_limit()) return piece.size();
  // A24: a header without end costs this much memory and no more.
  const std::size_t room = limits_.octets - octets_;
  std::size_t taken = 0;
  // Where the begun field begins in this piece; what came of it before is in field_.
  std::size_t field = 0;
  while (state_ == HeaderState::Open && taken < piece.size()) {
    const std::string_view rest = piece.substr(taken);
    // A line that began in an earlier piece ends with its CRLF, or with the LF of one that was torn apart.
    const std::size_t size = torn_ && rest.front() == '\n' ? 1 : line_size(rest);
    const std::size_t step = size > 0 ? size : rest.size();
    if (taken + step > room) {
      state_ = HeaderState::TooLarge;
      field_.clear();
      return piece.size();
    }
    if (begins_line_) {
      if (rest.starts_with("\r\n")) {
        // RFC 5322 §2.1: the first empty line ends the header.
        close_field(piece.substr(field, taken - field));
        if (state_ == HeaderState::Open) state_ = HeaderState::Complete;
        taken += 2;
        field = taken;
        break;
      }
      // RFC 5322 §2.2.3: a line that begins with a blank belongs to the field before it.
      if (!is_blank(rest.front())) {
        close_field(piece.substr(field, taken - field));
        field = taken;
        // The empty line, torn apart? The next octet will say.
        lone_cr_ = rest == "\r";
      }
    } else if (lone_cr_) {
      lone_cr_ = false;
      if (rest.front() == '\n') {
        field_.clear();
        if (state_ == HeaderState::Open) state_ = HeaderState::Complete;
        taken += 1;
        field = taken;
        break;
      }
    }
    taken += step;
    begins_line_ = size > 0;
    torn_ = size == 0 && rest.ends_with('\r');
  }
  if (over_limit()) return piece.size();
  octets_ += taken;
  field_ += piece.substr(field, taken - field);
  return taken;
}

void HeaderCollector::close_field(std::string_view tail) {
  if (field_.empty() && tail.empty()) return;
  if (fields_.size() >= limits_.fields) {
    state_ = HeaderState::TooManyFields;
  } else {
    if (fields_.empty()) fields_.reserve(32);
    if (field_.empty()) {
      fields_.emplace_back(std::string(tail));
    } else {
      field_ += tail;
      fields_.emplace_back(std::move(field_));
    }
  }
  field_.clear();
}

void HeaderCollector::finish() {
  if (state_ != HeaderState::Open) return;
  close_field({});
  if (state_ == HeaderState::Open) state_ = HeaderState::Complete;
}

}  // namespace postseal::message
