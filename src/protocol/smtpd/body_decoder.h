#pragma once
// SPDX-License-Identifier: Apache-2.0
// A message body as it comes from the wire: finds its true end, takes out stuffed dots, refuses what is not clean.
// RFC 5321 §4.5.2 (transparency), §2.3.8 (no bare CR or LF), §4.5.3.1.6 (lines); RFC 3030 §2 (BDAT: no dots, no end).
// What is clean is handed out as views of what was given in; nothing is copied, nothing allocated.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postseal::smtpd {

enum class BodyForm : std::uint8_t { DotStuffed, Plain };
enum class BodyDefect : std::uint8_t { None, BareCr, BareLf, Nul, LineTooLong };

class BodyDecoder {
 public:
  BodyDecoder(BodyForm form, std::uint32_t max_line) : max_line_(max_line), form_(form) {}

  struct Taken {
    std::string_view piece;  ///< clean octets of the message; empty: none this time
    std::size_t used = 0;    ///< of what was given in
    bool end = false;        ///< the end mark (DotStuffed only) has come
  };
  /// Takes bytes up to the next cut; call again with the rest. A CR goes out together with its LF. After a defect
  /// nothing is handed out any more and the message is swallowed up to its true end.
  Taken take(std::string_view bytes);
  /// Plain, after the last octet: the line end that is missing, if any. Sets a defect if a CR had no LF.
  std::string_view finish();
  /// Swallow the rest as after a defect.
  void give_up();

  BodyDefect defect() const { return defect_; }
  /// Octets above 127 were among those handed out.
  bool eight_bit() const { return eight_bit_; }

 private:
  enum class At : std::uint8_t { LineStart, InLine, AfterCr, AfterDot, AfterDotCr };

  Taken fail(BodyDefect defect, At at, std::string_view rest);
  Taken swallow(std::string_view bytes);

  std::uint32_t max_line_;
  std::uint32_t line_length_ = 0;  ///< so far, without CRLF and stuffed dot
  BodyForm form_;
  At at_ = At::LineStart;
  BodyDefect defect_ = BodyDefect::None;
  bool swallowing_ = false, eight_bit_ = false;
};

}  // namespace postseal::smtpd
