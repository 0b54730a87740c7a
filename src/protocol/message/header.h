#pragma once
// SPDX-License-Identifier: Apache-2.0
// The header of a message as it came: every field with its own octets, so that what was signed is what is checked.
// RFC 5322 §2.2. Whoever changes a field makes a new one; nothing here is rewritten.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postseal::message {

/// A line of the header with its continuation lines. A first line that is no field (no colon, or something else than
/// printable ASCII before it) has an empty name. One that was made from a string, or copied, has its octets for itself.
class HeaderField {
 public:
  HeaderField() = default;
  /// The octets as they came, from the name to the final CRLF; without one at the end of a cut-off message.
  explicit HeaderField(std::string octets);
  /// Octets that outlive it: a whole header costs one allocation.
  static HeaderField within(std::string_view octets);
  HeaderField(const HeaderField& other) : HeaderField(std::string(other.raw)) {}
  HeaderField& operator=(const HeaderField& other) { return *this = HeaderField(other); }
  HeaderField(HeaderField&&) noexcept = default;
  HeaderField& operator=(HeaderField&&) noexcept = default;

  std::string_view raw;

  /// As written, without the blanks that RFC 5322 §4.5.3 allows before the colon.
  std::string_view name() const { return raw.substr(0, name_size_); }
  /// Behind the colon; folds and blanks as they came, the final CRLF is not part of it.
  std::string_view value() const;
  /// Offset of value() in raw.
  std::size_t value_begin() const { return value_begin_; }
  /// RFC 5322 §1.2.2: names are compared without regard to case. REQUIRES: lower_case_name is in lower case.
  bool is(std::string_view lower_case_name) const;

 private:
  void find_name();

  std::unique_ptr<const std::string> own_;
  std::uint32_t name_size_ = 0, value_begin_ = 0;
};

enum class HeaderState {
  Open,           ///< more of it may come
  Complete,       ///< the empty line came, or the message ended
  TooLarge,       ///< more octets than allowed: what follows is not known, so nothing may be concluded from absence
  TooManyFields,  ///< likewise
};

struct HeaderLimits {
  std::size_t octets = std::size_t{1} << 20;
  std::size_t fields = 10'000;
};

/// Fed with a message in pieces, until the header is over. Line ends are CRLF; a bare LF or CR is an octet like others
/// in the line (RFC 5321 §2.3.8), but a header whose lines end so can never be mistaken for a body: it goes on.
class HeaderCollector {
 public:
  explicit HeaderCollector(HeaderLimits limits = {}) : limits_(limits) {}
  HeaderCollector(const HeaderCollector&) = delete;
  HeaderCollector& operator=(const HeaderCollector&) = delete;

  /// How many octets of the piece belong to the header, the empty line included. Fewer than all: the rest is body.
  /// Over a limit it takes everything and keeps nothing more.
  std::size_t feed(std::string_view piece);
  /// The message is over.
  void finish();

  HeaderState state() const { return state_; }
  bool over_limit() const { return state_ == HeaderState::TooLarge || state_ == HeaderState::TooManyFields; }
  /// Views into the collector. Empty while the state is Open; over a limit, those that are whole.
  const std::vector<HeaderField>& fields() const { return fields_; }

 private:
  void begin_field(std::size_t at);
  void close(std::size_t end);

  HeaderLimits limits_;
  HeaderState state_ = HeaderState::Open;
  bool begins_line_ = true;          ///< the next octet is the first of a line
  bool torn_ = false;                ///< the last octet was a CR
  bool lone_cr_ = false;             ///< and the first of its line
  std::string text_;                 ///< all that was taken
  std::vector<std::size_t> begins_;  ///< of the fields, in text_
  std::vector<HeaderField> fields_;
};

}  // namespace postseal::message
