// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/header.h"

#include <algorithm>
#include <cstring>

#include "vocab/ascii.h"

namespace postseal::message {
namespace {

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

/// RFC 5322 §2.2: a name is printable ASCII without colon.
constexpr bool is_name_octet(char c) { return c > 32 && c < 127 && c != ':'; }

}  // namespace

HeaderField::HeaderField(std::string octets) : own_(std::make_unique<const std::string>(std::move(octets))) {
  raw = *own_;
  find_name();
}

HeaderField HeaderField::within(std::string_view octets) {
  HeaderField field;
  field.raw = octets;
  field.find_name();
  return field;
}

void HeaderField::find_name() {
  std::size_t name = 0;
  while (name < raw.size() && is_name_octet(raw[name])) ++name;
  // RFC 5322 §4.5.3: an obsolete form that must be read has blanks before the colon.
  std::size_t colon = name;
  while (colon < raw.size() && is_blank(raw[colon])) ++colon;
  if (name == 0 || colon == raw.size() || raw[colon] != ':') return;
  name_size_ = static_cast<std::uint32_t>(name);
  value_begin_ = static_cast<std::uint32_t>(colon + 1);
}

std::string_view HeaderField::value() const {
  std::string_view value = raw.substr(value_begin_);
  if (value.ends_with("\r\n")) value.remove_suffix(2);
  return value;
}

bool HeaderField::is(std::string_view lower_case_name) const { return equals_ignoring_case(name(), lower_case_name); }

std::size_t HeaderCollector::feed(std::string_view piece) {
  if (state_ == HeaderState::Complete) return 0;
  if (over_limit()) return piece.size();
  // A24: a header without end costs this much memory and no more.
  const std::size_t before = text_.size(), room = limits_.octets - before;
  std::size_t taken = 0, end = 0;
  while (state_ == HeaderState::Open && taken < piece.size()) {
    const std::string_view rest = piece.substr(taken);
    // A line that began in an earlier piece ends with its CRLF, or with the LF of one that was torn apart.
    const std::size_t size = torn_ && rest.front() == '\n' ? 1 : line_size(rest);
    const std::size_t step = size > 0 ? size : rest.size();
    if (taken + step > room) {
      state_ = HeaderState::TooLarge;
      // The begun field is not whole.
      end = begins_.empty() ? 0 : begins_.back();
      if (!begins_.empty()) begins_.pop_back();
      break;
    }
    if (begins_line_) {
      if (rest.starts_with("\r\n")) {
        // RFC 5322 §2.1: the first empty line ends the header.
        state_ = HeaderState::Complete;
        end = before + taken;
        taken += 2;
        break;
      }
      // RFC 5322 §2.2.3: a line that begins with a blank belongs to the field before it.
      if (!is_blank(rest.front()) || begins_.empty()) begin_field(before + taken);
      // The empty line, torn apart? The next octet will say.
      lone_cr_ = rest == "\r";
    } else if (lone_cr_) {
      lone_cr_ = false;
      if (rest.front() == '\n') {
        state_ = HeaderState::Complete;
        end = begins_.back();
        begins_.pop_back();
        taken += 1;
        break;
      }
    }
    taken += step;
    begins_line_ = size > 0;
    torn_ = size == 0 && rest.ends_with('\r');
  }
  text_ += piece.substr(0, taken);
  if (state_ != HeaderState::Open) close(end);
  return over_limit() ? piece.size() : taken;
}

void HeaderCollector::begin_field(std::size_t at) {
  if (begins_.empty()) begins_.reserve(32);
  if (begins_.size() > limits_.fields) state_ = HeaderState::TooManyFields;
  begins_.push_back(at);
}

void HeaderCollector::close(std::size_t end) {
  begins_.push_back(end);
  // One field more than there may be, and the end.
  if (begins_.size() > limits_.fields + 1) {
    state_ = HeaderState::TooManyFields;
    begins_.resize(limits_.fields + 1);
  }
  fields_.reserve(begins_.size() - 1);
  for (std::size_t i = 0; i + 1 < begins_.size(); ++i) {
    fields_.push_back(HeaderField::within(std::string_view(text_).substr(begins_[i], begins_[i + 1] - begins_[i])));
  }
}

void HeaderCollector::finish() {
  if (state_ != HeaderState::Open) return;
  state_ = HeaderState::Complete;
  close(text_.size());
}

}  // namespace postseal::message
