#pragma once
// SPDX-License-Identifier: Apache-2.0
// The header of a message, line by line: where it ends, and the few fields that matter to transport. RFC 5322 §2.2.
#include <cstddef>
#include <string>
#include <string_view>

namespace postseal::message {

class HeaderReader {
 public:
  /// One octet of the current line; line ends excluded.
  void take(char c);
  void end_line();
  /// After the last octet of the file.
  void finish();

  /// Later octets are body.
  bool ended() const { return ended_; }
  /// The first line was a header field.
  bool has_fields() const { return fields_ > 0; }
  /// The file begins with a mailbox separator ("From somebody Thu ..."), which is no header field.
  bool begins_with_from_line() const { return from_line_; }

  bool tls_required_no() const { return tls_required_fields_ == 1 && tls_required_no_; }
  const std::string& message_id() const { return message_id_; }

 private:
  void begin_field(std::string_view name, std::string_view value);
  void end_field();

  enum class Field { None, Other, TlsRequired, MessageId };

  std::string line_;  ///< the current line, no more than kMaxKept octets of it
  bool line_empty_ = true;
  std::string value_;  ///< of the current field, unfolded, no more than kMaxKept octets of it
  bool value_cut_ = false;
  Field field_ = Field::None;
  std::size_t fields_ = 0, tls_required_fields_ = 0;
  bool ended_ = false, from_line_ = false, tls_required_no_ = false;
  std::string message_id_;
};

}  // namespace postseal::message
