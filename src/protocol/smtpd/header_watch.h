#pragma once
// SPDX-License-Identifier: Apache-2.0
// Looks at the header of a message as it goes by: how long it is, how many servers it has passed, whether it is UTF-8.
// RFC 5322 §2.2, RFC 5321 §6.3 (loops).
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postseal::smtpd {

class HeaderWatch {
 public:
  /// Pieces of a clean message, in order.
  void take(std::string_view piece);

  bool ended() const { return place_ == Place::Body; }
  std::uint64_t octets() const { return octets_; }
  std::uint32_t received_fields() const { return received_; }
  /// Octets above 127 in its fields: RFC 6532. What stands behind a line that is no field may be meant as body, and
  /// does not ask for it.
  bool utf8() const { return utf8_; }

 private:
  enum class Place : std::uint8_t { LineStart, Name, AfterName, Rest, AfterCr, Body };

  void end_name();
  void note_octets(std::string_view octets);

  std::uint64_t octets_ = 0;
  std::uint32_t received_ = 0;
  std::array<char, 8> name_{};    ///< the first octets of the field's name, lower case
  std::uint8_t name_length_ = 0;  ///< stops at one more than name_ holds
  Place place_ = Place::LineStart;
  bool utf8_ = false;
  bool strayed_ = false;  ///< a line was no field
};

}  // namespace postseal::smtpd
