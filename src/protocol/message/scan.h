#pragma once
// SPDX-License-Identifier: Apache-2.0
// One look at a message before anything is sent: is it a message, how big, what does it need from the peer?
// RFC 5321 §2.3.8 (only CRLF ends a line), RFC 5322 §2.1.1 (998), RFC 8689 §3 (TLS-Required header field).
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/message/header_reader.h"

namespace postseal::message {

/// How the file writes its line ends. A file without any CR is a Unix text file: each LF is sent as CRLF.
enum class LineEnds { Crlf, Lf };

struct MessageFacts {
  LineEnds line_ends = LineEnds::Crlf;
  std::uint64_t wire_size = 0;   ///< octets after CRLF conversion, before dot-stuffing; with a final CRLF
  bool eight_bit = false;        ///< bytes above 127: needs 8BITMIME (RFC 6152)
  bool utf8_headers = false;     ///< bytes above 127 in the header: needs SMTPUTF8 (RFC 6531)
  bool tls_required_no = false;  ///< exactly one TLS-Required field, value "No" (RFC 8689 §3)
  std::string message_id;        ///< as written, for logs; may be empty
};

enum class MessageErrorCode { Empty, BareCr, BareLf, Nul, LineTooLong, NoHeader, TooLarge };

struct MessageError {
  MessageErrorCode code;
  std::uint64_t line = 0;    ///< 1-based
  std::uint64_t offset = 0;  ///< in octets from the start of the file
  std::string what;          ///< one line: cause and remedy
};

/// RFC 5322 §2.1.1 MUST: characters of a line without its CRLF.
inline constexpr std::size_t kMaxLine = 998;

/// Fed in pieces of any size, so that a message never has to fit in memory.
class Scanner {
 public:
  /// limit: of octets on the wire.
  explicit Scanner(std::uint64_t limit = std::numeric_limits<std::uint64_t>::max()) : limit_(limit) {}

  void feed(std::string_view piece);
  /// After the last piece. A missing last line end is supplied when sending.
  std::expected<MessageFacts, MessageError> finish();

 private:
  void take(char c);
  void end_line();
  void fail(MessageErrorCode code, std::uint64_t offset, std::string what);
  void fail_too_large();
  std::uint64_t wire_size() const;

  std::uint64_t limit_;
  std::uint64_t offset_ = 0;  ///< of the next octet
  std::uint64_t line_ = 1;    ///< of the next octet
  std::uint64_t line_ends_ = 0;
  std::size_t line_length_ = 0;  ///< so far, without CR
  bool after_cr_ = false, saw_crlf_ = false;
  bool eight_bit_ = false, utf8_headers_ = false;
  HeaderReader header_;
  std::optional<MessageError> first_bare_lf_;  ///< an error as soon as there is a CR anywhere
  std::optional<MessageError> error_;
};

}  // namespace postseal::message
