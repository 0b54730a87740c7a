#pragma once
// SPDX-License-Identifier: Apache-2.0
// The last gate before the wire for a message body: checks that only CRLF ends lines, stuffs dots, supplies the end.
// RFC 5321 §4.5.2 (transparency), §2.3.8 (no bare CR or LF); RFC 3030 §2 (BDAT: no dots, octets as they are).
#include <cstdint>
#include <string>
#include <string_view>

namespace postseal::smtp {

enum class BodyForm { DotStuffed, Plain };

class BodyEncoder {
 public:
  explicit BodyEncoder(BodyForm form) : form_(form) {}

  /// Appends what goes on the wire. False for a bare CR, a bare LF or NUL: then nothing of this body may be sent any
  /// more, and certainly not its end. Pieces may split anywhere; a CR goes out together with its LF.
  bool encode(std::string_view piece, std::string& out);
  /// Supplies a missing last CRLF and, where dots are stuffed, the end mark.
  bool finish(std::string& out);

  /// Octets of the message so far, without stuffed dots and end mark; with a supplied CRLF.
  std::uint64_t octets() const { return octets_; }

 private:
  enum class At { LineStart, InLine, AfterCr };

  BodyForm form_;
  At at_ = At::LineStart;
  std::uint64_t octets_ = 0;
};

}  // namespace postseal::smtp
